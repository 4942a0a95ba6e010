#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What `vigie serve` keeps: history, replay, evidence, verdicts, and the writer."""
import contextlib
import csv
import errno
import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import lib
from lib import PATIENCE_S, VIGIE, Program, Serve, needs, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "campaign"))
from scenarios import Stage  # noqa: E402


def vigie(*args):
    return subprocess.run([VIGIE, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=PATIENCE_S, check=False)


def capabilities(pid, kind):
    return int(re.search(rf"^{kind}:\s+(\w+)$", lib.read(f"/proc/{pid}/status"), re.M)[1], 16)


def writer_of(daemon):
    return lib.child_named(daemon.pid, "vigie-writer")


def gone(pid):
    return not os.path.exists(f"/proc/{pid}") or lib.status(pid)["State"].startswith("Z")


def setUpModule():
    lib.needs_watching()


class Recorded(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="vigie-box.")
        self.addCleanup(shutil.rmtree, self.place)
        self.state = os.path.join(self.place, "state")
        self.log = os.path.join(self.state, "events.ndjson")

    def serve(self, *args):
        return Serve("--state-dir", self.state, "--interval", "1s", *args)

    def wait_for_entries(self, daemon, n):
        def entries():
            return daemon.scrape().one("vigie_self_recording_entries_total")
        before = entries()
        wait_for(lambda: entries() >= before + n, f"{n} more entries", every_s=0.2)

    def events(self, action=None):
        with open(self.log, encoding="utf-8") as f:
            found = [json.loads(line) for line in f if line.endswith("\n")]
        return [e for e in found if not action or e["event"]["action"] == action]

    def verified(self):
        run = vigie("verify", self.log)
        self.assertEqual(run.returncode, 0, run.stdout)


class Replay(Recorded):
    def pages(self, daemon):
        found = []
        for _ in range(4):
            time.sleep(0.7)
            status, _, body = daemon.get(Accept="application/openmetrics-text;version=1.0.0")
            self.assertEqual(status, 200)
            found.append(body.decode("utf-8"))
        return found

    def test_replay_equals_live_to_the_digit(self):
        with Program("task", "mixed", 1500) as program, self.serve() as daemon:
            program.point()
            program.go()
            pages = self.pages(daemon)
        with self.serve() as daemon:  # another one goes on in the same history
            pages += self.pages(daemon)
        run = vigie("replay", self.state, "--format", "openmetrics")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        moment = re.compile(r"^vigie_host_context_switches_total (\d+)$", re.M)
        replayed = {moment.search(p).group(1): p for p in run.stdout.split("# EOF\n")[:-1]}

        def of_processes_and_host(page):
            return [l for l in page.splitlines() if not l.startswith("#") and not re.match(
                r"vigie_(self|build|finding)|process_", l)]
        for live in pages:
            page = replayed[moment.search(live).group(1)]
            lines = of_processes_and_host(live)
            self.assertGreater(len(lines), 100)
            self.assertEqual(of_processes_and_host(page), lines)

    def test_once_at_a_moment(self):
        with self.serve() as daemon:
            with Program("task", "burn", 1500) as program:
                program.point()
                program.go()
                program.point()
                burnt = lib.schedstats(program.pid)[0] / 1e9
            for _ in range(20):  # no snapshot meets all of these alive
                with Program("task", "burn", 1) as brief:
                    brief.point()
            self.wait_for_entries(daemon, 2)
        run = vigie("once", "--at", "now", "--state-dir", self.state, "--format", "json",
                    "--group-by", "comm")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("virtual_memory", json.loads(run.stdout))
        # By pid: the history knows no number of the dead, and 0 would be one.
        run = vigie("replay", self.state, "--format", "csv", "--group-by", "pid", "--top", "0")
        pids = {of["pid"] for of in csv.DictReader(run.stdout.splitlines())}
        self.assertNotIn("0", pids)
        self.assertIn("(ended)", pids)
        run = vigie("replay", self.state, "--format", "csv", "--group-by", "comm", "--top", "0")
        used = sum(float(of["cpu_user_seconds"]) + float(of["cpu_system_seconds"])
                   for of in csv.DictReader(run.stdout.splitlines()) if of["comm"] == program.comm)
        self.assertAlmostEqual(used, burnt, delta=.05)  # its end is in it, too
        self.assertGreater(burnt, .1)
        run = vigie("once", "--at", "3h ago", "--state-dir", self.state)
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertRegex(run.stderr, r"nothing was recorded then: '.*' has 20.* to 20")

    def test_what_is_no_history_is_named(self):
        for path in ("/nonexistent", self.place, "/etc/passwd"):
            run = vigie("replay", path)
            self.assertEqual((run.returncode, run.stdout), (1, ""))
            self.assertIn(f"'{path}' is no history: -E", run.stderr)


class Writer(Recorded):
    def test_it_holds_no_privilege(self):
        with self.serve() as daemon:
            wait_for(lambda: self.events("serving"), "the log")
            status = lib.status(writer_of(daemon))
            self.assertEqual(status["Name"], "vigie-writer")
            self.assertNotIn("0", str(status["Uid"]).split())
            for which in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(int(str(status[which]), 16), 0, which)
            self.assertEqual((int(status["NoNewPrivs"]), int(status["Seccomp"])), (1, 2))
            kept = [os.readlink(f"/proc/{writer_of(daemon)}/fd/{fd}")
                    for fd in os.listdir(f"/proc/{writer_of(daemon)}/fd")]
            self.assertFalse([k for k in kept if "bpf" in k or "inet" in k], kept)

    def test_killed_at_random_moments_and_started_again(self):
        for _ in range(6):
            with self.serve() as daemon:
                writer = writer_of(daemon)
                time.sleep(random.random() * 1.5)
                os.kill(daemon.pid, signal.SIGKILL)
                wait_for(lambda pid=writer: gone(pid), "the writer to end")
        self.assertEqual(len(self.events("serving")), 6)
        self.verified()
        run = vigie("replay", self.state, "--format", "csv", "--top", "1")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_the_main_process_outlives_it(self):
        with self.serve() as daemon:
            os.kill(writer_of(daemon), signal.SIGKILL)

            def noticed():
                page = daemon.scrape()
                return page.one("vigie_self_recording_up") == 0
            wait_for(noticed, "vigie_self_recording_up 0")
            taken = daemon.scrape().one("vigie_self_snapshots_total")
            wait_for(lambda: daemon.scrape().one("vigie_self_snapshots_total") > taken + 1,
                     "snapshots without it", every_s=0.2)
            self.assertEqual(daemon.stop(), 0)
            self.assertIn("history: the writer is gone", daemon.stderr)

    def test_a_second_one_is_told_what_is_in_its_way(self):
        with self.serve():
            second = vigie("serve", "--listen", "127.0.0.1:0", "--state-dir", self.state)
            self.assertEqual(second.returncode, 1)
            self.assertIn(f"'{self.state}' is being written to by another vigie", second.stderr)

    def test_directories_that_will_not_do(self):
        os.mkdir(self.state, 0o777)
        os.chmod(self.state, 0o777)
        theirs = os.path.join(self.place, "theirs")
        os.mkdir(theirs, 0o755)
        lib.write(os.path.join(theirs, "theirs"), "")

        def owner():
            found = os.stat(theirs)
            return found.st_uid, found.st_gid, found.st_mode
        before = owner()
        for path, why in ((self.state, "may be written to by others"),
                          ("/nonexistent/x", "cannot be made"), ("/etc/passwd", "cannot be opened"),
                          (theirs, "is not empty and was not made by vigie")):
            for typed in "--state-dir", "--recording":
                run = vigie("serve", "--listen", "127.0.0.1:0", typed, path)
                self.assertEqual((run.returncode, run.stdout), (1, ""))
                self.assertIn(f"vigie serve: {typed}: '{path}' {why}", run.stderr)
        self.assertEqual((owner(), os.listdir(theirs)), (before, ["theirs"]))

    def test_former_names_of_the_options(self):
        other = os.path.join(self.place, "other")
        for first, last in (("--recording", "--state-dir"), ("--state-dir", "--recording")):
            with Serve(first, other, last, self.state, "--keep", "2h", "--interval", "1s") as daemon:
                self.wait_for_entries(daemon, 1)
            said = daemon.stderr.splitlines()[:2]
            self.assertEqual(said, ["vigie serve: --recording is called --state-dir now",
                                    "vigie serve: --keep is called --retention now"])
            self.assertTrue(os.listdir(os.path.join(self.state, "ring")))
            self.assertFalse(os.path.exists(other))
            shutil.rmtree(self.state)
        with Serve("--no-recording", "--recording", self.state) as daemon:
            self.assertEqual(daemon.scrape().one("vigie_self_recording_up"), 0)
        self.assertIn("vigie serve: --no-recording is called --no-history now\n", daemon.stderr)
        self.assertFalse(os.path.exists(self.state))

    def test_a_full_disk_costs_entries_not_scrapes(self):
        os.mkdir(self.state)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=750", "none",
                                  self.state], stderr=subprocess.DEVNULL,
                                 check=False).returncode == 0
        needs(mounted, "a tmpfs cannot be mounted")
        self.addCleanup(subprocess.run, ["umount", "-l", self.state], check=True)
        with self.serve() as daemon:
            with open(os.path.join(self.state, "filler"), "wb", buffering=0) as f:
                try:
                    while True:
                        f.write(bytes(4096))
                except OSError as e:
                    self.assertEqual(e.errno, errno.ENOSPC)

            def lost():
                page = daemon.scrape()
                return page.one("vigie_self_recording_lost_total", cause="no_space") > 2
            wait_for(lost, "entries lost for lack of space", every_s=0.5)
            took = []
            for _ in range(5):  # one may wait for a CPU
                began = time.monotonic()
                daemon.scrape()
                took.append(time.monotonic() - began)
            self.assertLess(min(took), 1)
            os.unlink(os.path.join(self.state, "filler"))
            self.wait_for_entries(daemon, 3)
            self.assertEqual(daemon.stop(), 0)
            self.assertIn("history: what is lost is counted", daemon.stderr)
            self.assertIn("history: goes on", daemon.stderr)
        self.assertEqual(vigie("replay", self.state, "--top", "1").returncode, 0)
        self.verified()


