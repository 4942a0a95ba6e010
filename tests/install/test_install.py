#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`make install` and `make uninstall`: which files, where, with which modes.

Owns: the list of files as a person who packages would write it. Needs no root.
"""
import glob
import os
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
O = os.environ.get("O", "build")
COMMANDS = ("detect", "doctor", "explain", "export", "inventory", "top", "once", "record", "replay", "report", "serve",
            "verdict", "verify")


def run(*argv, **options):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, cwd=ROOT, **options)


def make(*args):
    # Beside other rules of the same make: the job server is not ours.
    env = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = run("make", "--no-print-directory", f"O={O}", *FLAGS, *args, env=env)
    if done.returncode:
        raise AssertionError(done.stdout)
    return done.stdout


# What O was built with, or everything would be built anew.
FLAGS = [f"{name}={os.environ[name]}" for name in ("DEV", "SAN", "STATIC") if os.environ.get(name)]


# It is built where there is libcurl, and in no binary of STATIC=1.
PUSHES = os.environ.get("STATIC") != "1" and \
    subprocess.run(["pkg-config", "--exists", "libcurl"], check=False).returncode == 0


def files_below(place):
    """{path: mode} of all files."""
    found = {}
    for where, _, names in os.walk(place):
        for name in names:
            path = os.path.join(where, name)
            found[path[len(place):]] = os.stat(path).st_mode & 0o7777
    return found


def expected(prefix):
    doc = f"{prefix}/share/doc/vigie"
    manual = ["vigie.8"] + [f"vigie-{name}.8" for name in COMMANDS]
    docs = [os.path.basename(path) for path in glob.glob(f"{ROOT}/docs/*")]
    paths = [f"{prefix}/share/man/man8/{name}" for name in manual]
    paths += [f"{prefix}/share/man/man5/vigie.yml.5"]
    paths += [f"{doc}/docs/{name}" for name in docs]
    paths += [f"{doc}/examples/grafana/{os.path.basename(path)}"
              for path in glob.glob(f"{ROOT}/deploy/grafana/dashboards/*")]
    paths += [f"{doc}/{name}" for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "deploy/README.md",
                                           "LICENSE", "LICENSES/BSD-2-Clause.txt",
                                           "examples/vigie-rules.yml", "examples/vigie.yml")]
    for folder in ("logs", "powerbi", "cloudwatch", "datadog/openmetrics.d", "datadog/vigie.d", "datadog/monitors"):
        names = [os.path.basename(path) for path in glob.glob(f"{ROOT}/deploy/{folder}/*")]
        paths += [f"{doc}/examples/{folder}/{name}" for name in names]
    client = f"{prefix}/share/vigie/python"
    paths += [f"{client}/vigie_client/{os.path.basename(path)}"
              for path in glob.glob(f"{ROOT}/python/vigie_client/*.py")]
    paths += [f"{client}/pyproject.toml", f"{prefix}/share/bash-completion/completions/vigie",
              f"{prefix}/share/zsh/site-functions/_vigie",
              f"{prefix}/lib/systemd/system/vigie.service",
              f"{prefix}/lib/systemd/system/vigie.socket",
              f"{prefix}/lib/sysusers.d/vigie.conf", f"{prefix}/lib/tmpfiles.d/vigie.conf"]
    programs = ["vigie"]
    if PUSHES:
        programs.append("vigie-push")
        paths += [f"{prefix}/share/man/man8/vigie-push.8", f"{prefix}/lib/systemd/system/vigie-push.service"]
    return {**{path: 0o644 for path in paths}, **{f"{prefix}/sbin/{name}": 0o755 for name in programs}}


class Install(unittest.TestCase):
    def installed(self, place, prefix):
        destination = [f"DESTDIR={place}", f"PREFIX={prefix}"]
        make("install", *destination)
        self.assertEqual(files_below(place), expected(prefix))
        return destination

    def test_files_of_both_prefixes(self):
        for prefix in ("/usr/local", "/usr"):
            with self.subTest(prefix), tempfile.TemporaryDirectory() as place:
                destination = self.installed(place, prefix)
                with open(f"{place}{prefix}/lib/systemd/system/vigie.service",
                          encoding="utf-8") as unit:
                    starts = re.findall(r"^ExecStart=(\S+)", unit.read(), re.M)
                self.assertEqual(starts, [f"{prefix}/sbin/vigie"])
                # What was there before stays there.
                mine = f"{place}{prefix}/share/man/man8/other.8"
                with open(mine, "w", encoding="ascii"):
                    pass
                make("uninstall", *destination)
                self.assertEqual(list(files_below(place)), [mine[len(place):]])
                self.assertFalse(os.path.exists(f"{place}{prefix}/share/doc/vigie"))
                self.assertTrue(os.path.isdir(f"{place}{prefix}/share/doc"))

    def test_the_installed_program_runs(self):
        with tempfile.TemporaryDirectory() as place:
            self.installed(place, "/usr/local")
            done = run(f"{place}/usr/local/sbin/vigie", "--version")
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"^vigie \d+\.\d+\.\d+ ")


class Package(unittest.TestCase):
    """What the package says of the tree, against the tree."""

    @staticmethod
    def read(name):
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            return file.read()

    def test_it_is_built_with_what_setup_installs(self):
        wanted = re.search(r"^build=\((.*?)\)", self.read("scripts/setup"), re.S | re.M)[1].split()
        listed = re.search(r"^Build-Depends: (.*?)\n\S", self.read("deploy/debian/control"),
                           re.S | re.M)[1]
        listed = {part.split()[0] for part in listed.split(",")}
        # Every builder of packages has these: build-essential.
        missing = set(wanted) - {"gcc", "libc6-dev", "make"} - listed
        self.assertGreater(len(wanted), 10)
        self.assertEqual(missing, set())

    def test_it_has_the_version_of_the_program(self):
        version = re.search(r"^VERSION := (\S+)$", self.read("Makefile"), re.M)[1]
        self.assertTrue(self.read("deploy/debian/changelog").startswith(f"vigie ({version}) "))


if __name__ == "__main__":
    unittest.main()
