# SPDX-License-Identifier: GPL-2.0-only
"""_client - one vigie, asked for what psutil has, and for what it has not.

Owns: which path is asked for what, what is kept between two questions, and for how long. Not here: bytes
(_http), what a member must be (_shape), what is made of a row of a process (_process).

All methods may be called by several threads.
"""
import math
import threading
import time

from . import _http
from ._errors import Error, NoSuchProcess
from ._process import Process, Sample
from ._shape import Shape
from ._types import Actor, Culprit, Delay, Finding, Story, scputimes, sswap, svmem, waits_of

NOW = "/api/v1/now"
INSTANT = "/api/v1/instant"
FINDING = "/api/v1/finding"
PROCESSES_MAX = 8192  # vigie's own bound of a table
KEPT_S = 0.9  # vigie takes at most one snapshot a second for who asks
POLL_S = 0.1
RECORDED_S = 2  # how long a snapshot may take to be in the history, before the one before it will do


def _shape_of(answer, path, schema):
    shape = Shape(path, answer)
    said = shape.text("schema")
    if said != schema:
        raise Error(f"{path}: schema {_http.quoted(said)}, expected {schema}: another version of vigie?")
    return shape


def _percent(part, whole):
    return round(100 * part / whole, 1) if whole > 0 else 0.0


class _Moment:
    """The host's CPU times of one snapshot."""

    def __init__(self, now):
        self.busy_percent = float(now.number("cpu_percent"))
        self.percents = scputimes(*(float(now.inner("cpu_times_percent").number(n)) for n in scputimes._fields))
        self.times = scputimes(*(float(now.inner("cpu_times").number(n)) for n in scputimes._fields))

    def percents_since(self, before):
        """Of the time between two snapshots, each kind."""
        # A CPU that comes online can take idle time back: nothing is less than nothing.
        grown = [max(0.0, b - a) for a, b in zip(before.times, self.times)]
        return scputimes(*(_percent(part, sum(grown)) for part in grown))

    def busy_since(self, before):
        grown = [max(0.0, b - a) for a, b in zip(before.times, self.times)]
        idle = sum(part for name, part in zip(scputimes._fields, grown) if name in ("idle", "iowait"))
        return _percent(sum(grown) - idle, sum(grown))


