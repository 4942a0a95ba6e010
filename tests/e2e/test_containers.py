#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_containers - units carry the names of containers, from the runtimes' own files.

Owns: real podman, where it can run a container here, and cgroups made by hand with files of the
documented form below a root of our own. What is expected is what podman or the test itself called
them. Not here: the forms of all files (tests/unit/test_runtimes.c).
"""
import contextlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import lib

WORK = "while :; do :; done"


def setUpModule():
    lib.needs_watching()


def namer_of(pid):
    return lib.wait_for(lambda: lib.child_named(pid, "vigie-namer"), "a vigie-namer")


class Rooted(unittest.TestCase):
    """A root for the runtimes' files, and cgroups below the mount whose names vigie reads."""

    def make_root(self):
        return lib.disk_directory()

    def setUp(self):
        directory = self.make_root()
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        os.chmod(self.root, 0o755)

    def serve(self, *args):
        return lib.Serve("--runtime-root", self.root, "--interval", "60s", *args)

    def put(self, path, text, mode=0o600):
        path = self.root + path
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        lib.write(path, text)
        os.chmod(path, mode)

    def put_docker(self, cid, name, image="nginx:1.27"):
        self.put(f"/var/lib/docker/containers/{cid}/config.v2.json",
                 json.dumps({"ID": cid, "Name": "/" + name, "Config": {"Image": image, "Labels": {}}}))

    @contextlib.contextmanager
    def container(self, cid, form="docker-{}.scope", parent=""):
        """A process that runs in a cgroup of that name; yields (its pid, the cgroup's path)."""
        where = lib.doctor()["cgroup_mount"] + parent
        path = os.path.join(where, form.format(cid))
        os.makedirs(path, exist_ok=True)
        child = subprocess.Popen(["/bin/sh", "-c", f"echo $$ > '{path}/cgroup.procs'; {WORK}"])
        try:
            lib.wait_for(lambda: cid in lib.read(f"/proc/{child.pid}/cgroup"), "the cgroup")
            yield child.pid, path
        finally:
            child.kill()
            child.wait()
            lib.wait_for(lambda: self.removed(path, where), f"{path} to be empty")

    @staticmethod
    def removed(path, where):
        try:
            while path != lib.doctor()["cgroup_mount"]:
                os.rmdir(path)
                path = os.path.dirname(path)
        except OSError:
            return False
        return True

    def info(self, page, unit):
        rows = page.all("vigie_unit_info", unit=unit)
        self.assertEqual(len(rows), 1, f"{unit}: {rows}")
        return dict(next(iter(rows)))

    @staticmethod
    def units(page):
        return {dict(labels)["unit"] for labels in page.all("vigie_unit_info")}

    def cpu(self, page, unit):
        return sum(page.all("vigie_process_cpu_seconds_total", unit=unit).values())


