#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whose a process is on a host with several cgroup hierarchies, against /proc/PID/cgroup.

Owns: which hierarchy names a process. It takes a host with cgroup v1 and the unified hierarchy
beside it, and makes the cgroups there that docker, systemd and an old batch system make.
"""
import contextlib
import json
import os
import subprocess
import unittest

import lib
from lib import VIGIE, Serve, wait_for
from scraping import Actor

ID = "5eed" * 16
# In the order in which the first of equally deep cgroups counts.
USABLE = ["memory", "", "cpu", "cpuacct", "pids", "blkio"]


def mounts():
    """controller ("" is v2) -> where its hierarchy is."""
    found = {}
    with open("/proc/self/mounts", encoding="ascii") as file:
        for line in file:
            _, path, kind, options = line.split()[:4]
            if kind == "cgroup2":
                found.setdefault("", path)
            elif kind == "cgroup":
                for controller in set(options.split(",")) & set(USABLE):
                    found.setdefault(controller, path)
    return found


def deepest(pid):
    """By what the kernel says of a process."""
    paths = {}
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            for controller in controllers.split(","):
                paths[controller] = path
    usable = [paths[c] for c in USABLE if c in paths and c in mounts()]
    return max(usable, key=lambda path: path.rstrip("/").count("/"))


class Places:
    """A cgroup in each of some hierarchies; who enters is in the roots of all others."""

    def __init__(self, paths):
        self.paths = paths

    def __enter__(self):
        self.made = []
        for controller, path in self.paths.items():
            at = mounts()[controller]
            for part in path.strip("/").split("/"):
                at = os.path.join(at, part)
                with contextlib.suppress(FileExistsError):
                    os.mkdir(at)
                    self.made.append(at)
        return self

    def enter(self):
        for controller, mount in mounts().items():
            path = mount + self.paths.get(controller, "")
            lib.write(os.path.join(path, "cgroup.procs"), str(os.getpid()))

    def __exit__(self, *_):
        for path in reversed(self.made):
            def removed(path=path):
                with contextlib.suppress(OSError):
                    os.rmdir(path)
                return not os.path.exists(path)
            wait_for(removed, f"{path} to be empty")


CASES = [
    # docker without systemd, v1: the container is in v1's trees only
    ({"memory": f"/vigie-docker/{ID}", "": "/vigie.slice/vigie-docker.service"},
     "docker-5eed5eed5eed"),
    # a user's application: systemd does not delegate v1's trees
    ({"memory": "/vigie.slice",
      "": "/vigie.slice/vigie-1.slice/user@4242.service/app.slice/vigie-app.service"},
     "vigie-app.service"),
    # accounting is off: the service is in the unified tree only
    ({"": "/vigie.slice/vigie-plain.service"}, "vigie-plain.service"),
    # Slurm, v1, below its own service
    ({"memory": "/vigie-slurm/uid_7/job_4711/step_0", "": "/vigie.slice/vigie-slurmd.service"},
     "job_4711"),
]


class Hybrid(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lib.needs_watching()
        lib.needs({"memory", ""} <= set(mounts()), "no cgroup v1 with a unified hierarchy beside it")

    def test_each_process_by_its_deepest_cgroup(self):
        with contextlib.ExitStack() as stack:
            actors = []
            for paths, unit in CASES:
                places = stack.enter_context(Places(paths))
                actors.append((stack.enter_context(Actor("lodger", places)), unit))
            run = subprocess.run([VIGIE, "once", "--interval", "50ms", "--top", "0", "--group-by",
                                  "pid,unit,cgroup", "--format", "json"],
                                 stdout=subprocess.PIPE, check=True)
            rows = {int(r["labels"]["pid"]): r["labels"] for r in json.loads(run.stdout)["processes"]}
            for actor, unit in actors:
                with self.subTest(unit):
                    self.assertEqual(rows[actor.pid]["unit"], unit)
                    self.assertEqual(rows[actor.pid]["cgroup"], deepest(actor.pid))

    def test_made_and_gone_while_we_look(self):
        """The kernel's events name both hierarchies' cgroups, the dead are charged alike."""
        with Serve() as daemon:
            for paths, unit in CASES[:3]:
                with self.subTest(unit), Places(paths) as places:
                    with Actor("mayfly", places) as actor:
                        actor.do("children", 20, 0)
                    wait_for(lambda unit=unit: daemon.scrape().sum(
                        "vigie_process_exits_total", comm="mayfly", unit=unit) >= 20,
                        "the dead", patience_s=20, every_s=0.06)


if __name__ == "__main__":
    unittest.main()
