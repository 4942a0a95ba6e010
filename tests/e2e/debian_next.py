# SPDX-License-Identifier: GPL-2.0-only
"""debian_next - programs and files of Debian 13's packages that Debian 12 does not have.

Downloaded once with the mirror that this machine's apt uses, as tests/vm does, and unpacked into the
same cache: nothing is installed. Where the mirror has no such package, or no network is there, the
test that wants it is skipped and says why.
"""
import glob
import os
import subprocess
import sys
import tempfile

import lib

sys.path.insert(0, os.path.join(lib.ROOT, "tests", "vm"))
import debian_kernels  # noqa: E402


class _Packages(debian_kernels.Cache):
    def folder(self, package):
        target = os.path.join(self.dir, "packages", package)
        if os.path.isdir(target):
            return target
        self._update()
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.dir) as tmp:
            self._run_apt("apt-get", "download", f"{package}/trixie", cwd=tmp)
            for deb in glob.glob(os.path.join(tmp, "*.deb")):
                subprocess.run(["dpkg-deb", "-x", deb, os.path.join(tmp, "root")], check=True)
            os.rename(os.path.join(tmp, "root"), target)
        return target


def unpacked(package):
    """Where the package's files are, as if that were "/"."""
    try:
        return _Packages().folder(package)
    except debian_kernels.NoKernel as error:
        lib.needs(False, f"Debian 13's {package}: {error}")
