#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""container - the image, run by podman as deploy/kubernetes/daemonset.yaml says, and scraped.

Owns: that what the DaemonSet asks for is enough, that none of it can be left out, and that the commands in
docs/containers.md ask for the same. Needs root, podman, and the image of `make container`:
IMAGE=... tests/deploy/container.py
"""
import contextlib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import yaml

sys.dont_write_bytecode = True
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
DAEMONSET = os.path.join(ROOT, "deploy/kubernetes/daemonset.yaml")
DOCUMENT = os.path.join(ROOT, "docs/containers.md")
IMAGE = os.environ.get("IMAGE", "localhost/vigie:0.1.0")
PATIENCE_S = 120
POD = "0b2c6a9e-7c51-4f3e-9c55-6d1f6ad0c111"
CONTAINER_ID = "c0ffee" * 10 + "c0de"


def podman(*argv, **options):
    return subprocess.run(["podman", *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=PATIENCE_S, **options)


def documents(path):
    with open(path, encoding="utf-8") as file:
        return list(yaml.safe_load_all(file))


def pod_spec():
    return [d for d in documents(DAEMONSET) if d["kind"] == "DaemonSet"][0]["spec"]["template"]["spec"]


def container_spec():
    containers = pod_spec()["containers"]
    assert len(containers) == 1
    return containers[0]


def limits():
    """Less than podman's own, which not everybody may set."""
    for name, which in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
        hard = resource.getrlimit(which)[1]
        most = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
        yield f"--ulimit={name}={most}:{most}"


def as_podman(spec, host, capabilities):
    """What the kubelet would ask its runtime for, in podman's words; paths of the host below host."""
    security = spec["securityContext"]
    assert pod_spec()["hostPID"] and security["capabilities"]["drop"] == ["ALL"]
    assert security["allowPrivilegeEscalation"] is False and not security["privileged"]
    options = ["--pid=host", "--network=none", "--cap-drop=all", "--security-opt=no-new-privileges",
               f"--user={security['runAsUser']}:{security['runAsGroup']}",
               f"--read-only={str(security['readOnlyRootFilesystem']).lower()}", "--read-only-tmpfs=false",
               f"--security-opt=seccomp={security['seccompProfile']['type'].lower()}",
               f"--memory={spec['resources']['limits']['memory'].replace('Mi', 'm')}",
               *limits()]
    options += [f"--cap-add={name}" for name in capabilities]
    volumes = {v["name"]: v["hostPath"]["path"] for v in pod_spec()["volumes"]}
    for mount in spec["volumeMounts"]:
        path = volumes[mount["name"]]
        here = path if path.startswith("/sys") else host + path
        options.append(f"--volume={here}:{mount['mountPath']}{':ro' if mount['readOnly'] else ''}")
    return options


