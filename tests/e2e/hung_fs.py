#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""hung_fs - a file system whose owner stops answering: what NFS and FUSE do at 3 a.m.

	hung_fs.py DIRECTORY MOUNT STUCK

Shows DIRECTORY at MOUNT: files can be read, written, made and removed there, for the user who asks.
As long as the file STUCK exists it takes requests and answers none: who asked waits where no signal
reaches. Where STUCK holds a number, each request is answered, so many seconds late.
"""
import errno
import os
import stat
import sys
import time

import fusepy


class Hung(fusepy.Operations):
    use_ns = True

    def __init__(self, directory, stuck):
        self.directory = directory
        self.stuck = stuck

    def __call__(self, op, *args):
        while (late := self.late()) is not None:
            time.sleep(late or .02)
            if late:
                break
        return super().__call__(op, *args)

    def late(self):
        """Seconds; 0: never; None: not at all."""
        try:
            with open(self.stuck, encoding="ascii") as file:
                return float(file.read() or 0)
        except FileNotFoundError:
            return None

    def at(self, path):
        return os.path.join(self.directory, path.lstrip("/"))

    def getattr(self, path, fh=None):
        try:
            found = os.lstat(self.at(path))
        except FileNotFoundError:
            raise fusepy.FuseOSError(errno.ENOENT) from None
        return {key: getattr(found, key) for key in
                ("st_mode", "st_size", "st_uid", "st_gid", "st_nlink", "st_ino")}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.at(path))]

    def open(self, path, flags):
        return os.open(self.at(path), flags & os.O_ACCMODE)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def release(self, path, fh):
        os.close(fh)
        return 0

    # --- What a program that keeps files needs besides.

    def given(self, path):
        """What was made belongs to who made it, not to us."""
        os.chown(self.at(path), *fusepy.fuse_get_context()[:2])

    def create(self, path, mode, fi=None):
        fd = os.open(self.at(path), os.O_RDWR | os.O_CREAT, stat.S_IMODE(mode))
        self.given(path)
        return fd

    def mknod(self, path, mode, dev):
        os.mknod(self.at(path), mode, dev)
        self.given(path)

    def mkdir(self, path, mode):
        os.mkdir(self.at(path), mode)
        self.given(path)

    def truncate(self, path, length, fh=None):
        os.truncate(self.at(path) if fh is None else fh, length)

    def fsync(self, path, datasync, fh):
        os.fsync(fh)
        return 0

    def chmod(self, path, mode):
        os.chmod(self.at(path), stat.S_IMODE(mode))

    def chown(self, path, uid, gid):
        os.chown(self.at(path), uid, gid)

    def rename(self, old, new):
        os.rename(self.at(old), self.at(new))

    def unlink(self, path):
        os.unlink(self.at(path))

    def rmdir(self, path):
        os.rmdir(self.at(path))


if __name__ == "__main__":
    os.umask(0)  # the kernel has taken off that of who asks
    # kernel_cache: what a program has read stays in memory when somebody else opens the file.
    fusepy.FUSE(Hung(sys.argv[1], sys.argv[3]), sys.argv[2], foreground=True, nothreads=True,
                allow_other=True, use_ino=True, kernel_cache=True)
