# SPDX-License-Identifier: GPL-2.0-only
"""_process - one process, as psutil's Process, out of rows that vigie has of it.

Not here, because vigie does not keep it: command lines, open files, connections, status, nice, affinity, user
and system time since birth (their sum is cpu_seconds()), and whatever would change a process.
"""
import contextlib
import threading

from ._errors import NoSuchProcess
from ._shape import PID_MAX
from ._types import pcputimes, pmem, waits_of


class Sample:
    """What one snapshot has of one process; the object never changes."""

    def __init__(self, row, time, interval):
        self.time = time
        self.pid = row.integer("pid", PID_MAX)
        self.ppid = row.integer("ppid", PID_MAX)
        self.uid = row.integer("uid", 1 << 32)
        self.create_time = float(row.number("create_time"))
        self.labels = row.labels()
        self.cpu_percent = float(row.number("cpu_percent"))
        self.cpu_seconds = float(row.number("life_cpu_seconds"))
        self.threads = row.integer("threads", 1 << 31)
        self.waits = waits_of(row, interval)
        memory = row.inner("memory")
        self.memory = pmem(*(memory.integer(name) for name in pmem._fields))


def _percent_between(before, sample):
    """Of one core. Where there is nothing in between: of vigie's own interval."""
    if before is None or sample.time <= before.time:
        return sample.cpu_percent
    return round(max(0.0, 100 * (sample.cpu_seconds - before.cpu_seconds) / (sample.time - before.time)), 1)


class Process:
    """A process that ran when it was asked for. What is asked of it later is NoSuchProcess where it ended, or where
    its pid belongs to another one."""

    def __init__(self, client, sample):
        self._client = client
        self._born = sample
        self._before = None  # what cpu_percent() compares with
        self._held = None  # within oneshot()
        self._lock = threading.Lock()

    @property
    def pid(self):
        return self._born.pid

    def _now(self):
        return self._held or self._client._sample(self.pid, self._born.create_time)

    @contextlib.contextmanager
    def oneshot(self):
        """All that is asked within is of one moment."""
        self._held = self._now()
        try:
            yield
        finally:
            self._held = None

    def name(self):
        """Its comm: at most 15 bytes, and what is no text among them as \\xNN."""
        return self._now().labels.get("comm", "")

    def unit(self):
        """The systemd unit, container or cgroup that it runs in."""
        return self._now().labels.get("unit", "")

    def ppid(self):
        return self._now().ppid

    def uid(self):
        """The real user id. A name is the business of the host that it is from."""
        return self._now().uid

    def create_time(self):
        """Unix time."""
        return self._born.create_time

    def is_running(self):
        try:
            return self._now() is not None
        except NoSuchProcess:
            return False

    def _percent(self, sample):
        """Since the sample that was asked about before."""
        with self._lock:
            before = self._before
            if before is None or sample.time > before.time:
                self._before = sample
        return _percent_between(before, sample)

    def cpu_percent(self, interval=None):
        """100 is one core. Without an interval: since the last call; the first has vigie's last interval, where
        psutil has 0.0."""
        if interval is not None and not 0 <= interval < 1e6:
            raise ValueError(f"interval is a number of seconds, not negative (got {interval!r})")
        if interval:
            before = self._now()
            return _percent_between(before, self._client._sample_after(before, interval))
        return self._percent(self._now())

    def cpu_seconds(self):
        """CPU time since it began, user and system together, of all its threads, the ended ones too."""
        return self._now().cpu_seconds

    def cpu_times(self):
        """The same as psutil's tuple has it, whose sum is right; asked for .user or .system it says that there is none."""
        return pcputimes(self.cpu_seconds())

    def memory_info(self):
        return self._now().memory

    def num_threads(self):
        return self._now().threads

    def waits(self):
        """Where the time of its threads went in vigie's last interval: Waits."""
        return self._now().waits

    ATTRS = ("pid", "name", "ppid", "uid", "unit", "create_time", "cpu_percent", "cpu_seconds", "cpu_times",
             "memory_info", "num_threads", "waits")

    def _as_dict(self, attrs, sample):
        """Of one sample: all that it says is of one moment."""
        attrs = self.ATTRS if attrs is None or len(attrs) == 0 else attrs
        unknown = sorted(set(map(str, attrs)) - set(self.ATTRS))
        if unknown:
            raise ValueError(f"vigie has no {', '.join(unknown)} of a process; it has {', '.join(self.ATTRS)}")
        of = {"pid": sample.pid, "name": sample.labels.get("comm", ""), "ppid": sample.ppid, "uid": sample.uid,
              "unit": sample.labels.get("unit", ""), "create_time": sample.create_time,
              "cpu_seconds": sample.cpu_seconds, "cpu_times": pcputimes(sample.cpu_seconds),
              "memory_info": sample.memory, "num_threads": sample.threads, "waits": sample.waits}
        return {name: self._percent(sample) if name == "cpu_percent" else of[name] for name in attrs}

    def as_dict(self, attrs=None, ad_value=None):
        """ad_value is psutil's, for what may not be read: of a process that is listed here everything is there."""
        return self._as_dict(attrs, self._now())

    def __eq__(self, other):
        return isinstance(other, Process) and (self.pid, self.create_time()) == (other.pid, other.create_time())

    def __hash__(self):
        return hash((self.pid, self.create_time()))

    def __repr__(self):
        return f"<vigie_client.Process pid={self.pid}>"
