#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""python/vigie_client beside Debian's psutil and /proc, through the socket that an installed vigie has.

Owns: where they agree, and how closely; that psutil's own examples run. Answers that no vigie sends: tests/python.
"""
import json
import logging
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import unittest

import lib
from lib import Serve, needs, wait_for
from scraping import Actor
from test_hostile import LISTED, comm, shown
from test_live import ID, UNIT, VICTIM, Past, serving

PACKAGE = os.path.join(lib.ROOT, "python")
sys.path.insert(0, PACKAGE)
import vigie_client  # noqa: E402
import vigie_client.logging  # noqa: E402

MIB = 1 << 20
EXAMPLES = """
import json
import vigie_client as psutil
m = psutil.virtual_memory()
print(json.dumps([m.total, m.used, m.available]))
print(json.dumps(psutil.cpu_percent(interval=1)))
for p in psutil.process_iter(['pid', 'name', 'cpu_percent']):
    print(json.dumps(p.info))
"""


def setUpModule():
    global psutil, CLIENT, DAEMON
    lib.needs_watching()
    try:
        import psutil
    except ImportError:
        needs(False, "python3-psutil is not installed")
    place = tempfile.mkdtemp(prefix="vigie-client-")
    unittest.addModuleCleanup(shutil.rmtree, place, True)
    user = pwd.getpwnam(lib.doctor()["serves_as"])
    os.chown(place, user.pw_uid, user.pw_gid)
    os.chmod(place, 0o750)
    DAEMON = unittest.enterModuleContext(Serve("--state-dir", place, "--interval", "1s", "--capture", "off"))
    CLIENT = vigie_client.connect(f"unix:{place}/socket", timeout=lib.PATIENCE_S)
    wait_for(history_has_begun, "a moment of the history", every_s=0.1)


def history_has_begun():
    try:
        return CLIENT.pids()
    except vigie_client.Error:
        return None


def busy_share(before, after):
    """Percent, of two readings of /proc/stat: user nice system idle iowait irq softirq steal."""
    spent = [b - a for a, b in zip(before["cpu"][:8], after["cpu"][:8])]
    return 100 * (sum(spent) - spent[3] - spent[4]) / sum(spent)


class Host(unittest.TestCase):
    def assertBetween(self, value, readings, slack, what):  # noqa: N802
        self.assertTrue(min(readings) - slack <= value <= max(readings) + slack, (what, value, readings))

    def test_memory(self):
        """psutil reads before and after; a snapshot may be a second old, hence one percent of all memory."""
        before, ours, after = psutil.virtual_memory(), CLIENT.virtual_memory(), psutil.virtual_memory()
        self.assertEqual(ours.total, before.total)
        self.assertEqual(ours.used, ours.total - ours.available)
        for name in "available", "free", "active", "inactive", "buffers", "cached", "shared", "slab":
            readings = getattr(before, name), getattr(after, name)
            self.assertBetween(getattr(ours, name), readings, ours.total / 100, name)
        version = tuple(map(int, psutil.__version__.split(".")[:2]))
        used = ours.used if version >= (7, 1) else ours.used_legacy
        self.assertBetween(used, (before.used, after.used), ours.total / 100, "used")
        self.assertEqual(ours._fields[:len(before._fields)], before._fields)

    def test_swap_cpus_and_boot(self):
        theirs, ours = psutil.swap_memory(), CLIENT.swap_memory()
        self.assertEqual((ours._fields, ours.total), (theirs._fields, theirs.total))
        self.assertEqual(CLIENT.cpu_count(), psutil.cpu_count())
        self.assertAlmostEqual(CLIENT.boot_time(), psutil.boot_time(), delta=2)
        self.assertEqual(len(CLIENT.getloadavg()), 3)

    def test_cpu_times(self):
        theirs = psutil.cpu_times()
        ours = CLIENT.cpu_times()
        later = psutil.cpu_times()
        age = 2 * psutil.cpu_count()  # of a snapshot, in seconds of all CPUs, with room
        for name in ours._fields:
            self.assertBetween(getattr(ours, name), (getattr(theirs, name), getattr(later, name)), age, name)
        self.assertEqual(ours._fields, theirs._fields[:8])

    def test_cpu_percent(self):
        """Of the interval that both saw. vigie's begins and ends up to a second before: what may differ is the busiest
        and the calmest that the time between could be."""
        with Actor(b"burner") as actor:
            actor.send("cpu", 6000)
            first = lib.proc_stat()
            ours = CLIENT.cpu_percent(interval=4)
            last = lib.proc_stat()
            actor.answer()
        theirs = busy_share(first, last)
        lag = 100 * 1.5 / 4  # the part of the interval that one of both has not seen
        self.assertTrue(theirs * (1 - lag / 100) - 1 <= ours <= theirs + (100 - theirs) * lag / 100 + 1, (ours, theirs))
        self.assertGreater(ours, 5)


class Processes(unittest.TestCase):
    def test_a_burning_child(self):
        with Actor(b"a burner") as actor:
            actor.send("cpu", 8000)
            before = lib.schedstats(actor.pid)[0] / 1e9
            p = CLIENT.Process(actor.pid)  # waits for a snapshot that has it
            found = {q.pid: q for q in CLIENT.process_iter(["pid", "name", "cpu_percent"])}
            self.assertEqual((found[actor.pid].info["pid"], found[actor.pid].info["name"]), (actor.pid, "a burner"))
            first = p.cpu_seconds()
            percent = p.cpu_percent(interval=3)
            last = p.cpu_seconds()
            after = lib.schedstats(actor.pid)[0] / 1e9
            self.assertGreater(last, first)
            self.assertLessEqual(last, after)
            # What the kernel says that it used meanwhile, by how long vigie says that was, and a second more.
            self.assertLessEqual(percent / 100 * 3, after - before + 1.5)
            self.assertGreaterEqual(percent, 0.2 * 100 * (after - before) / 5)
            again = {q.pid: q for q in CLIENT.process_iter(["cpu_percent"])}
            self.assertGreater(again[actor.pid].info["cpu_percent"], 0)
            actor.answer()

    def test_a_process_is_as_psutil_sees_it(self):
        with Actor(b"watched") as actor:
            actor.do("hold", 32)
            ours, theirs = CLIENT.Process(actor.pid), psutil.Process(actor.pid)
            self.assertEqual(ours.name(), theirs.name())
            self.assertEqual((ours.ppid(), ours.uid()), (os.getpid(), theirs.uids().real))
            self.assertAlmostEqual(ours.create_time(), theirs.create_time(), delta=1.1)
            self.assertEqual(ours.num_threads(), theirs.num_threads())
            wait_for(lambda: abs(ours.memory_info().rss - theirs.memory_info().rss) < MIB, "the same RSS", every_s=0.5)
            self.assertGreater(ours.memory_info().rss, 32 * MIB)
        wait_for(lambda: not ours.is_running(), "its end to be seen", every_s=0.2)
        with self.assertRaises(vigie_client.NoSuchProcess):
            ours.name()
        with self.assertRaises(vigie_client.NoSuchProcess):
            CLIENT.Process(actor.pid)

    def test_all_are_there_and_no_others(self):
        before = self.living()
        CLIENT._table_end = 0.0
        ours = set(CLIENT.pids())
        after = self.living()
        self.assertEqual(before & after - ours, set())
        # Whoever was there for a moment only was there for a moment.
        self.assertEqual({pid for pid in ours - before - after if psutil.pid_exists(pid)}, set())
        self.assertIn(os.getpid(), ours)

    @staticmethod
    def living():
        found = set()
        for p in psutil.process_iter():
            try:
                os.stat(f"/proc/{p.pid}/exe")  # what a sandbox hides from root, its kernel hides from BPF, too
            except PermissionError:
                continue
            except OSError:
                pass  # a kernel thread
            try:
                if p.status() != psutil.STATUS_ZOMBIE:
                    found.add(p.pid)
            except psutil.Error:
                pass
        return found

    def test_hostile_names(self):
        with Actor(b"host") as actor:
            pids = {actor.spawn(name): shown(comm(name)) for name in LISTED}

            def names():
                CLIENT._table_end = 0.0
                found = {p.pid: p.name() for p in CLIENT.process_iter() if p.pid in pids}
                return found if found == pids else None
            found = wait_for(names, "each by its name", every_s=0.5)
        for name in found.values():
            name.encode()
            self.assertNotRegex(name, "[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")

    def test_waits_of_one_that_has_a_rival(self):
        cpu = {min(os.sched_getaffinity(0))}
        with Actor(b"rival-a") as one, Actor(b"rival-b") as two:
            for actor in (one, two):
                os.sched_setaffinity(actor.pid, cpu)
                actor.send("cpu", 6000)

            def waited():
                waits = CLIENT.Process(one.pid).waits()
                return waits if waits.run_queue > 0.2 * waits.interval_seconds else None
            waits = wait_for(waited, "a wait for the CPU", every_s=0.5)
            self.assertLess(waits.run_queue, 1.1 * waits.interval_seconds)
            one.answer()
            two.answer()


class Findings(unittest.TestCase):
    def test_a_finding_of_the_past_is_told(self):
        past = Past()
        self.addCleanup(past.remove)
        with serving(past) as daemon:
            client = vigie_client.connect(f"http://127.0.0.1:{daemon.port}", timeout=lib.PATIENCE_S)
            story = client.story(ID)
        self.assertEqual(story.process, (UNIT, VICTIM, 4001))
        self.assertEqual((story.finding.rule, story.culprits[0].pid, story.culprits[0].share),
                         ("run-queue-starvation", 4000, 0.8))
        self.assertIsNotNone(story.end)
        self.assertGreater(len(story.remedy), 10)

    def test_one_under_way_becomes_a_record_of_logging(self):
        """Four that want one CPU for as long as it takes: what vigie says of it arrives at its level, with who."""
        cpu = {min(os.sched_getaffinity(0))}
        logger = logging.getLogger("test.findings")
        follower = vigie_client.logging.Follower(logger, CLIENT)
        with Actor(b"starved") as starved:
            actors = [self.enterContext(Actor(b"rival%d" % i)) for i in range(3)]
            for actor in [starved, *actors]:
                os.sched_setaffinity(actor.pid, cpu)
                actor.send("cpu", 600000)
            records, ours = [], {"starved", "rival0", "rival1", "rival2"}

            def logged():
                with self.assertLogs(logger, "DEBUG") as caught:
                    logger.debug("a look")
                    follower.poll()
                records.extend(caught.records[1:])
                return [r for r in records if getattr(r, "vigie_action", "") == "finding-start" and r.vigie_comm in ours and
                        r.vigie_rule == "run-queue-starvation"]
            found = wait_for(logged, "a finding", patience_s=120, every_s=1)
            for actor in [starved, *actors]:
                actor.child.kill()
        by_level = {"info": 20, "warning": 30, "error": 40, "critical": 50}
        for record in found:
            self.assertEqual(record.levelno, by_level[record.vigie_severity])
            self.assertRegex(record.getMessage(), f"{record.vigie_comm}.* cannot get a CPU")


class Elsewhere(unittest.TestCase):
    def test_psutils_own_examples(self):
        """By TCP, as anybody on the host may."""
        environment = {**os.environ, "PYTHONPATH": PACKAGE, "VIGIE_URL": f"http://127.0.0.1:{DAEMON.port}"}
        done = subprocess.run(["/usr/bin/python3", "-B", "-c", EXAMPLES], stdout=subprocess.PIPE, text=True, check=True,
                              env=environment)
        (total, used, available), percent, *processes = map(json.loads, done.stdout.splitlines())
        self.assertEqual((total, used), (psutil.virtual_memory().total, total - available))
        self.assertTrue(0 <= percent <= 100)
        self.assertIn(os.getpid(), {p["pid"] for p in processes})
        self.assertTrue(all(list(p) == ["pid", "name", "cpu_percent"] for p in processes))

    def test_another_user_may_not_open_the_socket(self):
        code = f"import vigie_client\ntry: vigie_client.connect({CLIENT.url!r}).cpu_count()\n" \
               "except vigie_client.AccessDenied as error: print(error)"

        def become():
            os.setgroups([])
            os.setgid(12345)
            os.setuid(12345)
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o755)
            shutil.copytree(PACKAGE, os.path.join(place, "python"))
            done = subprocess.run(["/usr/bin/python3", "-B", "-c", code], stdout=subprocess.PIPE, text=True, check=True,
                                  preexec_fn=become, cwd="/", env={"PYTHONPATH": os.path.join(place, "python")})
        self.assertIn("-EACCES", done.stdout)

    def test_what_vigie_refuses_is_said_in_its_words(self):
        with self.assertRaisesRegex(vigie_client.Error, "status 400: 'id is") as caught:
            CLIENT.story("../../etc")
        self.assertEqual(caught.exception.status, 400)
        with self.assertRaisesRegex(vigie_client.Error, "status 404"):
            CLIENT.story("ffffffffffff")

    def test_without_a_history_there_are_no_processes_one_by_one(self):
        with Serve("--no-history") as daemon:
            client = vigie_client.connect(f"http://127.0.0.1:{daemon.port}", timeout=lib.PATIENCE_S)
            self.assertGreater(client.virtual_memory().total, 0)
            with self.assertRaisesRegex(vigie_client.Error, "status 404.*history"):
                client.pids()


if __name__ == "__main__":
    unittest.main()