class Client:
    """One vigie. url: unix:PATH, http://HOST:PORT or https://HOST:PORT; None: see default_url()."""

    def __init__(self, url=None, token=None, auth=None, timeout=10.0, cafile=None):
        self._transport = _http.Transport(url or _http.default_url(), token, auth, timeout, cafile)
        self._lock = threading.RLock()
        self._last = {}  # what cpu_percent() and cpu_times_percent() compare with
        self._table = None  # pid: Sample
        self._table_end = 0.0  # until when it is kept
        self._processes = {}  # those that process_iter() gave out, as psutil keeps them

    @property
    def url(self):
        return self._transport.address.url

    def __repr__(self):
        return f"<vigie_client.Client {self.url}>"

    def _now(self):
        return _shape_of(self._transport.get(NOW), NOW, "vigie.now/1")

    # --- The host.

    def virtual_memory(self):
        """As psutil's. `used` is that of psutil from 7.1 on, total - available; used_legacy that of those before it:
        total - free - cached - buffers."""
        memory = self._now().inner("virtual_memory")
        found = {n: memory.integer(n) for n in svmem._fields if n not in ("percent", "used_legacy")}
        legacy, found["used"] = found["used"], max(0, found["total"] - found["available"])
        return svmem(**found, percent=float(memory.number("percent")), used_legacy=legacy)

    def swap_memory(self):
        swap = self._now().inner("swap_memory")
        return sswap(*(float(swap.number(n)) if n == "percent" else swap.integer(n) for n in sswap._fields))

    def cpu_times(self, percpu=False):
        """Seconds since boot. Guests' time is in user and nice, as in psutil; it has no member of its own."""
        _refuse_percpu(percpu)
        return _Moment(self._now()).times

    def _two(self, what, interval):
        """(the moment before, this one); before None: this is the first."""
        if interval is not None and not 0 <= interval < 1e6:
            raise ValueError(f"interval is a number of seconds, not negative (got {interval!r})")
        if interval:
            before = _Moment(self._now())
            time.sleep(interval)
            return before, self._later(before)
        now = _Moment(self._now())
        with self._lock:
            before, self._last[what] = self._last.get(what), now
        return before, now

    def _later(self, before):
        """A snapshot after that one: who asks often is given the same one for up to a second."""
        end = time.monotonic() + self._transport.timeout
        while True:
            now = _Moment(self._now())
            if now.times != before.times or time.monotonic() > end:
                return now
            time.sleep(POLL_S)

    def cpu_percent(self, interval=None, percpu=False):
        """Of all CPUs together, 0 to 100. Between two of vigie's snapshots, which are at most a second older than
        the calls. Without an interval: since the last call; the first has vigie's last interval, where psutil has 0.0.
        """
        _refuse_percpu(percpu)
        before, now = self._two("cpu_percent", interval)
        if before is None or before.times == now.times:
            return now.busy_percent
        return now.busy_since(before)

    def cpu_times_percent(self, interval=None, percpu=False):
        _refuse_percpu(percpu)
        before, now = self._two("cpu_times_percent", interval)
        if before is None or before.times == now.times:
            return now.percents
        return now.percents_since(before)

    def cpu_count(self, logical=True):
        """CPUs online; of cores vigie knows nothing: None, as psutil has it."""
        return self._now().integer("cpu_count", 1 << 20) if logical else None

    def boot_time(self):
        return float(self._now().inner("host").number("boot_time"))

    def getloadavg(self):
        found = self._now().numbers("load_average")
        if len(found) != 3:
            raise Error(f"{NOW}: load_average has {len(found)} figures, not 3")
        return tuple(map(float, found))

    # --- Processes.

    def _read_table(self):
        """The processes of a snapshot that is not older than this question, out of the history.

        `now` has it taken; a moment later it is written. Where that takes longer, the one before it will do.
        """
        wanted = self._now().number("time")
        end = time.monotonic() + RECORDED_S
        wait = POLL_S / 4
        while True:
            found = _shape_of(self._transport.get(INSTANT, by="pid", rows=PROCESSES_MAX), INSTANT, "vigie.now/1")
            at = found.number("time")
            if at >= wanted or time.monotonic() > end:
                return at, found
            time.sleep(wait)
            wait = min(2 * wait, 0.5)

    def _samples(self):
        """{pid: Sample}; kept for less than a second, so that a loop over processes asks once."""
        with self._lock:
            if self._table is None or time.monotonic() >= self._table_end:
                at, found = self._read_table()
                interval = float(found.number("interval_seconds"))
                if found.integer("groups_in_other"):
                    raise Error(f"{self.url}: more than {PROCESSES_MAX} processes: vigie lists no more one by one")
                living = (row for row in found.list("processes") if row.integer("processes"))
                samples = {sample.pid: sample for sample in (Sample(row, at, interval) for row in living)}
                self._table, self._table_end = samples, time.monotonic() + KEPT_S
            return self._table

    def _sample(self, pid, create_time):
        """Of a process, the same as before."""
        found = self._samples().get(pid)
        if found is None or abs(found.create_time - create_time) > 1:
            raise NoSuchProcess(pid)
        return found

    def _sample_after(self, before, seconds):
        """Of the same process, that long after that sample, or as late as can be waited."""
        end = time.monotonic() + seconds + self._transport.timeout
        time.sleep(seconds)
        while True:
            with self._lock:
                self._table_end = 0.0
                found = self._sample(before.pid, before.create_time)
            if found.time > before.time or time.monotonic() > end:
                return found
            time.sleep(POLL_S)

    def _wait_for_the_next(self):
        """Until a snapshot is there that was taken after this call; where none comes, not for long."""
        asked = self._now().number("time")
        end = time.monotonic() + RECORDED_S
        while self._now().number("time") <= asked and time.monotonic() < end:
            time.sleep(POLL_S)

    def _found(self, pid):
        """A sample, or None: of who is not in the last snapshot, which may be two seconds old, the next one decides."""
        with self._lock:
            found = self._samples().get(pid)
            if found is None:
                self._wait_for_the_next()
                self._table_end = 0.0
                found = self._samples().get(pid)
            return found

    def pids(self):
        return sorted(self._samples())

    def pid_exists(self, pid):
        return self._found(pid) is not None

    def Process(self, pid):  # noqa: N802: psutil's name
        """That process, or NoSuchProcess."""
        found = self._found(pid)
        if found is None:
            raise NoSuchProcess(pid)
        return Process(self, found)

    def process_iter(self, attrs=None, ad_value=None):
        """Each process, as psutil's: with attrs it has .info, a dict. One that was given before is the same object."""
        with self._lock:
            samples = self._samples()
            kept = {}
            for pid, sample in samples.items():
                before = self._processes.get(pid)
                same = before is not None and abs(before.create_time() - sample.create_time) <= 1
                kept[pid] = before if same else Process(self, sample)
            self._processes = kept
        for pid in sorted(kept):
            process = kept[pid]
            if attrs is not None:
                process.info = process._as_dict(attrs, samples[pid])
            yield process

    # --- What psutil has not.

    def sentence(self):
        """The most important in one sentence: the worst finding, or who waited longest and because of whom."""
        return self._now().inner("sentence").text("text")

    def findings(self):
        """What is wrong just now, the oldest first."""
        return [_finding(shape) for shape in self._now().list("findings")]

    def story(self, finding_id):
        """A finding in full, of now or of the past, as the log has it."""
        found = _shape_of(self._transport.get(FINDING, id=finding_id), FINDING, "vigie.finding/1")
        culprits = [Culprit(*_parts(c), c.number_or_none("share"), c.text("did")) for c in found.list("culprits")]
        # A rate of growth may be negative.
        figures = (found.number_or_none(name, least=-math.inf)
                   for name in ("observed", "expected", "worst", "confidence"))
        return Story(_finding(found), found.number_or_none("end"), Actor(*_parts(found.inner("process"))), culprits,
                     found.text("quantity"), found.text("unit"), *figures, found.text("remedy"))

    def delays(self):
        """Who waited for a CPU because of whom in the last interval, longest first."""
        now = self._now()
        if "delays" not in now:
            return []  # vigie does without, to stay within its budget
        return [Delay(d.text("victim"), d.text("culprit"), float(d.number("wait_seconds")))
                for d in now.list("delays")]

    def waits(self):
        """Where the time of each group went in the last interval, as Waits."""
        now = self._now()
        interval = float(now.number("interval_seconds"))
        return [waits_of(row, interval) for row in now.list("processes")]


def _refuse_percpu(percpu):
    if percpu:
        raise NotImplementedError("vigie has no figures of single CPUs")


def _finding(shape):
    return Finding(shape.text("id"), shape.text("rule"), shape.text("severity"), float(shape.number("since")),
                   shape.text("message"))


def _parts(shape):
    pid = shape.integer("pid", 1 << 31) if "pid" in shape else None
    return shape.text("unit"), shape.text("comm"), pid
