# SPDX-License-Identifier: GPL-2.0-only
"""_errors - what goes wrong, under psutil's names, so that code written for psutil catches it."""


class Error(Exception):
    """Base of all that this package raises, but for ValueError and TypeError of wrong arguments.

    status: of an answer of HTTP that refused, such as 503; else None.
    """

    def __init__(self, msg="", status=None):
        super().__init__(msg)
        self.msg, self.status = msg, status


class AccessDenied(Error):
    """The socket may not be opened, or the credentials are none or wrong ones."""


class TimeoutExpired(Error):
    """No whole answer within the time that was given."""


class NoSuchProcess(Error):
    """There is no process of that number, or it is another one by now."""

    def __init__(self, pid, name=None, msg=None):
        super().__init__(msg or f"no process with pid {pid}")
        self.pid, self.name = pid, name


class ZombieProcess(NoSuchProcess):
    """Never raised, as vigie counts a zombie as gone: here for who names it in an except clause."""
