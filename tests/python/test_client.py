#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""vigie_client: what it makes of answers that vigie gave. Needs neither root nor a vigie.

The real one, beside Debian's psutil: tests/e2e/test_client.py. Hostile answers: test_client_hostile.py.
"""
import copy
import logging
import os
import threading
import unittest
from unittest import mock

import stub
from stub import Stub, answer

import vigie_client
import vigie_client.logging
from vigie_client import _client, _process


def later(of, seconds, **grown):
    """The same moment, so much later, with these CPU times grown."""
    found = copy.deepcopy(of)
    found["time"] += seconds
    for name, by in grown.items():
        found["cpu_times"][name] += by
    return found


class Host(unittest.TestCase):
    def setUp(self):
        self.stub = self.enterContext(Stub())
        self.client = vigie_client.connect(self.stub.url)

    def test_figures_are_those_of_the_answer(self):
        now = stub.now()
        memory = now["virtual_memory"]
        self.assertEqual(self.client.virtual_memory()._asdict(), {
            **memory, "used": memory["total"] - memory["available"], "used_legacy": memory["used"]})
        for ask, name in ((self.client.swap_memory, "swap_memory"),
                          (self.client.cpu_times, "cpu_times"), (self.client.cpu_times_percent, "cpu_times_percent")):
            self.assertEqual(ask()._asdict(), now[name], name)
        self.assertEqual(self.client.cpu_count(), now["cpu_count"])
        self.assertIsNone(self.client.cpu_count(logical=False))
        self.assertEqual(self.client.boot_time(), now["host"]["boot_time"])
        self.assertEqual(self.client.getloadavg(), tuple(now["load_average"]))
        self.assertEqual(self.client.sentence(), now["sentence"]["text"])

    def test_the_order_is_that_of_psutil(self):
        self.assertEqual(self.client.virtual_memory()[:3],
                         (8388608000, 5242880000, 37.5))  # total, available, percent
        self.assertEqual(self.client.cpu_times()._fields[:4], ("user", "nice", "system", "idle"))

    def test_cpu_percent_is_of_the_time_between(self):
        now = stub.now()
        after = later(now, 2, user=1, system=0.5, idle=4, iowait=0.5)  # 6 s of 4 CPUs: a quarter was busy
        self.stub.reply["now"] = stub.one_after_the_other(answer(now), answer(after))
        self.assertEqual(self.client.cpu_percent(), now["cpu_percent"])
        self.assertEqual(self.client.cpu_percent(), 25.0)

    def test_cpu_percent_of_an_interval_waits_for_another_snapshot(self):
        now = stub.now()
        after = later(now, 2, user=3, idle=1)
        self.stub.reply["now"] = stub.one_after_the_other(answer(now), answer(now), answer(after))
        self.assertEqual(self.client.cpu_percent(interval=0.001), 75.0)
        self.assertEqual(self.stub.count("now"), 3)

    def test_cpu_times_percent(self):
        now = stub.now()
        after = later(now, 2, user=2, idle=1, steal=1)
        self.stub.reply["now"] = stub.one_after_the_other(answer(now), answer(after))
        self.client.cpu_times_percent()
        found = self.client.cpu_times_percent()
        self.assertEqual((found.user, found.idle, found.steal, found.system), (50.0, 25.0, 25.0, 0.0))

    def test_idle_time_that_fell_is_no_negative_load(self):
        """Kernels before 6.6 take some back as a CPU comes online."""
        now = stub.now()
        self.stub.reply["now"] = stub.one_after_the_other(answer(now), answer(later(now, 1, user=1, idle=-5)))
        self.client.cpu_percent()
        self.assertEqual(self.client.cpu_percent(), 100.0)

    def test_what_there_is_not(self):
        for ask in (self.client.cpu_percent, self.client.cpu_times, self.client.cpu_times_percent):
            with self.assertRaises(NotImplementedError):
                ask(percpu=True)
        with self.assertRaises(ValueError):
            self.client.cpu_percent(interval=-1)

    def test_delays_and_waits(self):
        now = stub.now()
        self.assertEqual([tuple(d) for d in self.client.delays()],
                         [(d["victim"], d["culprit"], d["wait_seconds"]) for d in now["delays"]])
        self.assertGreater(len(now["delays"]), 0)
        row, found = now["processes"][0], self.client.waits()[0]
        self.assertEqual(found.labels, row["labels"])
        self.assertEqual(found.run_queue, row["run_queue_wait_seconds"])
        self.assertEqual({k: getattr(found, k) for k in row["off_cpu_seconds"]}, row["off_cpu_seconds"])
        self.assertAlmostEqual(found.cpu, sum(row["cpu_seconds"].values()), places=9)
        self.assertAlmostEqual(found.reclaim, sum(row["memory_stall_seconds"].values()), places=9)

    def test_what_is_shed_is_none(self):
        now = stub.now()
        now["delays"] = None
        now["processes"][0]["off_cpu_seconds"] = dict.fromkeys(now["processes"][0]["off_cpu_seconds"])
        self.stub.reply["now"] = answer(now)
        self.assertEqual(self.client.delays(), [])
        self.assertEqual(self.client.waits()[0][4:8], (None,) * 4)

    def test_findings_and_their_story(self):
        found, = self.client.findings()
        self.assertEqual(found._asdict(), stub.FINDING)
        story = self.client.story(found.id)
        self.assertEqual(Stub.query_of(self.stub.asked[-1]), {"id": found.id})
        self.assertEqual(story.finding, found)
        self.assertEqual(story.process, ("web.service", "patient", 4242))
        self.assertEqual(story.culprits, [("batch.service", "hog", None, 0.6, "ran")])
        self.assertEqual((story.end, story.observed, story.expected, story.remedy), (None, 0.9, None, "move it"))

    def test_the_module_itself_asks_where_the_environment_says(self):
        with mock.patch.dict(os.environ, VIGIE_URL=self.stub.url), mock.patch.object(vigie_client, "_default", None):
            self.assertEqual(vigie_client.virtual_memory().total, 8388608000)
            self.assertEqual([p.pid for p in vigie_client.process_iter()], [1, 4242])
        self.assertIn(b"Host: localhost\r\n", self.stub.asked[0])

    def test_credentials_are_sent(self):
        vigie_client.connect(self.stub.url, token="s3cret").boot_time()
        self.assertIn(b"\r\nAuthorization: Bearer s3cret\r\n", self.stub.asked[-1])
        vigie_client.connect(self.stub.url, auth=("me", "pä:ss")).boot_time()
        self.assertIn(b"\r\nAuthorization: Basic bWU6cMOkOnNz\r\n", self.stub.asked[-1])


class Processes(unittest.TestCase):
    def setUp(self):
        self.stub = self.enterContext(Stub())
        self.client = vigie_client.connect(self.stub.url)
        self.row = stub.instant()["processes"][0]

    def forget(self):
        """As if a second had gone by."""
        self.client._table_end = 0.0

    def test_a_process_is_its_row(self):
        p = self.client.Process(4242)
        self.assertEqual((p.pid, p.name(), p.ppid(), p.uid()), (4242, "a name of fifteen", 1, 1000))
        self.assertEqual(p.create_time(), self.row["create_time"])
        self.assertEqual(p.memory_info()._asdict(), self.row["memory"])
        self.assertEqual((p.num_threads(), p.cpu_seconds()), (21, 3723.45))
        self.assertEqual((p.cpu_times().total, sum(p.cpu_times()[:2])), (3723.45, 3723.45))
        for name in ("user", "system"):
            with self.assertRaisesRegex(vigie_client.Error, "one sum"):
                getattr(p.cpu_times(), name)
        self.assertEqual(p.cpu_percent(), self.row["cpu_percent"])
        self.assertEqual(self.client.pids(), [1, 4242])
        self.assertTrue(self.client.pid_exists(1))

    def test_waits_of_a_process(self):
        waits = self.client.Process(4242).waits()
        self.assertEqual(waits.interval_seconds, 1)
        self.assertEqual(waits.run_queue, self.row["run_queue_wait_seconds"])
        self.assertEqual(waits.disk, self.row["off_cpu_seconds"]["disk"])

    def test_oneshot_is_of_one_moment(self):
        p = self.client.Process(4242)
        after = stub.instant()
        after["processes"][0]["threads"] = 99
        self.stub.reply["instant"] = answer(after)
        with p.oneshot():
            self.forget()
            self.assertEqual(p.num_threads(), 21)
        self.assertEqual(p.num_threads(), 99)

    def test_a_loop_over_processes_asks_once_for_up_to_8192(self):
        seen = [(p.pid, p.name(), p.memory_info().rss) for p in self.client.process_iter()]
        self.assertEqual(len(seen), 2)
        self.assertEqual(self.stub.count("instant"), 1)
        self.assertEqual(Stub.query_of(self.stub.asked[-1]), {"by": "pid", "rows": "8192"})

    def test_attrs_are_info(self):
        found = {p.pid: p.info for p in self.client.process_iter(["pid", "name", "cpu_percent"])}
        self.assertEqual(found[4242], {"pid": 4242, "name": "a name of fifteen", "cpu_percent": 102.8})
        everything = self.client.Process(1).as_dict()
        self.assertEqual(set(everything), set(_process.Process.ATTRS))
        with self.assertRaisesRegex(ValueError, "no cmdline of a process"):
            list(self.client.process_iter(["pid", "cmdline"]))

    def test_cpu_percent_is_since_the_last_call(self):
        first = {p.pid: p for p in self.client.process_iter(["cpu_percent"])}
        after = stub.instant()
        after["time"] += 4
        after["processes"][0]["life_cpu_seconds"] += 3
        self.stub.reply["instant"] = answer(after)
        self.forget()
        found = {p.pid: p for p in self.client.process_iter(["cpu_percent"])}
        self.assertIs(found[4242], first[4242])
        self.assertEqual(found[4242].info["cpu_percent"], 75.0)
        self.assertEqual(found[1].info["cpu_percent"], 0.0)
        after["time"] += 1
        after["processes"][0]["life_cpu_seconds"] += 0.1
        self.stub.reply["instant"] = answer(after)
        self.forget()
        self.assertEqual(found[4242].cpu_percent(), 10.0)

    def test_cpu_percent_of_an_interval(self):
        after = stub.instant()
        after["time"] += 2
        after["processes"][0]["life_cpu_seconds"] += 3
        self.stub.reply["instant"] = stub.one_after_the_other(*3 * [answer(stub.instant())], answer(after))
        with mock.patch.object(_client, "KEPT_S", 1000):
            self.assertEqual(self.client.Process(4242).cpu_percent(interval=0.001), 150.0)

    def test_another_process_of_the_same_number_is_another_one(self):
        p = self.client.Process(4242)
        kept = {q.pid: q for q in self.client.process_iter()}[4242]
        after = stub.instant()
        after["processes"][0]["create_time"] += 100
        self.stub.reply["instant"] = answer(after)
        self.forget()
        with self.assertRaises(vigie_client.NoSuchProcess) as caught:
            p.name()
        self.assertEqual(caught.exception.pid, 4242)
        self.assertFalse(p.is_running())
        again = {q.pid: q for q in self.client.process_iter()}[4242]
        self.assertIsNot(again, kept)
        self.assertNotEqual(again, kept)

    def test_who_ended_is_not_listed(self):
        """Whoever did something in the interval has a row, and so has the name that it had before it took another."""
        found = stub.instant()
        ghost = copy.deepcopy(found["processes"][0])
        ghost["labels"]["comm"], ghost["processes"] = "before exec", 0
        found["processes"].append(ghost)
        found["processes"][1]["processes"] = 0
        self.stub.reply["instant"] = answer(found)
        self.assertEqual([(p.pid, p.name()) for p in self.client.process_iter()], [(4242, "a name of fifteen")])
        with mock.patch.object(_client, "RECORDED_S", 0), self.assertRaises(vigie_client.NoSuchProcess):
            self.client.Process(1)

    def test_who_is_not_there_yet_is_looked_for_in_the_next_snapshot(self):
        now, after = stub.now(), stub.instant()
        young = {**copy.deepcopy(self.row), "pid": 7, "labels": {"pid": "7", "comm": "young"}}
        after["time"] += 1
        after["processes"].append(young)
        self.stub.reply["now"] = stub.one_after_the_other(*3 * [answer(now)], answer(later(now, 1)))
        self.stub.reply["instant"] = stub.one_after_the_other(answer(stub.instant()), answer(after))
        self.assertEqual(self.client.Process(7).name(), "young")
        self.assertEqual(self.stub.count("instant"), 2)
        with mock.patch.object(_client, "RECORDED_S", 0):
            self.assertFalse(self.client.pid_exists(2))

    def test_a_snapshot_that_is_not_written_yet_is_waited_for(self):
        old = stub.instant()
        old["time"] -= 5
        old["processes"] = old["processes"][:1]
        self.stub.reply["instant"] = stub.one_after_the_other(answer(old), answer(old), answer(stub.instant()))
        self.assertEqual(self.client.pids(), [1, 4242])

    def test_if_it_is_never_written_the_one_before_will_do(self):
        old = stub.instant()
        old["time"] -= 5
        self.stub.reply["instant"] = answer(old)
        with mock.patch.object(_client, "RECORDED_S", 0.05):
            self.assertEqual(self.client.pids(), [1, 4242])

    def test_too_many_are_not_a_part_of_them(self):
        cut = stub.instant()
        cut["groups_in_other"] = 1
        self.stub.reply["instant"] = answer(cut)
        with self.assertRaisesRegex(vigie_client.Error, "more than 8192 processes"):
            self.client.pids()

    def test_threads_share_a_client(self):
        found, threads = [], []
        for _ in range(8):
            threads.append(threading.Thread(target=lambda: found.append(
                [p.name() for p in self.client.process_iter()])))
            threads[-1].start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [["systemd", "a name of fifteen"]] * 8)
        self.assertEqual(self.stub.count("instant"), 1)


class Logging(unittest.TestCase):
    def setUp(self):
        self.stub = self.enterContext(Stub())
        self.logger = logging.getLogger("test.vigie")
        self.follower = vigie_client.logging.Follower(self.logger, vigie_client.connect(self.stub.url))

    def set(self, **finding):
        self.stub.reply["now"] = answer({**stub.now(), "findings": [{**stub.FINDING, **finding}]})

    def end(self):
        self.stub.reply["now"] = answer({**stub.now(), "findings": []})

    def poll(self, level="DEBUG"):
        with self.assertLogs(self.logger, level) as caught:
            self.follower.poll()
        return caught.records

    def test_levels_are_those_of_the_log(self):
        numbers = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50, "something new": 30}
        self.assertEqual({name: vigie_client.logging.level_of(name) for name in numbers}, numbers)

    def test_a_finding_is_a_record(self):
        record, = self.poll()
        self.assertEqual((record.levelno, record.name), (40, "test.vigie"))
        self.assertEqual(record.getMessage(), stub.FINDING["message"])
        self.assertEqual((record.vigie_id, record.vigie_rule, record.vigie_since, record.vigie_action),
                         ("0123456789ab", "run-queue-starvation", 1789999990.5, "finding-start"))
        self.assertEqual((record.vigie_unit, record.vigie_comm, record.vigie_pid), ("web.service", "patient", 4242))
        self.assertEqual(record.vigie_culprits[0]["comm"], "hog")

    def test_it_begins_gets_worse_and_ends_once_each(self):
        self.poll()
        with self.assertNoLogs(self.logger):
            self.follower.poll()
        self.set(severity="critical")
        record, = self.poll()
        self.assertEqual((record.levelno, record.vigie_action), (50, "finding-update"))
        self.end()
        record, = self.poll()
        self.assertEqual((record.levelno, record.vigie_action), (20, "finding-end"))
        self.assertEqual(record.getMessage(), "ended: " + stub.FINDING["message"])
        with self.assertNoLogs(self.logger):
            self.follower.poll()

    def test_a_name_is_no_format_and_no_second_line(self):
        self.set(message="a/%s%n pid 5 eats\nERROR:root:forged \x1b[31m\u202e")
        record, = self.poll()
        self.assertEqual(record.getMessage(), "a/%s%n pid 5 eats\\u{000a}ERROR:root:forged \\u{001b}[31m\\u{202e}")

    def test_a_story_that_is_not_logged_yet_is_asked_for_again(self):
        unknown = answer({"error": "no such finding", "status": 404}, "404 Not Found")
        self.stub.reply["finding"] = stub.one_after_the_other(unknown, answer(stub.STORY))
        record, = self.poll()
        self.assertEqual(record.vigie_pid, 4242)

    def test_without_a_log_of_vigie_there_is_still_a_record(self):
        self.stub.reply["finding"] = answer({"error": "no such finding", "status": 404}, "404 Not Found")
        record, = self.poll()
        self.assertEqual((record.levelno, record.vigie_pid, record.vigie_culprits), (40, None, []))

    def test_what_the_logger_does_not_want_is_not_asked_for(self):
        self.logger.setLevel(logging.CRITICAL)
        self.addCleanup(self.logger.setLevel, logging.NOTSET)
        self.follower.poll()
        self.assertEqual(self.stub.count("finding"), 0)

    def test_stories_of_a_poll_are_bounded(self):
        many = [{**stub.FINDING, "id": f"{i:012x}"} for i in range(100)]
        self.stub.reply["now"] = answer({**stub.now(), "findings": many})
        self.assertEqual(len(self.poll()), 100)
        self.assertEqual(self.stub.count("finding"), vigie_client.logging.STORIES_MAX)

    def test_silence_is_said_once_and_ends_no_finding(self):
        self.poll()
        good = self.stub.reply["now"]
        self.stub.reply["now"] = b""
        record, = self.poll()
        self.assertEqual(record.levelno, 40)
        self.assertIn("vigie does not answer", record.getMessage())
        with self.assertNoLogs(self.logger):
            self.follower.poll()
        self.stub.reply["now"] = good
        record, = self.poll()
        self.assertEqual(record.getMessage(), "vigie answers again")

    def test_follow_goes_on_until_it_is_stopped(self):
        stop = threading.Event()
        with self.assertLogs(self.logger, "ERROR") as caught:
            thread = threading.Thread(target=vigie_client.logging.follow, args=(self.logger, self.follower.client),
                                      kwargs={"every": 0.01, "stop": stop})
            thread.start()
            while self.stub.count("now") < 3:
                self.assertTrue(thread.is_alive())
            stop.set()
            thread.join()
        self.assertEqual(len(caught.records), 1)


if __name__ == "__main__":
    unittest.main()
