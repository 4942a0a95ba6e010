#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Debian's user space as a tar archive, for a chroot or a VM: from the mirror that apt uses here.

    tests/vm/debian_roots.py SUITE PACKAGE...     prints the path of the archive

Owns: the cache beside that of kernels (debian_kernels). What is started in it is not here.
"""
import fcntl
import hashlib
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from debian_kernels import KEYRING, Cache, NoKernel

KEPT_DAYS = 30


def root(suite, packages):
    """The path of an archive with these packages and what they need; made if the cache has none."""
    cache = Cache()
    folder = os.path.join(cache.dir, "roots")
    os.makedirs(folder, exist_ok=True)
    name = hashlib.sha256(" ".join(sorted(packages)).encode()).hexdigest()[:12]
    path = os.path.join(folder, f"{suite}-{name}.tar")
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path) or time.time() - os.path.getmtime(path) > KEPT_DAYS * 86400:
            make(suite, packages, cache, path)
    return path


def make(suite, packages, cache, path):
    source = f"deb [signed-by={KEYRING}] {cache._mirror()} {suite} main"
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(packages),
               suite, path + ".new.tar", source]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=False, timeout=900)
    except FileNotFoundError as error:
        raise NoKernel("mmdebstrap is not installed (scripts/setup --test)") from error
    if done.returncode:
        raise NoKernel(f"mmdebstrap: {done.stdout[-2000:]}")
    os.rename(path + ".new.tar", path)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        print(root(sys.argv[1], sys.argv[2:]))
    except NoKernel as error:
        sys.exit(f"debian_roots: {error}")


if __name__ == "__main__":
    main()
