#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The units and the user, as systemd's own tools read them. Needs no root.

Owns: that directives are spelt right, how much the unit exposes, that the user can be made. That
vigie works within it is tests/vm's.
"""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
UNIT = os.path.join(ROOT, "deploy/systemd/vigie.service")
PUSH = os.path.join(ROOT, "deploy/systemd/vigie-push.service")
SOCKET = os.path.join(ROOT, "deploy/systemd/vigie.socket")
EXPOSURE_TENTHS = "30"
PUSH_EXPOSURE_TENTHS = "15"


def run(*argv):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, cwd=ROOT)


def verify(path):
    """What systemd says of a unit; of others, which it loads as well, this host may have had any."""
    done = run("systemd-analyze", "verify", "--man=no", path)
    said = [line for line in done.stdout.splitlines() if not re.match(r"(/usr)?/lib/systemd/system/", line)]
    return done.returncode, "\n".join(said)


@unittest.skipUnless(shutil.which("systemd-analyze"),
                     "systemd is not installed (scripts/setup --test)")
class Unit(unittest.TestCase):
    @staticmethod
    def verify(text):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "vigie.service")
            with open(path, "w", encoding="utf-8") as copy:
                copy.write(text.replace("/usr/local/sbin/vigie", "/bin/true"))
            return verify(path)

    def test_it_is_sound(self):
        with open(UNIT, encoding="utf-8") as unit:
            text = unit.read()
        self.assertEqual(self.verify(text), (0, ""))
        self.assertIn("vigie serve", text)
        self.assertIn("Failed to parse", self.verify(text.replace("on-failure", "sometimes"))[1])

    def test_socket_is_sound(self):
        """With the service that it starts beside it, and with nothing on the way of either."""
        with tempfile.TemporaryDirectory() as place:
            for path in (UNIT, SOCKET):
                with open(path, encoding="utf-8") as unit:
                    text = unit.read().replace("/usr/local/sbin/vigie", "/bin/true")
                with open(os.path.join(place, os.path.basename(path)), "w", encoding="utf-8") as copy:
                    copy.write(text)
            socket = os.path.join(place, "vigie.socket")
            self.assertEqual(verify(socket), (0, ""))
            with open(socket, "a", encoding="utf-8") as copy:
                copy.write("[Socket]\nListenStream=nowhere\n")
            self.assertIn("Failed to parse", verify(socket)[1])

    def test_socket_listens_where_vigie_would(self):
        with open(SOCKET, encoding="utf-8") as unit:
            listens = re.findall(r"^ListenStream=(.*)", unit.read(), re.M)
        with open(os.path.join(ROOT, "deploy/vigie.yml"), encoding="utf-8") as example:
            default = re.findall(r"^  listen: \['(.*)'\]", example.read(), re.M)
        self.assertEqual(listens, [*default, "/run/vigie/vigie.sock"])

    def test_exposure(self):
        done = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                   f"--threshold={EXPOSURE_TENTHS}", UNIT)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_push_is_sound(self):
        with open(PUSH, encoding="utf-8") as unit:
            text = unit.read().replace("/usr/local/sbin/vigie-push", "/bin/true")
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "vigie-push.service")
            with open(path, "w", encoding="utf-8") as copy:
                copy.write(text)
            self.assertEqual(verify(path), (0, ""))
        done = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                   f"--threshold={PUSH_EXPOSURE_TENTHS}", PUSH)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_users(self):
        """systemd-sysusers takes the file; twice is as good as once."""
        with tempfile.TemporaryDirectory() as place:
            os.mkdir(f"{place}/etc")
            conf = os.path.join(ROOT, "deploy/sysusers.d/vigie.conf")
            for _ in range(2):
                done = run("systemd-sysusers", f"--root={place}", conf)
                self.assertEqual(done.returncode, 0, done.stdout)
            with open(f"{place}/etc/passwd", encoding="utf-8") as passwd:
                users = [line.split(":") for line in passwd]
            self.assertEqual([(u[0], u[5], u[6].strip()) for u in users],
                             [("vigie", "/var/lib/vigie", "/usr/sbin/nologin")])
            self.assertGreater(int(users[0][2]), 0)


if __name__ == "__main__":
    unittest.main()
