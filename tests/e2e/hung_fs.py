#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""hung_fs - a file system whose owner stops answering: what NFS and FUSE do at 3 a.m.

	hung_fs.py DIRECTORY MOUNT STUCK

Shows DIRECTORY at MOUNT: its files can be read and overwritten. As long as the file STUCK exists it
takes requests and answers none: who asked waits where no signal reaches. Where STUCK holds a number,
each request is answered, so many seconds late.
"""
import errno
import os
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


if __name__ == "__main__":
    # kernel_cache: what a program has read stays in memory when somebody else opens the file.
    fusepy.FUSE(Hung(sys.argv[1], sys.argv[3]), sys.argv[2], foreground=True, nothreads=True,
                allow_other=True, use_ino=True, kernel_cache=True)