class Findings(Recorded):
    def test_from_a_fault_to_a_verdict(self):
        """A burner: finding, evidence, story, verdict, silence, and what the page says."""
        with self.serve() as daemon, Stage() as stage:
            stage.act("burner-e2e", "burn")

            def found():
                # Where a neighbour wants its CPU it starves, too: another finding, as right.
                return [e for e in self.events("finding-start") if e["rule"]["id"] == "runaway-cpu"
                        and e.get("process", {}).get("name") == "burner-e2e"]
            event = wait_for(found, "the finding", patience_s=120)[0]
            ident = event["vigie"]["finding"]["id"]
            self.assertEqual(event["log"]["level"], "warning")
            self.assertEqual(event["process"]["pid"], stage.children[0].pid)
            # A neighbour of the test may burn a core, too: as many as the log has.
            def page_is_the_log():
                page = daemon.scrape()
                begun, over = (sum(e["rule"]["id"] == "runaway-cpu" for e in self.events(action))
                               for action in ("finding-start", "finding-end"))
                return (page.one("vigie_findings_total", rule="runaway-cpu") == begun and
                        page.one("vigie_finding_active", rule="runaway-cpu") == begun - over)
            wait_for(page_is_the_log, "the page to have what the log has")

            folder = os.path.join(self.state, "incidents", ident)
            wait_for(lambda: os.path.exists(os.path.join(folder, "host.json")), "the evidence")
            with open(os.path.join(folder, "finding.json"), encoding="utf-8") as f:
                self.assertEqual(json.load(f)["vigie"]["finding"]["id"], ident)
            with open(os.path.join(folder, "host.json"), encoding="utf-8") as f:
                self.assertIn("virtual_memory", json.load(f))
            run = vigie("replay", folder, "--format", "csv", "--group-by", "comm")
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn('"burner-e2e"', run.stdout)

            story = vigie("explain", ident, "--state-dir", self.state)
            self.assertEqual((story.returncode, story.stderr), (0, ""))
            for words in (ident, "runaway-cpu", "burner-e2e pid", "culprits", "parents", "####",
                          "what to do", "history"):
                self.assertIn(words, story.stdout)
            listed = vigie("explain", "--state-dir", self.state).stdout
            self.assertIn(ident, listed)

            said = vigie("verdict", ident, "benign", "--note", "it computes", "--state-dir",
                         self.state)
            self.assertEqual(said.returncode, 0, said.stderr)
            wait_for(lambda: self.events("verdict"), "the verdict in the log")
            verdict = self.events("verdict")[0]["vigie"]["verdict"]
            self.assertEqual((verdict["finding"], verdict["kind"], verdict["note"]),
                             (ident, "benign", "it computes"))
        self.verified()
        # Found again in the history, by the same rule, under the same id.
        run = vigie("replay", self.state, "--format", "findings")
        ids = [json.loads(l)["vigie"]["finding"]["id"] for l in run.stdout.splitlines()
               if json.loads(l)["event"]["action"] == "finding-start"]
        self.assertIn(ident, ids)
        # Where none runs the verdict is logged by the command itself.
        said = vigie("verdict", ident, "revoked", "--state-dir", self.state)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertEqual([e["vigie"]["verdict"]["kind"] for e in self.events("verdict")],
                         ["benign", "revoked"])
        self.verified()

    class Cgroup:
        """As Stage.act() takes one."""

        def __init__(self, path):
            self.path = path
            os.makedirs(path, exist_ok=True)  # a killed run may have left it

        def enter(self):
            lib.write(os.path.join(self.path, "cgroup.procs"), str(os.getpid()))

        def remove(self):
            def removed():
                with contextlib.suppress(OSError):
                    os.rmdir(self.path)
                return not os.path.exists(self.path)
            wait_for(removed, f"{self.path} to be empty")

    def container(self, root, ident, name):
        """The cgroup of one of Docker's, whose file below root says how it is called."""
        os.chmod(self.place, 0o755)
        path = os.path.join(root, "var/lib/docker/containers", ident)
        os.makedirs(path)
        lib.write(os.path.join(path, "config.v2.json"), json.dumps(
            {"ID": ident, "Name": "/" + name, "Config": {"Image": "box:1", "Labels": {}}}))
        cgroup = self.Cgroup(os.path.join(lib.doctor()["cgroup_mount"], f"docker-{ident}.scope"))
        self.addCleanup(cgroup.remove)
        return cgroup

    def test_a_session_of_the_culprit_is_in_the_evidence(self):
        """The profiler looks inside; what faces the network has no part in it."""
        root = os.path.join(self.place, "root")
        container = self.container(root, "5e" * 32, "web")
        with self.serve("--runtime-root", root) as daemon, Stage() as stage:
            profiler = lib.child_named(daemon.pid, "vigie-profiler")
            self.assertEqual(capabilities(daemon.pid, "CapPrm"), 0)
            status = lib.status(profiler)
            # BPF, PERFMON, SYS_PTRACE and what else confine_profiler.c lists; SYS_ADMIN only where
            # Debian's kernel lets nobody else sample.
            listed = sum(1 << cap for cap in (2, 5, 6, 7, 8, 19, 24, 34, 38, 39, 40))
            if int(lib.read("/proc/sys/kernel/perf_event_paranoid")) > 2:
                listed |= 1 << 21
            for kind in ("CapEff", "CapPrm", "CapBnd"):
                self.assertEqual(capabilities(profiler, kind) & ~listed, 0, kind)
                self.assertTrue(capabilities(profiler, kind) & 1 << 39, kind)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), (1, 2))
            # While another session has the host, there is none; then the finding, which goes
            # on, is asked about again.
            with open("/run/vigie-session.lock", "w", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                burner = stage.act("burner-e2e", "burn", cgroup=container)
                wait_for(lambda: daemon.scrape().one("vigie_self_captures_total", outcome="busy"),
                         "the finding's first attempt", every_s=0.5)
            def captured():
                ours = {e["vigie"]["finding"]["id"] for e in self.events("finding-start")
                        if e.get("process", {}).get("name") == "burner-e2e"}
                return [ident for ident in ours for e in self.events("session-captured")
                        if f"finding {ident}:" in e["message"]]
            ident = wait_for(captured, "the session", patience_s=180, every_s=0.5)[0]
            path = os.path.join(self.state, "incidents", ident, "session.vigie")
            wait_for(lambda: os.path.exists(path), "the session's file")
            page = daemon.scrape()
            self.assertGreaterEqual(page.one("vigie_self_captures_total", outcome="captured"), 1)
            self.assertGreater(page.one("vigie_self_capture_cpu_seconds_total"), 0)
            # The session's process is gone, and its programs with it; the profiler sleeps.
            wait_for(lambda: not lib.children(profiler), "the session's end")
            story = vigie("explain", ident, "--state-dir", self.state)
            self.assertIn(f"vigie report {path}", story.stdout)
            self.assertEqual(daemon.stop(), 0)
        run = vigie("report", path, "-f", "json")
        self.assertEqual(run.returncode, 0, run.stderr)
        profile = json.loads(run.stdout)
        self.assertEqual({p["pid"]: p["unit"] for p in profile["processes"]}.get(burner.pid),
                         "docker-web")
        self.assertNotIn("[id ", run.stdout)
        self.assertIn("burner-e2e;_start;", vigie("report", path, "-f", "folded").stdout)
        self.assertTrue(gone(profiler))
        self.verified()

    def test_without_capture_nobody_stays_privileged(self):
        with self.serve("--capture", "off") as daemon:
            self.assertIsNone(lib.child_named(daemon.pid, "vigie-profiler"))
            self.assertIsNotNone(writer_of(daemon))
        refused = vigie("serve", "--capture", "always")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("'always'", refused.stderr)

    def test_the_profiler_killed(self):
        """Serving and writing go on, and a stop is a stop. In a session: test_profiler.py."""
        with self.serve() as daemon:
            profiler = lib.child_named(daemon.pid, "vigie-profiler")
            os.kill(profiler, signal.SIGKILL)
            wait_for(lambda: gone(profiler), "the end of the profiler")
            self.wait_for_entries(daemon, 2)
            self.assertEqual(daemon.stop(), 0)
        self.verified()

    def test_a_lead_that_is_raised_gets_its_folder(self):
        """Waiting for one's own kind is information; somebody says that it is malicious."""
        with self.serve() as daemon, Stage() as stage:
            for _ in range(4):
                stage.act("kin-e2e", "burn", cpu=0)

            def lead():
                return [e for e in self.events("finding-start")
                        if e["rule"]["id"] == "run-queue-starvation" and
                        e.get("process", {}).get("name") == "kin-e2e"]
            event = wait_for(lead, "the lead")[0]
            ident = event["vigie"]["finding"]["id"]
            self.assertEqual(event["log"]["level"], "info")
            folder = os.path.join(self.state, "incidents", ident)
            self.assertFalse(os.path.exists(folder))
            said = vigie("verdict", ident, "malicious", "--state-dir", self.state)
            self.assertEqual(said.returncode, 0, said.stderr)
            wait_for(lambda: os.path.exists(os.path.join(folder, "host.json")), "the evidence")
            raised = [e for e in self.events("finding-update")
                      if e["vigie"]["finding"]["id"] == ident]
            self.assertEqual(raised[-1]["log"]["level"], "error")
            self.assertEqual(daemon.stop(), 0)
        run = vigie("replay", folder, "--format", "csv", "--group-by", "comm")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn('"kin-e2e"', run.stdout)
        self.verified()

    def of(self, ident, *actions):
        return [e for e in self.events() if e["vigie"].get("finding", {}).get("id") == ident and
                (not actions or e["event"]["action"] in actions)]

    def starts_of(self, rule, names):
        """The ids of the rule's findings that began about these processes, or None."""
        ids = {e.get("process", {}).get("name"): e["vigie"]["finding"]["id"] for e in self.events("finding-start")
               if e["rule"]["id"] == rule and e.get("process", {}).get("name") in names}
        return ids if len(ids) == len(names) else None

    def ring_bytes(self, ident):
        ring = os.path.join(self.state, "incidents", ident, "ring")
        return sum(os.stat(os.path.join(ring, name)).st_size for name in os.listdir(ring))

    def pass_verdict(self, ident, kind):
        said = vigie("verdict", ident, kind, "--state-dir", self.state)
        self.assertEqual(said.returncode, 0, said.stderr)

    def kept_of(self, ident):
        with open(os.path.join(self.state, "incidents", ident, "finding.json"),
                  encoding="utf-8") as f:
            return json.load(f)

    @staticmethod
    def told(event):
        return (event["@timestamp"], event["event"]["action"], event["log"]["level"],
                event["vigie"]["finding"]["silenced"])

    def test_a_verdict_on_what_is_under_way(self):
        """Called benign its evidence is complete; revoked it is taken up again; then it ends. The
        log, the folder and a replay tell the same of each step."""
        with self.serve("--log-level", "debug") as daemon, Stage() as stage:
            stage.act("burner-e2e", "burn")
            ident = wait_for(lambda: self.starts_of("runaway-cpu", {"burner-e2e"}),
                             "the finding", patience_s=120)["burner-e2e"]
            folder = os.path.join(self.state, "incidents", ident)
            wait_for(lambda: os.path.exists(os.path.join(folder, "host.json")), "the evidence")

            def active():
                """The page agrees with the log, this one included or not as the log has it."""
                last = {e["vigie"]["finding"]["id"]: e for e in self.events()
                        if e.get("rule", {}).get("id") == "runaway-cpu"}
                loud = {one for one, e in last.items() if not e["vigie"]["finding"]["silenced"] and
                        e["event"]["action"] != "finding-end"}
                page = daemon.scrape().one("vigie_finding_active", rule="runaway-cpu")
                return (ident in loud,) if page == len(loud) else None
            self.assertEqual(wait_for(active, "the gauge"), (True,))
            self.pass_verdict(ident, "benign")
            wait_for(lambda: [e for e in self.of(ident) if e["log"]["level"] == "debug"],
                     "a silenced update", patience_s=60)
            wait_for(lambda: self.kept_of(ident)["log"]["level"] == "debug", "its finding.json")
            before = self.ring_bytes(ident)
            self.wait_for_entries(daemon, 4)
            self.assertEqual(self.ring_bytes(ident), before)
            self.assertEqual(wait_for(active, "the gauge"), (False,))
            wait_for(lambda: self.told(self.kept_of(ident)) == self.told(self.of(ident)[-1]),
                     "the folder to say what the log says")

            self.pass_verdict(ident, "revoked")
            wait_for(lambda: self.of(ident)[-1]["log"]["level"] == "warning", "it is back",
                     patience_s=60)
            wait_for(lambda: self.ring_bytes(ident) > before, "its evidence goes on")
            self.assertEqual(wait_for(active, "the gauge"), (True,))
            self.pass_verdict(ident, "benign")
            wait_for(lambda: self.of(ident)[-1]["log"]["level"] == "debug", "silence again",
                     patience_s=60)
            stage.children[0].kill()
            wait_for(lambda: self.of(ident, "finding-end"), "its end", patience_s=240, every_s=0.2)
            wait_for(lambda: self.kept_of(ident)["event"]["action"] == "finding-end",
                     "the end of its evidence")
            # Somebody saw it begin: whoever counts begins and ends must see this one end.
            self.assertEqual(self.of(ident)[-1]["log"]["level"], "info")
            self.assertEqual(wait_for(active, "the gauge"), (False,))
            self.assertEqual(daemon.stop(), 0)
        live = [self.told(e) for e in self.of(ident)]
        self.assertEqual((live[0][1:], live[-1][1:]), (("finding-start", "warning", False),
                                                       ("finding-end", "info", True)))
        self.assertEqual(self.told(self.kept_of(ident)), live[-1])
        run = vigie("replay", self.state, "--format", "findings")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        # A verdict may be heard one snapshot sooner or later than it was: order is what counts.
        again = [self.told(e)[1:] for e in map(json.loads, run.stdout.splitlines())
                 if e["vigie"]["finding"]["id"] == ident]
        self.assertEqual(again, [t[1:] for t in live])
        story = vigie("explain", ident, "--state-dir", self.state)
        self.assertIn("over at", story.stdout)
        self.verified()

    def test_what_was_called_benign_leaves_others_room(self):
        """As many as may be open at once, all silenced as they run: the next has its evidence."""
        with self.serve() as daemon, Stage() as stage:
            names = {f"looper{i}-e2e" for i in range(8)}
            for name in sorted(names):
                stage.act(name, "crash", 0.4)
            ids = wait_for(lambda: self.starts_of("crash-loop", names), "eight findings",
                           patience_s=120, every_s=0.5)
            self.assertEqual(len(set(ids.values())), 8)
            silenced = set()

            def silent():
                # Whatever else this host suffers has no say in it.
                for e in self.events("finding-start"):
                    if e["vigie"]["finding"]["id"] not in silenced:
                        silenced.add(e["vigie"]["finding"]["id"])
                        self.pass_verdict(e["vigie"]["finding"]["id"], "benign")
                return not daemon.scrape().sum("vigie_finding_active")
            wait_for(silent, "silence", patience_s=120, every_s=0.5)
            stage.act("looper8-e2e", "crash", 0.4)
            ident = wait_for(lambda: self.starts_of("crash-loop", {"looper8-e2e"}),
                             "the ninth", patience_s=120, every_s=0.5)["looper8-e2e"]
            wait_for(lambda: os.path.exists(os.path.join(self.state, "incidents", ident,
                                                         "host.json")), "evidence of the ninth")
            self.assertEqual(daemon.stop(), 0)
        self.verified()

    def test_unknown_findings_are_refused(self):
        with self.serve():
            wait_for(lambda: self.events("serving"), "the log")
        for command in (["explain"], ["verdict"]):
            run = vigie(*command, "0123456789ab", *(["benign"] if command == ["verdict"] else []),
                        "--state-dir", self.state)
            self.assertEqual((run.returncode, run.stdout), (1, ""))
            self.assertIn("no finding '0123456789ab'", run.stderr)


class Logging(Recorded):
    def test_a_rename_and_the_level_and_the_layout(self):
        with self.serve("--log-format", "%(levelname)s|%(name)s|%(message)s") as daemon:
            wait_for(lambda: self.events("serving"), "the log")
            os.rename(self.log, self.log + ".1")
            os.kill(daemon.pid, signal.SIGHUP)
        self.assertEqual([e["event"]["action"] for e in self.events()], ["stopping"])
        run = vigie("verify", self.log + ".1", self.log)
        self.assertEqual(run.stdout, "2 events, 1 to 2, the chain is whole\n")
        self.assertRegex(daemon.stderr, r"\AINFO\|vigie\|serving http://[^\n]*\nINFO\|vigie\|stopping")

    def test_elsewhere(self):
        elsewhere = os.path.join(self.place, "log")
        os.mkdir(elsewhere)
        os.chmod(self.place, 0o755)
        shutil.chown(elsewhere, "nobody")
        self.log = os.path.join(elsewhere, "vigie.ndjson")
        with self.serve("--log-file", self.log), Stage() as stage:
            stage.act("looper-e2e", "crash", 0.4)
            where = ("--state-dir", self.state, "--log-file", self.log)

            def listed():
                run = vigie("explain", *where)
                return [l for l in run.stdout.splitlines() if "looper-e2e" in l]
            ident = wait_for(listed, "a finding", every_s=0.5)[0].split()[0]
            story = vigie("explain", ident, *where)
            self.assertEqual((story.returncode, story.stderr), (0, ""))
            self.assertIn("crash-loop", story.stdout)
        self.assertFalse(os.path.exists(os.path.join(self.state, "events.ndjson")))
        self.assertEqual(vigie("verdict", ident, "benign", *where).returncode, 0)
        self.assertEqual([e["vigie"]["verdict"]["finding"] for e in self.events("verdict")], [ident])
        self.verified()
        run = vigie("explain", "--state-dir", self.state)
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn(f"cannot read '{self.state}/events.ndjson': -ENOENT", run.stderr)


if __name__ == "__main__":
    unittest.main()
