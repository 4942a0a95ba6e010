# SPDX-License-Identifier: GPL-2.0-only
"""Debian's cloud and real-time kernels for amd64, from the mirror that this machine's apt uses.

A kernel is asked for as 6.1, or 6.1-rt for PREEMPT_RT: the newest of that version. Owns: the cache (${XDG_CACHE_HOME:-~/.cache}/vigie-vm) and apt directories of its own; the
system's apt state is only read. Not here: booting them (run).
"""
import fcntl
import glob
import os
import re
import shutil
import subprocess
import tempfile
import time

SUITES = ("bullseye", "bookworm", "bookworm-backports", "trixie", "trixie-backports", "sid")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LISTS_DAYS = 7


class NoKernel(Exception):
    """Neither in the cache nor to be had: no network, or no such version."""


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "vigie-vm")


def version_key(release):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", release)]


def matches(release, wanted):
    """7 is 7.2.3 but not 70; 6.1 is 6.1.0 but not 6.12, and 6.1-rt only with PREEMPT_RT."""
    prefix, _, flavour = wanted.partition("-")
    return (re.match(re.escape(prefix) + r"(?!\d)", release) is not None
            and release.endswith(f"-{flavour or 'cloud'}-amd64"))


class Cache:
    def __init__(self):
        self.dir = cache_dir()
        self.kernels = os.path.join(self.dir, "kernels")
        self.apt = os.path.join(self.dir, "apt")
        for folder in ("kernels", "apt/lists/partial", "apt/archives/partial"):
            os.makedirs(os.path.join(self.dir, folder), exist_ok=True)

    def kernel(self, prefix):
        """The path of the newest image that matches; downloaded if the cache has none."""
        with open(os.path.join(self.dir, "lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._newest_cached(prefix):
                self._fetch(prefix)
            return self._newest_cached(prefix)

    def _newest_cached(self, prefix):
        found = [path for path in glob.glob(os.path.join(self.kernels, "*", "vmlinuz"))
                 if matches(path.split("/")[-2], prefix)]
        return max(found, key=lambda path: version_key(path.split("/")[-2]), default=None)

    def _run_apt(self, *command, **kwargs):
        options = {
            "APT::Architecture": "amd64", "APT::Architectures": "amd64",
            "Acquire::Languages": "none", "Acquire::Retries": "2", "Acquire::http::Timeout": "20",
            "APT::Sandbox::User": "root", "Dir::Cache": self.apt, "Dir::State": self.apt,
            "Dir::State::Lists": os.path.join(self.apt, "lists"),
            "Dir::State::Status": "/dev/null", "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::SourceList": os.path.join(self.apt, "sources.list"),
        }
        argv = [command[0], "-qq"]
        for name, value in options.items():
            argv += ["-o", f"{name}={value}"]
        try:
            done = subprocess.run(argv + list(command[1:]), stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                                  timeout=300, **kwargs)
        except FileNotFoundError as error:
            raise NoKernel("apt is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise NoKernel("the Debian mirror did not answer in time") from error
        except subprocess.CalledProcessError as error:
            last = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise NoKernel(f"{command[0]}: {last}") from error
        return done.stdout

    @staticmethod
    def _mirror():
        """The first Debian archive in the system's own sources."""
        try:
            out = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)",
                                  "Created-By: Packages", "Component: main"],
                                 stdout=subprocess.PIPE, text=True, check=False).stdout
        except FileNotFoundError as error:
            raise NoKernel("apt is not installed") from error
        uris = [uri for uri in out.split() if "security" not in uri]
        if not uris:
            raise NoKernel("apt knows no Debian mirror")
        return uris[0]

    def _update(self):
        stamp = os.path.join(self.apt, "stamp")
        if os.path.exists(stamp) and time.time() - os.path.getmtime(stamp) < LISTS_DAYS * 86400:
            return
        mirror = self._mirror()
        with open(os.path.join(self.apt, "sources.list"), "w", encoding="ascii") as file:
            for suite in SUITES:
                file.write(f"deb [signed-by={KEYRING}] {mirror} {suite} main\n")
        self._run_apt("apt-get", "-o", "APT::Update::Error-Mode=any", "update")
        with open(stamp, "w", encoding="ascii"):
            pass

    def _fetch(self, prefix):
        self._update()
        names = self._run_apt("apt-cache", "pkgnames", "linux-").split()
        pattern = re.compile(r"linux-image-(\d.*-amd64)")
        releases = [match.group(1) for match in map(pattern.fullmatch, names)
                    if match and matches(match.group(1), prefix)]
        if not releases:
            raise NoKernel(f"the mirror has no kernel {prefix}")
        release = max(releases, key=version_key)
        # Newer kernels have their image in a package of its own.
        wanted = [f"linux-{part}-{release}" for part in ("image", "binary", "base")]
        self._unpack(release, [name for name in wanted if name in names])

    def _unpack(self, release, packages):
        with tempfile.TemporaryDirectory(dir=self.dir) as tmp:
            self._run_apt("apt-get", "download", *packages, cwd=tmp)
            for deb in glob.glob(os.path.join(tmp, "*.deb")):
                subprocess.run(["dpkg-deb", "-x", deb, os.path.join(tmp, "root")], check=True)
            images = glob.glob(f"{tmp}/root/boot/vmlinuz-{release}") + \
                glob.glob(f"{tmp}/root/**/{release}/vmlinuz", recursive=True)
            if not images:
                raise NoKernel(f"no image in the packages of {release}")
            new = os.path.join(tmp, "new")
            os.mkdir(new)
            shutil.copy(images[0], os.path.join(new, "vmlinuz"))
            os.rename(new, os.path.join(self.kernels, release))
