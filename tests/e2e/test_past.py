#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""vigie-history, the process that answers for the past: what becomes of questions as it hangs and dies.

The past is test_live's; what its answers say is checked there.
"""
import concurrent.futures
import os
import signal
import subprocess
import tempfile
import unittest
import urllib.parse

import lib
from lib import child_named, wait_for
from test_live import ID, Past, api, serving

WAIT_MOST = 8  # at once: docs/api.md


def setUpModule():
    lib.needs_watching()


class Confined(unittest.TestCase):
    def test_what_it_cannot(self):
        """Each call tried from inside: its files are read, and nothing else is done."""
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o755)
            state = os.path.join(place, "state")
            os.mkdir(state, 0o755)
            for path in (os.path.join(state, "in"), os.path.join(place, "outside")):
                lib.write(path, "x")
                os.chmod(path, 0o644)
            run = subprocess.run([os.path.join(lib.BUILD, "tests/e2e/namer_probe"), state, os.path.join(place, "outside"),
                                  "history"], stdout=subprocess.PIPE, text=True, check=True)
        said = dict(line.removeprefix("history-").split() for line in run.stdout.splitlines())
        refused = """write create write-tmp unlink chmod socket socket-inet execve kill ptrace bpf mount unshare
            open_by_handle_at mmap-exec setuid-root fork""".split()
        want = {name: "-EPERM" for name in refused} | {name: "0" for name in "confine read-in list-in send".split()}
        landlock = said["landlock"] == "0"
        want |= {"landlock": "0", "read-outside": "-EACCES"} if landlock else {"landlock": "-EOPNOTSUPP", "read-outside": "0"}
        self.assertEqual(said, want)
        if os.path.exists("/sys/kernel/security/lsm"):
            self.assertEqual(landlock, "landlock" in lib.read("/sys/kernel/security/lsm"))
        lib.needs(landlock, "this kernel has no Landlock: it is held by its user and filter only")


class Bounds(unittest.TestCase):
    def test_its_memory(self):
        past = Past()
        self.addCleanup(past.remove)
        with serving(past) as daemon:
            pid = wait_for(lambda: child_named(daemon.pid, "vigie-history"), "vigie-history")
            self.assertRegex(lib.read(f"/proc/{pid}/limits"), r"Max data size +64000000 +64000000 ")
            score = [int(lib.read(f"/proc/{p}/oom_score_adj")) for p in (daemon.pid, pid)]
            self.assertEqual(score[1], min(1000, score[0] + 500))
            for path, query in (("range", {}), ("instant", {"by": "pid"}), ("session", {"id": ID})):
                self.assertEqual(daemon.get(f"/api/v1/{path}?" + urllib.parse.urlencode(query))[0], 200, path)


class Death(unittest.TestCase):
    def test_who_waits_is_told(self):
        past = Past()
        self.addCleanup(past.remove)
        with serving(past) as daemon:
            pid = wait_for(lambda: child_named(daemon.pid, "vigie-history"), "vigie-history")
            self.assertEqual(api(daemon, "range", points=3)[0], 200)
            page = daemon.scrape()
            self.assertEqual(page.one("vigie_self_history_up"), 1)
            for figure, kernel in (("cpu_seconds_total", lib.schedstat(pid)[0] / 1e9),
                                   ("resident_memory_bytes", lib.status(pid)["VmHWM"] * 1024)):
                self.assertTrue(0 < page.one("vigie_self_history_" + figure) <= kernel, (figure, kernel))
            os.kill(pid, signal.SIGSTOP)
            with concurrent.futures.ThreadPoolExecutor(WAIT_MOST + 4) as pool:
                asked = [pool.submit(api, daemon, "range", points=3) for _ in range(WAIT_MOST + 4)]
                wait_for(lambda: sum(a.done() for a in asked) == 4, "those who find no room")
                refused = [a.result()[2]["error"] for a in asked if a.done()]
                self.assertEqual({error.split(":")[0] for error in refused}, {"too many ask for the past at once"})
                self.assertEqual(daemon.get("/api/v1/now")[0], 200)
                os.kill(pid, signal.SIGKILL)
                said = [a.result() for a in asked]
            gone = [answer["error"] for _, _, answer in said if "is gone" in answer["error"]]
            self.assertEqual(len(gone), WAIT_MOST, said)  # not "no answer in time", after 20 s
            self.assertEqual({status for status, _, _ in said}, {503})
            status, _, answer = api(daemon, "range")
            self.assertEqual(status, 503)
            self.assertIn("is gone", answer["error"])
            wait_for(lambda: daemon.scrape().one("vigie_self_history_up") == 0, "vigie_self_history_up 0")
            daemon.stop()
            self.assertEqual(daemon.stderr.count("reads the history is gone"), 1)


if __name__ == "__main__":
    unittest.main()
