#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a confined process can still do, and what the kernel says of it. Needs root.

Owns the proof of confine.c: a probe that tries each call, /proc/PID/status while it waits,
and the HTTP server doing its whole work under the filter.
"""
import os
import pwd
import re
import signal
import subprocess
import unittest

from http_client import PROMETHEUS_2, Fixture, ask, receive, request

PROBE = os.path.join(os.environ.get("O", "build"), "tests/e2e/confine_probe")
CAP_BPF = 39

NEEDED = """need-map-update need-map-lookup need-map-value need-obj-info need-open-proc need-read
    need-pread need-lseek need-fstat need-stat need-close need-getdents need-mmap need-munmap
    need-getrlimit need-tgkill-self need-epoll_ctl need-epoll_wait need-accept need-send need-recv
    need-dup need-shutdown need-timerfd need-clock need-getrusage need-malloc""".split()
FORBIDDEN = """socket socket-unix bind connect perf_event_open bpf-map-create bpf-prog-load
    bpf-obj-pin bpf-link-create bpf-prog-get-fd mmap-exec mprotect-exec open-write open-rdwr
    open-create open-trunc unlink rename chmod mkdir mount io_uring openat2 fork vfork execve ptrace
    kill-other tgkill-other setuid-root setrlimit unshare clone-newuser
    pidfd_getfd open_by_handle_at open_tree mount_setattr process_vm_readv""".split()


class Probe:
    """Runs until "done", then waits with its privileges gone."""

    def __init__(self, keep_cap_bpf):
        self.process = subprocess.Popen([PROBE, keep_cap_bpf], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.results = {}
        for line in self.process.stdout:
            name, _, result = line.strip().rpartition(" ")
            self.results[name] = result
            if name == "done":
                break

    def status(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return dict(re.findall(r"^(\w+):[ \t]*(.*?)[ \t]*$", f.read(), re.M))

    def close(self):
        self.process.stdin.close()
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


def kernel_wants_cap_bpf():
    """Asked of the kernel, not of its version. A probe that could not confine says nothing."""
    probe = Probe("no")
    probe.close()
    return probe.results.get("confine") == "0" and probe.results["need-map-lookup"] == "-EPERM"


@unittest.skipIf(os.geteuid(), "needs root")
class Confined(unittest.TestCase):
    keep = "no"

    @classmethod
    def setUpClass(cls):
        if cls.keep == "no" and kernel_wants_cap_bpf():
            raise unittest.SkipTest("this kernel wants CAP_BPF for every bpf() call")
        cls.probe = Probe(cls.keep)

    @classmethod
    def tearDownClass(cls):
        if cls.probe.close() != 0:
            raise AssertionError("the probe did not end well")

    def test_confine_succeeds(self):
        self.assertEqual(self.probe.results.get("confine"), "0", self.probe.results)

    def test_what_serving_needs_works(self):
        for name in NEEDED:
            with self.subTest(name):
                self.assertEqual(self.probe.results.get(name), "0")

    def test_everything_else_is_eperm(self):
        for name in FORBIDDEN:
            with self.subTest(name):
                self.assertEqual(self.probe.results.get(name), "-EPERM")

    def test_the_probe_tries_nothing_unlisted(self):
        known = set(NEEDED) | set(FORBIDDEN) | {"confine", "done"}
        self.assertEqual(set(self.probe.results), known)

    def test_ids(self):
        status, nobody = self.probe.status(), pwd.getpwnam("nobody")
        self.assertEqual(status["Uid"].split(), [str(nobody.pw_uid)] * 4)
        self.assertEqual(status["Gid"].split(), [str(nobody.pw_gid)] * 4)
        self.assertEqual(status["Groups"], "")

    def test_capabilities(self):
        status = self.probe.status()
        kept = 1 << CAP_BPF if self.keep == "yes" else 0
        want = {"CapInh": 0, "CapPrm": kept, "CapEff": kept, "CapBnd": 0, "CapAmb": 0}
        self.assertEqual({name: int(status[name], 16) for name in want}, want)

    def test_no_new_privs_and_filter(self):
        status = self.probe.status()
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Seccomp"], "2")

    def test_not_dumpable(self):
        """Then /proc/PID belongs to root, and no other process of the user may look inside."""
        self.assertEqual(os.stat(f"/proc/{self.probe.process.pid}/fd").st_uid, 0)


@unittest.skipIf(os.geteuid(), "needs root")
class OtherAbis(unittest.TestCase):
    @unittest.skipIf(os.uname().machine != "x86_64", "this machine has one ABI only")
    def test_a_call_of_another_abi_is_the_last(self):
        for abi in ("x32", "i386"):
            with self.subTest(abi):
                run = subprocess.run([PROBE, abi], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, check=False)
                self.assertEqual(run.stdout, b"confine 0\n")
                # A kernel without i386 knows no int 0x80 at all.
                ends = (-signal.SIGSYS, -signal.SIGSEGV) if abi == "i386" else (-signal.SIGSYS,)
                self.assertIn(run.returncode, ends)


class ConfinedWithCapBpf(Confined):
    keep = "yes"


@unittest.skipIf(os.geteuid(), "needs root")
class ServingConfined(unittest.TestCase):
    """The library and zlib on every path that a client can reach, under the filter."""

    @classmethod
    def setUpClass(cls):
        cls.server = Fixture(series=5000, confine="yes")

    @classmethod
    def tearDownClass(cls):
        if cls.server.close() != 0:
            raise AssertionError("the server did not end well")

    def test_scrapes(self):
        headers = [("Accept", PROMETHEUS_2), ("Accept-Encoding", "gzip")]
        with self.server.connect() as s:
            rest = b""
            for extra in ((), headers) * 3:
                s.sendall(request(headers=extra))
                response, rest = receive(s, rest=rest)
                self.assertEqual(response.status, 200)
        self.assertEqual(ask(self.server, request(method="HEAD"), "HEAD").status, 200)

    def test_refusals(self):
        for raw, status in ((request("/nope"), 404), (request(method="POST"), 405),
                            (request(host=None), 400), (request("/" + "a" * 99999), 414),
                            (request(headers=[("X", "a" * 99999)]), 431)):
            self.assertEqual(ask(self.server, raw).status, status)

    def test_body_and_lingering_close(self):
        raw = request(method="POST", headers=[("Content-Length", "500000")]) + b"x" * 500000
        self.assertEqual(ask(self.server, raw).status, 405)

    def test_full_house(self):
        sockets = [self.server.connect() for _ in range(300)]
        self.assertEqual(ask(self.server, request()).status, 200)
        for s in sockets:
            s.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
