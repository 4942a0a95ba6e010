#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""As whom `vigie serve` keeps its history, and what it is handed by the unit.

Owns: a history that was nobody's, a start without the capabilities that the unit leaves out,
standard input that is /proc/kallsyms. The unit under a real systemd is tests/vm's.
"""
import contextlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import unittest

import lib
from lib import Serve, VIGIE, wait_for

OTHER = "daemon"  # an unprivileged user that every Debian has
# CapabilityBoundingSet= of deploy/systemd/vigie.service, as capsh and setpriv name them.
KEPT = ("bpf,+perfmon,+setuid,+setgid,+setpcap,+sys_ptrace,+dac_read_search,"
        "+checkpoint_restore,+sys_admin,+kill")


def setUpModule():
    lib.needs_watching()


def owners(place):
    """{path below place: user}"""
    found = {}
    for where, directories, names in os.walk(place):
        for name in directories + names:
            path = os.path.join(where, name)
            found[os.path.relpath(path, place)] = pwd.getpwuid(os.lstat(path).st_uid).pw_name
    return found


class History(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(tempfile.TemporaryDirectory())
        os.chmod(self.place, 0o755)
        self.state = os.path.join(self.place, "state")

    def fill(self, user):
        with Serve("--state-dir", self.state, "--interval", "200ms", "--user", user) as daemon:
            wait_for(lambda: os.path.isdir(f"{self.state}/ring") and os.listdir(f"{self.state}/ring"),
                     "a segment")
            daemon.scrape()
        return daemon

    def test_what_was_nobodys_is_adopted(self):
        self.fill("nobody")
        before = owners(self.state)
        self.assertEqual({path for path, user in before.items() if user != "nobody"}, {"lock"})
        daemon = self.fill(OTHER)
        self.assertRegex(daemon.stderr, rf"INFO - {self.state} was nobody's: \d+ files of it are")
        after = owners(self.state)
        self.assertEqual({path for path, user in after.items() if user != OTHER}, {"lock"})
        self.assertEqual(os.stat(self.state).st_uid, pwd.getpwnam(OTHER).pw_uid)
        # What was recorded before is read with what came after.
        run = subprocess.run([VIGIE, "verify", f"{self.state}/events.ndjson"],
                             stdout=subprocess.PIPE, text=True, check=True)
        self.assertIn("the chain is whole", run.stdout)
        self.assertNotIn("was nobody's", self.fill(OTHER).stderr)

    def test_links_are_not_followed(self):
        """Whoever could write there as nobody gets nothing given that is elsewhere."""
        self.fill("nobody")
        outside = os.path.join(self.place, "outside")
        linked = os.path.join(self.place, "linked")
        os.mkdir(outside)
        for path in (linked, os.path.join(outside, "inner")):
            lib.write(path, "x")
            shutil.chown(path, "nobody")
        os.symlink(outside, f"{self.state}/ring/directory")
        os.symlink(linked, f"{self.state}/ring/file")
        os.link(linked, f"{self.state}/hard")
        self.fill(OTHER)
        self.assertEqual(owners(outside), {"inner": "nobody"})
        self.assertEqual(pwd.getpwuid(os.stat(linked).st_uid).pw_name, "nobody")

    def test_another_users_is_refused(self):
        os.mkdir(self.state)
        shutil.chown(self.state, "bin")
        lib.write(f"{self.state}/lock", "")
        run = subprocess.run([VIGIE, "serve", "--listen", "127.0.0.1:0", "--state-dir", self.state,
                              "--user", OTHER], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             text=True, check=False, timeout=lib.PATIENCE_S)
        self.assertEqual(run.returncode, 1)
        self.assertIn("belongs to another user", run.stderr)
        self.assertEqual(pwd.getpwuid(os.stat(self.state).st_uid).pw_name, "bin")

    def test_the_group_may_read_whatever_the_umask(self):
        before = os.umask(0o077)
        try:
            self.fill(OTHER)
        finally:
            os.umask(before)
        self.assertEqual(stat.S_IMODE(os.stat(self.state).st_mode), 0o750)
        self.assertEqual(stat.S_IMODE(os.stat(f"{self.state}/ring").st_mode), 0o750)

    def test_with_the_capabilities_of_the_unit(self):
        """Root that may neither give files away nor write where others own: the directory is there."""
        lib.needs(shutil.which("setpriv"), "setpriv is not installed")
        os.mkdir(self.state, 0o750)
        shutil.chown(self.state, OTHER, pwd.getpwnam(OTHER).pw_gid)
        for _ in range(2):  # the second time the lock is there
            with contextlib.ExitStack() as stack:
                daemon = Serve("--state-dir", self.state, "--interval", "200ms", "--user", OTHER)
                daemon.args = ["setpriv", f"--bounding-set=-all,+{KEPT}", "--inh-caps=-all",
                               *daemon.args]
                stack.enter_context(daemon)
                wait_for(lambda: os.path.isdir(f"{self.state}/ring") and
                         os.listdir(f"{self.state}/ring"), "a segment")
                daemon.scrape()
            self.assertEqual(set(owners(self.state).values()), {OTHER})
            self.assertNotIn("WARNING", daemon.stderr)


class StandardInput(unittest.TestCase):
    """The kernel's addresses, for the one process that names its functions, and for no other."""

    def test_only_the_profiler_has_them(self):
        with tempfile.TemporaryDirectory() as place, \
                open("/proc/kallsyms", encoding="ascii") as addresses:
            web = os.path.join(place, "web.yml")  # two processes more
            lib.write(web, "http_server_config: {headers: {X-Frame-Options: deny}}\n")
            daemon = Serve("--state-dir", os.path.join(place, "state"), "--web.config.file", web)
            popen = subprocess.Popen
            subprocess.Popen = lambda *a, **k: popen(*a, **{**k, "stdin": addresses})
            try:
                daemon.__enter__()
            finally:
                subprocess.Popen = popen
            try:
                pids = [daemon.pid] + [int(pid) for pid in lib.read(
                    f"/proc/{daemon.pid}/task/{daemon.pid}/children").split()]
                having = {}
                for pid in pids:
                    links = [os.readlink(f"/proc/{pid}/fd/{fd}")
                             for fd in os.listdir(f"/proc/{pid}/fd")]
                    having[lib.read(f"/proc/{pid}/comm").strip()] = links.count("/proc/kallsyms")
                self.assertGreaterEqual(set(having), {"vigie-password", "vigie-opener"})
                self.assertEqual({name for name, n in having.items() if n}, {"vigie-profiler"})
                self.assertEqual(os.readlink(f"/proc/{daemon.pid}/fd/0"), "/dev/null")
            finally:
                daemon.__exit__()


if __name__ == "__main__":
    unittest.main()