class Names(Rooted):
    def test_every_way_agrees(self):
        """serve, once, replay and record: the same name; --unit-names id, and the id still works."""
        cid = secrets.token_hex(32)
        short = "docker-" + cid[:12]
        self.put_docker(cid, "web")
        state = os.path.join(self.root, "state")
        with self.container(cid) as (pid, _):
            with self.serve("--state-dir", state) as serve:
                page = serve.scrape()
                info = self.info(page, "docker-web")
                self.assertEqual({k: info[k] for k in ("container_id", "container_name", "image", "pod",
                                                       "namespace", "runtime")},
                                 {"container_id": cid, "container_name": "web", "image": "nginx:1.27",
                                  "pod": "none", "namespace": "none", "runtime": "docker"})
                self.assertNotIn(short, self.units(page))
                live = lib.wait_for(lambda: self.cpu(serve.scrape(), "docker-web"), "its CPU time")
            with self.serve("--unit-names", "id") as serve:
                self.assertEqual(self.info(serve.scrape(), short)["container_name"], "web")
            root = "--runtime-root", self.root
            rows = lib.once("-g", "unit", *root)["processes"]
            self.assertIn("docker-web", [row["labels"]["unit"] for row in rows])
            rows = lib.once("-g", "unit", "--unit-names", "id", *root)["processes"]
            self.assertIn(short, [row["labels"]["unit"] for row in rows])
            for unit in "docker-web", short:
                file = os.path.join(self.root, "s.vigie")
                run = subprocess.run([lib.VIGIE, "record", *root, "--unit", unit, "-d", "200ms", "--views",
                                      "cpu", "-o", file], capture_output=True, check=False)
                self.assertEqual(run.returncode, 0, run.stderr)
                run = subprocess.run([lib.VIGIE, "report", "-f", "json", file], capture_output=True,
                                     check=True)
                self.assertIn(str(pid), re.findall(r'"pid": ?(\d+)', run.stdout.decode()))
        replay = [lib.VIGIE, "replay", state, "--format", "openmetrics"]
        for options, unit in (((), "docker-web"), (("--unit-names", "id"), short)):
            run = subprocess.run([*replay, *options], capture_output=True, check=True)
            last = lib.Page(run.stdout.decode().rsplit("# EOF\n", 2)[-2] + "\n")
            info = self.info(last, unit)
            self.assertEqual((info["container_name"], info["image"]), ("web", "nginx:1.27"))
            self.assertGreaterEqual(self.cpu(last, unit), live)

    def test_who_ran_instead(self):
        """A session names the unit of who had the CPU as serve does."""
        ids = [secrets.token_hex(32) for _ in range(2)]
        for cid, name in zip(ids, ("web", "noise")):
            self.put_docker(cid, name)
        file = os.path.join(self.root, "s.vigie")
        with self.container(ids[0]) as (web, _), self.container(ids[1]) as (noise, _):
            for pid in web, noise:
                os.sched_setaffinity(pid, {min(os.sched_getaffinity(0))})
            subprocess.run([lib.VIGIE, "record", "--runtime-root", self.root, "--unit", "docker-web", "-d",
                            "1s", "--views", "runq", "-o", file], check=True, stderr=subprocess.DEVNULL)
        run = subprocess.run([lib.VIGIE, "report", "-f", "json", file], stdout=subprocess.PIPE, check=True)
        self.assertIn("docker-noise", re.findall(r'"unit": ?"([^"]*)"', run.stdout.decode()))

    def test_a_restart_goes_on(self):
        """Another container of the same name: the same series, and the new one's id beside it."""
        first, second = secrets.token_hex(32), secrets.token_hex(32)
        self.put_docker(first, "web", "nginx:1")
        with self.serve() as serve:
            with self.container(first):
                before = lib.wait_for(lambda: self.cpu(serve.scrape(), "docker-web"), "CPU time")
            shutil.rmtree(f"{self.root}/var/lib/docker/containers/{first}")
            self.put_docker(second, "web", "nginx:2")
            with self.container(second):
                def renewed():
                    page = serve.scrape()
                    return self.info(page, "docker-web")["container_id"] == second and page
                page = lib.wait_for(renewed, "the new container")
                self.assertEqual(self.info(page, "docker-web")["image"], "nginx:2")
                self.assertGreaterEqual(self.cpu(page, "docker-web"), before)
                self.assertFalse(any(re.match("docker-[0-9a-f]{12}$", unit) for unit in self.units(page)))

    def test_one_name_of_two(self):
        """Same name, other runtime or other user: never one unit."""
        ids = [secrets.token_hex(32) for _ in range(3)]
        self.put_docker(ids[0], "web")
        for home, cid in (("/var/lib/containers", ids[1]), ("/users/alice/.local/share/containers", ids[2])):
            self.put(home + "/storage/overlay-containers/containers.json",
                     json.dumps([{"id": cid, "names": ["web"], "metadata": ""}]))
        self.put("/etc/passwd", "alice:x:4711:4711::/users/alice:/bin/sh\n")
        os.chown(self.root + "/users/alice", 4711, 4711)
        slices = "/user.slice/user-4711.slice/user@4711.service/user.slice"
        with self.container(ids[0]), self.container(ids[1], "libpod-{}.scope"), \
                self.container(ids[2], "libpod-{}.scope", slices), self.serve() as serve:
            page = serve.scrape()
            for unit, cid in zip(("docker-web", "podman-web", "podman-web@alice"), ids):
                self.assertEqual(self.info(page, unit)["container_id"], cid)

    def test_pods(self):
        """Two pods of a Deployment, one after the other, are one workload."""
        pods = "web-66b6c48dd5-7w7xt", "web-66b6c48dd5-x2x8k"
        ids = [secrets.token_hex(32) for _ in pods]
        uid = "12345678-1234-1234-1234-123456789abc"
        with self.serve() as serve:
            for pod, cid in zip(pods, ids):
                self.put(f"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{cid}/config.json",
                         json.dumps({"annotations": {"io.kubernetes.cri.container-name": "app",
                                                     "io.kubernetes.cri.sandbox-name": pod,
                                                     "io.kubernetes.cri.sandbox-namespace": "shop",
                                                     "io.kubernetes.cri.image-name": "a/b:1"}}))
                with self.container(cid, parent=f"/kubepods/burstable/pod{uid}", form="{}"):
                    def shown():
                        rows = serve.scrape().all("vigie_unit_info", unit="shop/web/app", pod=pod)
                        return rows and dict(next(iter(rows)))
                    info = lib.wait_for(shown, f"{pod} in vigie_unit_info")
                    self.assertEqual((info["container_id"], info["namespace"], info["image"],
                                      info["pod_uid"]), (cid, "shop", "a/b:1", uid))

    def test_a_name_that_comes_late(self):
        """First by its id, then by its name; what was counted stays where it is."""
        cid = secrets.token_hex(32)
        short = "docker-" + cid[:12]
        with self.serve() as serve, self.container(cid):
            before = lib.wait_for(lambda: self.cpu(serve.scrape(), short), "CPU time by id")
            self.put_docker(cid, "web")
            page = lib.wait_for(lambda: "docker-web" in self.units(p := serve.scrape()) and p, "the name")
            counted = self.cpu(page, short)
            self.assertGreaterEqual(counted, before)
            time.sleep(.2)
            page = serve.scrape()
            self.assertEqual(self.cpu(page, short), counted)
            self.assertGreater(self.cpu(page, "docker-web"), 0)


