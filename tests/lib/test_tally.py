# SPDX-License-Identifier: GPL-2.0-only
"""The canary of scripts/test: a failing case fails, a skip is counted, silence is a failure."""
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TALLY = os.path.join(HERE, "tally.py")

CMOCKA_RUN = """\
[==========] Running 4 test(s).
[ RUN      ] a
[       OK ] a
[ RUN      ] b
[  FAILED  ] b
[ RUN      ] c
[  SKIPPED ] c
[ RUN      ] d
[       OK ] d
[==========] 4 test(s) run.
[  PASSED  ] 2 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] c

 1 SKIPPED TEST(S)
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] b

 1 FAILED TEST(S)
[==========] Running 1 test(s).
[ RUN      ] e
[       OK ] e
"""

UNITTEST_CASES = """
import unittest
class Case(unittest.TestCase):
    def test_good(self): pass
    def test_bad(self): self.fail("canary")
    def test_error(self): raise OSError("canary")
    @unittest.skip("no such kernel")
    def test_skipped(self): pass
unittest.main(verbosity=VERBOSITY)
"""


class TallyTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.results = os.path.join(self.dir.name, "results")

    def tally(self, *args):
        return subprocess.run([sys.executable, TALLY, "--results", self.results, *args],
                              stdout=subprocess.PIPE, text=True, check=False)

    def suite(self, output, status=0):
        path = os.path.join(self.dir.name, "output")
        with open(path, "w", encoding="utf-8") as file:
            file.write(output)
        return self.tally("suite", "--", "sh", "-c", f"cat {path}; exit {status}")

    def close(self):
        done = self.tally("--close")
        lines = done.stdout.splitlines()
        self.assertTrue(re.fullmatch(r"\d+ passed, \d+ failed, \d+ skipped", lines[-1]), lines)
        self.chances = lines.pop(-2)
        return done.returncode, lines

    def test_its_end_is_the_end_of_its_suite(self):
        command = [sys.executable, TALLY, "--results", self.results, "suite", "--",
                   "sh", "-c", "echo $$; exec sleep 600"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as tally:
            suite = int(tally.stdout.readline())
            tally.terminate()
            tally.wait()
        deadline = time.monotonic() + 60
        with self.assertRaises(ProcessLookupError):
            while time.monotonic() < deadline:
                os.kill(suite, 0)
                time.sleep(0.01)

    def test_all_good(self):
        self.assertEqual(self.suite("ok 1 - a\nok 2\n").returncode, 0)
        self.assertEqual(self.close(), (0, ["2 passed, 0 failed, 0 skipped"]))

    def test_canary_a_failing_case_fails_the_run(self):
        self.assertEqual(self.suite("ok - a\n").returncode, 0)
        self.assertEqual(self.suite("ok - a\nnot ok - broken\n").returncode, 1)
        status, lines = self.close()
        self.assertEqual(status, 1)
        self.assertEqual(lines, ["FAILED suite: broken", "2 passed, 1 failed, 0 skipped"])

    def test_canary_a_skip_is_counted_with_its_reason(self):
        self.assertEqual(self.suite("ok - a\nok - b # SKIP no root\n").returncode, 0)
        self.assertEqual(self.close(), (0, ["SKIPPED suite: b: no root",
                                            "1 passed, 0 failed, 1 skipped"]))

    def test_whole_suite_skipped(self):
        self.tally("--skip", "no network", "vm")
        status, lines = self.close()
        self.assertEqual(lines, ["SKIPPED vm: no network", "0 passed, 0 failed, 1 skipped"])
        self.assertEqual(status, 1, "a run in which nothing passed is no success")

    def test_cmocka_counts_each_name_once(self):
        self.assertEqual(self.suite(CMOCKA_RUN, status=1).returncode, 1)
        _, lines = self.close()
        self.assertEqual(lines, ["SKIPPED suite: c", "FAILED suite: b",
                                 "3 passed, 1 failed, 1 skipped"])

    def test_unittest_counts_with_and_without_names(self):
        for verbosity in "1", "2":
            code = UNITTEST_CASES.replace("VERBOSITY", verbosity)
            self.assertEqual(self.tally("u", "--", sys.executable, "-c", code).returncode, 1)
        _, lines = self.close()
        self.assertEqual(lines[-1], "2 passed, 4 failed, 2 skipped")
        self.assertTrue(any("no such kernel" in line for line in lines), lines)

    def test_death_without_a_failed_case_is_a_failure(self):
        self.assertEqual(self.suite("ok - a\n", status=139).returncode, 1)
        self.assertEqual(self.close()[0], 1)

    def test_silence_is_a_failure(self):
        self.assertEqual(self.suite("").returncode, 1)
        self.assertEqual(self.close()[0], 1)

    def test_sanitizer_report_is_a_failure_even_with_status_0(self):
        self.assertEqual(self.suite("ok - a\nx.c:1:2: runtime error: shift\n").returncode, 1)

    def chance(self, name, script):
        """A suite that tells its first run from its second."""
        mark = os.path.join(self.dir.name, name)
        script = script.replace("FIRST", f"{{ [ ! -e {mark} ] && touch {mark}; }}")
        return self.tally("--second-chance", name, "--", "sh", "-c", script)

    def test_second_chances_are_counted(self):
        self.assertEqual(self.chance("good", "echo ok - a").returncode, 0)
        self.close()
        self.assertEqual(self.chances, "second chances: 0")
        done = self.chance("once", "if FIRST; then echo ok - a; echo not ok - b; else echo ok - a; echo ok - b; fi")
        self.assertEqual(done.returncode, 0)
        self.assertIn("once: failed as shown above", done.stdout)
        self.assertEqual(self.chance("died", "if FIRST; then exit 4; fi; echo ok - c").returncode, 0)
        status, lines = self.close()
        self.assertEqual(self.chances, "second chances: 2 (once, died)")
        self.assertEqual(lines, ["FAILED FIRST once: b", "FAILED FIRST died: ended with status 4",
                                 "4 passed, 0 failed, 0 skipped"])
        self.assertEqual(status, 0)

    def test_canary_a_second_failure_fails_the_run(self):
        self.assertEqual(self.chance("bad", "if FIRST; then echo not ok - a; else echo not ok - b; fi").returncode, 1)
        status, lines = self.close()
        self.assertEqual(self.chances, "second chances: 1 (bad)")
        self.assertEqual(lines, ["FAILED bad: b", "FAILED FIRST bad: a", "0 passed, 1 failed, 0 skipped"])
        self.assertEqual(status, 1)

    def test_time_limit_ends_the_whole_group(self):
        done = self.tally("--limit", "0.3", "slow", "--", "sh", "-c", "echo ok - a; sleep 60; :")
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAILED slow: no end within 0.3 s", self.close()[1])


if __name__ == "__main__":
    unittest.main()
