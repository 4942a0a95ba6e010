# SPDX-License-Identifier: GPL-2.0-only
"""The neighbour of scripts/test --busy burns, and goes however the script goes."""
import os
import signal
import subprocess
import time
import unittest

LIBRARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "busy.sh")
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 30


def stat(pid):
    """(state, CPU seconds), or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], (int(fields[11]) + int(fields[12])) / TICKS


def gone(pid):
    state = stat(pid)
    return not state or state[0] in "ZX"


class BusyTest(unittest.TestCase):
    def wait_for(self, condition, what):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited in vain for {what}")
            time.sleep(.02)

    def script(self, then):
        """A script with a neighbour, as scripts/test has it; that says the neighbour's number."""
        script = subprocess.Popen(
            ["bash", "-c", f"set -euo pipefail; . {LIBRARY}; trap busy_end EXIT; busy_begin;"
             f"echo $busy_pid; {then}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(script.communicate)
        self.addCleanup(script.kill)
        return script, int(script.stdout.readline())

    def test_it_burns(self):
        _, neighbour = self.script("read -r _")
        self.wait_for(lambda: stat(neighbour)[1] >= .5, "half a second of its CPU time")

    def test_it_is_said_what_it_had(self):
        script, neighbour = self.script("read -r _; busy_said")
        self.wait_for(lambda: stat(neighbour)[1] >= 1.1, "a second of its CPU time")
        self.assertRegex(script.communicate("\n")[0], r"^ok - a neighbour burnt [1-9]\d* s of CPU in \d+ s\n$")

    def test_canary_one_that_has_gone_is_a_failure(self):
        script, neighbour = self.script("read -r _; busy_said")
        os.kill(neighbour, signal.SIGKILL)
        self.wait_for(lambda: gone(neighbour), "the neighbour to go")
        self.assertRegex(script.communicate("\n")[0], "^not ok - ")

    def test_it_goes_with_the_script(self):
        for then, status in (":", 0), ("false", 1), ("exit 3", 3):
            with self.subTest(then):
                script, neighbour = self.script(then)
                self.assertEqual(script.wait(PATIENCE_S), status)
                self.assertTrue(gone(neighbour))

    def test_it_goes_whatever_ends_the_script(self):
        for number in signal.SIGTERM, signal.SIGKILL:
            with self.subTest(number):
                script, neighbour = self.script("read -r _")
                script.send_signal(number)
                self.assertNotEqual(script.wait(PATIENCE_S), 0)
                self.wait_for(lambda pid=neighbour: gone(pid), "the neighbour to go")


if __name__ == "__main__":
    unittest.main()