class Namer(Rooted):
    """The process that reads the files."""

    def status(self, pid):
        return dict(line.split(":\t", 1) for line in lib.read(f"/proc/{pid}/status").splitlines())

    def test_what_it_may_do(self):
        with self.serve() as serve:
            status = self.status(namer_of(serve.pid))
        uid = {line.split(":")[0]: line.split(":")[2] for line in lib.read("/etc/passwd").splitlines()}
        self.assertEqual(status["Uid"].split(), [uid["nobody"]] * 4)
        only_reading = f"{1 << 2:016x}"  # CAP_DAC_READ_SEARCH
        self.assertEqual([status[c] for c in ("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb")],
                         [only_reading, only_reading, *["0" * 16] * 3])
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))

    def test_what_it_cannot(self):
        """Each call tried, as the namer and as one of its readers."""
        self.put("/dir/in", "x")
        self.put("/outside", "x")
        run = subprocess.run([os.path.join(lib.BUILD, "tests/e2e/namer_probe"), self.root + "/dir",
                              self.root + "/outside"], stdout=subprocess.PIPE, text=True, check=True)
        said = dict(line.split() for line in run.stdout.splitlines())
        refused = """write create write-tmp unlink chmod socket socket-inet execve kill ptrace bpf mount unshare
            open_by_handle_at mmap-exec setuid-root""".split()
        want = {f"{who}-{call}": "-EPERM" for who in ("namer", "reader") for call in refused}
        works = """namer-confine namer-open-directory namer-read-in namer-list-in namer-read-outside namer-send
            namer-fork reader-confine reader-read-in reader-list-in""".split()
        want |= {name: "0" for name in works}
        want |= {"reader-fork": "-EPERM", "reader-send": "-EPERM"}
        landlock = "landlock" in lib.read("/sys/kernel/security/lsm") if os.path.exists(
            "/sys/kernel/security/lsm") else said["reader-read-outside"] == "-EACCES"
        want["reader-read-outside"] = "-EACCES" if landlock else "0"
        self.assertEqual(said, want)
        lib.needs(landlock, "this kernel has no Landlock: a reader is held by its user and filter only")

    def test_its_death_is_said(self):
        first, second = secrets.token_hex(32), secrets.token_hex(32)
        self.put_docker(first, "web")
        self.put_docker(second, "late")
        with self.container(first), self.serve() as serve:
            self.assertEqual(serve.scrape().one("vigie_self_names_up"), 1)
            os.kill(namer_of(serve.pid), signal.SIGKILL)
            with self.container(second):
                page = lib.wait_for(lambda: (p := serve.scrape()).one("vigie_self_names_up") == 0 and p,
                                    "vigie_self_names_up 0")
                lib.wait_for(lambda: "docker-" + second[:12] in self.units(serve.scrape()), "the id")
            self.assertIn("docker-web", self.units(page))
            serve.stop()
            self.assertIn("names containers is gone", serve.stderr)

    def alice(self):
        """A user with a home, and where her containers' cgroups are."""
        self.put("/etc/passwd", "alice:x:4711:4711::/users/alice:/bin/sh\n")
        self.put("/users/alice/x", "")
        os.chown(self.root + "/users/alice", 4711, 4711)
        return "/user.slice/user-4711.slice/user@4711.service/user.slice"

    def test_a_fifo_of_a_user(self):
        hung, good = secrets.token_hex(32), secrets.token_hex(32)
        home = "/users/alice/.local/share/containers/storage/overlay-containers"
        slices = self.alice()
        self.put(home + "/x", "")
        os.mkfifo(self.root + home + "/containers.json")
        self.put_docker(good, "web")
        with self.container(hung, "libpod-{}.scope", slices), self.container(good), self.serve() as serve:
            page = serve.scrape()
            self.assertTrue({"docker-web", "podman-" + hung[:12]} <= self.units(page), self.units(page))
            self.assertGreater(page.one("vigie_self_name_lookups_total", outcome="failed"), 0)

    def test_a_file_system_of_a_user_that_hangs(self):
        """Others are named nevertheless, and no scrape waits for it."""
        lib.needs(importlib.util.find_spec("fusepy") is not None, "fusepy is not installed")
        lib.needs(os.path.exists("/dev/fuse"), "no FUSE here")
        slices = self.alice()
        there, stuck, real = self.root + "/users/alice/.local", self.root + "/stuck", self.root + "/real"
        os.makedirs(real + "/share/containers/storage/overlay-containers")
        os.makedirs(there)
        server = subprocess.Popen([sys.executable, "-B", os.path.join(lib.ROOT, "tests/e2e/hung_fs.py"),
                                   real, there, stuck])
        self.addCleanup(server.wait, 30)
        self.addCleanup(subprocess.run, ["umount", "-l", there], check=False, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: os.path.exists(stuck) and os.remove(stuck))
        lib.wait_for(lambda: os.path.ismount(there), "the file system")
        lib.write(stuck, "")
        hung, good = secrets.token_hex(32), secrets.token_hex(32)
        self.put_docker(good, "web")
        with self.container(hung, "libpod-{}.scope", slices), self.serve() as serve:
            with self.container(good):
                slowest, seen = 0, set()
                while "docker-web" not in seen:
                    began = time.monotonic()
                    seen = self.units(serve.scrape())
                    slowest = max(slowest, time.monotonic() - began)
                page = lib.wait_for(lambda: (p := serve.scrape()).one(
                    "vigie_self_name_lookups_total", outcome="failed") and p, "the failure")
                self.assertIn("podman-" + hung[:12], self.units(page))
                self.assertLess(slowest, 1)  # who waits for a reader waits so long