class Vigie:
    """A container under way; its page by its own network namespace, as there is no other way in."""

    def __init__(self, host, capabilities=None, args=None):
        spec = container_spec()
        if capabilities is None:
            capabilities = spec["securityContext"]["capabilities"]["add"]
        run = podman("run", "--detach", *as_podman(spec, host, capabilities), IMAGE,
                     *(spec["args"] if args is None else args))
        if run.returncode:
            raise AssertionError(run.stdout)
        self.id = run.stdout.split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        podman("rm", "--force", "--time", "5", self.id)

    def log(self):
        return podman("logs", self.id).stdout

    def state(self, what):
        return podman("inspect", "--format", "{{.State.%s}}" % what, self.id).stdout.strip()

    def ended(self):
        return self.state("Running") == "false"

    def wait(self):
        """True: it serves; False: it ended."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if "serving http" in self.log():
                return True
            if self.ended():
                return False
            time.sleep(0.1)
        raise AssertionError("neither serves nor ends:\n" + self.log())

    def get(self, path, host="10.1.2.3:9838"):
        """Status and body, asked by the address that kubelet and Prometheus would."""
        done = subprocess.run(["nsenter", "--net", "--target", self.state("Pid"), "curl", "--silent",
                               "--max-time", "60", "--header", f"Host: {host}", "--write-out",
                               "\n%{http_code}", f"http://127.0.0.1:9838{path}"],
                              stdout=subprocess.PIPE, text=True, check=True)
        body, status = done.stdout.rsplit("\n", 1)
        return int(status), body


@contextlib.contextmanager
def a_pod(host):
    """A process in a cgroup as the kubelet makes it, and the names of its logs as the kubelet has them."""
    mount = "/sys/fs/cgroup"
    if not os.path.exists(f"{mount}/cgroup.controllers"):
        mount = f"{mount}/cpu"
    cgroup = f"{mount}/kubepods/besteffort/pod{POD}/{CONTAINER_ID}"
    os.makedirs(cgroup)
    os.makedirs(f"{host}/var/log/pods/shop_web-1_{POD}/app")
    os.makedirs(f"{host}/var/log/containers")
    os.symlink(f"/var/log/pods/shop_web-1_{POD}/app/0.log",
               f"{host}/var/log/containers/web-1_shop_app-{CONTAINER_ID}.log")
    # Busy, or it would be in the sum of all others.
    with subprocess.Popen(["nice", "-n", "19", "sh", "-c", "while :; do :; done"]) as process:
        with open(f"{cgroup}/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(process.pid))
        try:
            yield
        finally:
            process.kill()
            process.wait()
            for _ in range(4):
                os.rmdir(cgroup)
                cgroup = os.path.dirname(cgroup)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("podman") and shutil.which("nsenter"),
                     "needs root, podman and nsenter (scripts/setup --test)")
class Container(unittest.TestCase):
    def setUp(self):
        if podman("image", "exists", IMAGE).returncode:
            self.fail(f"no image {IMAGE}: make container")
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.host = place.name
        for mount in container_spec()["volumeMounts"]:
            if mount["mountPath"].startswith("/host"):
                os.makedirs(self.host + mount["mountPath"][len("/host"):])

    def test_it_has_one_program(self):
        made = podman("create", IMAGE).stdout.split()[-1]
        self.addCleanup(podman, "rm", made)
        export = subprocess.run(f"podman export {made} | tar -t", shell=True, stdout=subprocess.PIPE,
                                text=True, check=True).stdout.split()
        programs = {name for name in export if re.search(r"bin/.", name)}
        self.assertEqual(programs, {"usr/sbin/vigie"})

    def test_as_the_daemonset_says(self):
        with tempfile.TemporaryDirectory() as host, a_pod(host), Vigie(host) as vigie:
            self.assertTrue(vigie.wait(), vigie.log())
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                path = container_spec()[probe]["httpGet"]["path"]
                self.assertEqual(vigie.get(path)[0], 200, path)
            status, page = vigie.get("/metrics")
            self.assertEqual(status, 200)
            # A process of the host, in a pod by the name that the node's files have.
            units = re.findall(r'^vigie_process_cpu_seconds_total\{unit="([^"]*)",comm="sh"', page, re.M)
            self.assertIn("shop/web-1/app", units)
            status = self.status_of(vigie)
            self.assertEqual((status["Uid"].split()[1], status["NoNewPrivs"], status["Seccomp"]),
                             ("65532", "1", "2"))
            self.assertEqual(int(status["CapPrm"], 16) | int(status["CapBnd"], 16), 0)
            self.assertNotRegex(vigie.log(), "(?i)error|read-only|cannot")

    @staticmethod
    def status_of(vigie):
        with open(f"/proc/{vigie.state('Pid')}/status", encoding="utf-8") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)

    # What is said without it. The last one costs the names of containers only.
    LOST = {"BPF": r"not permitted to load BPF programs",
            "PERFMON": r"not permitted to load BPF programs",
            "SETUID": r"user and groups: -EPERM", "SETGID": r"user and groups: -EPERM", "SETPCAP": r"capability bounding set: -EPERM",
            "DAC_READ_SEARCH": r"containers go by their ids"}

    def test_no_capability_can_be_left_out(self):
        asked = container_spec()["securityContext"]["capabilities"]["add"]
        self.assertEqual(set(asked), set(self.LOST))
        for name, words in self.LOST.items():
            with self.subTest(name):
                with Vigie(self.host, [c for c in asked if c != name]) as vigie:
                    serves = vigie.wait()
                    self.assertEqual(serves, name == "DAC_READ_SEARCH", vigie.log())
                    self.assertRegex(vigie.log(), words)

    def test_no_argument_can_be_left_out(self):
        args = container_spec()["args"]
        for arg, words in (("--allow-insecure", "is not a loopback address"),):
            with Vigie(self.host, args=[a for a in args if a != arg]) as vigie:
                self.assertFalse(vigie.wait(), vigie.log())
                self.assertIn(words, vigie.log())

    def test_it_ends_when_told(self):
        with Vigie(self.host) as vigie:
            self.assertTrue(vigie.wait(), vigie.log())
            self.assertEqual(podman("stop", "--time", "30", vigie.id).returncode, 0)
            self.assertEqual(vigie.state("ExitCode"), "0")


class Document(unittest.TestCase):
    """docs/containers.md, whose commands people copy."""

    def test_it_asks_for_the_same(self):
        with open(DOCUMENT, encoding="utf-8") as file:
            text = file.read()
        spec = container_spec()
        command = re.search(r"^    sudo podman run (?:.*\\\n)*.*$", text, re.M)[0]
        self.assertEqual(re.findall(r"--cap-add=(\w+)", command),
                         spec["securityContext"]["capabilities"]["add"])
        explained = re.findall(r"^\| `([A-Z_]+)` \|", text, re.M)
        self.assertEqual(explained, spec["securityContext"]["capabilities"]["add"])
        for word in ("--cap-drop=all", "--read-only", "--pid=host", "seccomp=unconfined"):
            self.assertIn(word, command)
        for arg in spec["args"][1:]:
            self.assertIn(arg.split("=")[0], text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