class Podman(Rooted):
    """Debian's podman with a root file system of ours, its storage below our root."""

    def make_root(self):
        """podman wants a short one."""
        return tempfile.TemporaryDirectory(prefix="vigie-", dir="/tmp")

    def setUp(self):
        super().setUp()
        lib.needs(shutil.which("podman") and shutil.which("runc"), "no podman, or no runc")
        box = shutil.which("busybox")
        lib.needs(box, "no busybox")
        rootfs = self.root + "/rootfs"
        for name in ("bin", "proc", "sys", "dev", "etc", "tmp", "run"):
            os.makedirs(f"{rootfs}/{name}")
        shutil.copy(box, rootfs + "/bin/busybox")
        os.symlink("busybox", rootfs + "/bin/sh")
        for name in ("/var/lib/containers/storage", "/run/containers/storage"):
            os.makedirs(self.root + name)
        # crun refuses hybrid hosts, and podman asks systemd for cgroups where it finds one.
        self.podman_args = ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--root",
                            self.root + "/var/lib/containers/storage", "--runroot",
                            self.root + "/run/containers/storage"]
        self.addCleanup(lib.wait_for, self.unmounted, f"the mounts below {self.root} to go")
        self.addCleanup(self.podman, "rm", "-fa", "-t0")
        tar = subprocess.run(["tar", "-C", rootfs, "-c", "."], stdout=subprocess.PIPE, check=True)
        imported = self.podman("import", "-", "localhost/box:1", stdin=tar.stdout)
        probe = self.run_box("probe", "--rm", command="exit 42", detach=False)
        lib.needs(probe.returncode == 42,
                  f"podman cannot run a container here: {imported.stderr}{probe.stderr}")

    def unmounted(self):
        """podman ends before its clean-up does, which a busy host can see mount its storage again."""
        places = [line.split()[1] for line in lib.read("/proc/self/mounts").splitlines()]
        for place in reversed([p for p in places if p.startswith(self.root)]):
            subprocess.run(["umount", place], check=False, stderr=subprocess.DEVNULL)
        if not any(p.startswith(self.root) for p in places):
            with contextlib.suppress(OSError):
                shutil.rmtree(self.root + "/var/lib/containers")
        return not os.path.exists(self.root + "/var/lib/containers")

    def podman(self, *args, stdin=None):
        return subprocess.run([*self.podman_args, *args], input=stdin, check=False, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_box(self, name, *args, command=WORK, detach=True):
        # The defaults ask for more files than a container of ours may open.
        return self.podman("run", *["-d"] * detach, "--name", name, "--network", "none", "--ulimit",
                           "nofile=1024:1024", "--ulimit", "nproc=1000:1000", *args, "localhost/box:1",
                           "/bin/sh", "-c", command)

    def start(self, name, *args):
        run = self.run_box(name, *args)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout.decode().strip()

    def test_real_ones(self):
        """Named, with the image, --rm too; removed and run again the series goes on."""
        with self.serve() as serve:
            ids = {name: self.start(name, *args) for name, args in (("web", ()), ("job", ("--rm",)))}
            page = lib.wait_for(lambda: {"podman-web", "podman-job"} <= self.units(p := serve.scrape()) and p,
                                "podman's names")
            for name, cid in ids.items():
                info = self.info(page, "podman-" + name)
                self.assertEqual((info["container_id"], info["container_name"], info["image"],
                                  info["runtime"]), (cid, name, "localhost/box:1", "podman"))
            before = self.cpu(page, "podman-web")
            self.podman("rm", "-f", "-t0", "web")
            again = self.start("web")
            self.assertNotEqual(again, ids["web"])

            def renewed():
                fresh = serve.scrape()
                return self.info(fresh, "podman-web")["container_id"] == again and fresh
            page = lib.wait_for(renewed, "the container of the second run")
            self.assertGreaterEqual(self.cpu(page, "podman-web"), before)
            names = json.loads(self.podman("ps", "--format", "json").stdout)
            self.assertEqual({"podman-" + n["Names"][0] for n in names},
                             {u for u in self.units(page) if u.startswith("podman-")})


if __name__ == "__main__":
    unittest.main(verbosity=2)
