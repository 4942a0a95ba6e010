# SPDX-License-Identifier: GPL-2.0-only
"""vigie_client - psutil's questions, answered by a vigie: what is, without reading /proc, and why.

    import vigie_client as psutil
    psutil.virtual_memory().available
    psutil.cpu_percent(interval=1)
    for p in psutil.process_iter(["pid", "name", "cpu_percent"]):
        print(p.info)

These ask the vigie at VIGIE_URL, else the one of this host; connect() is for others. docs/python.md has what differs
from psutil, and what there is beyond it. Needs nothing but Python's standard library, from 3.9 on.
"""
import threading as _threading

from ._client import Client
from ._errors import AccessDenied, Error, NoSuchProcess, TimeoutExpired, ZombieProcess
from ._http import default_url
from ._types import Actor, Culprit, Delay, Finding, Story, Waits

__version__ = "0.1.0"

_lock = _threading.Lock()
_default = None


def connect(url=None, token=None, auth=None, timeout=10.0, cafile=None):
    """The vigie at an address: unix:PATH, http://HOST:PORT, https://HOST:PORT.

    token: a bearer token; auth: (user, password); cafile: the certificate of who signed its own. timeout: seconds
    for one answer in full.
    """
    return Client(url, token=token, auth=auth, timeout=timeout, cafile=cafile)


def _default_client():
    global _default
    with _lock:
        if _default is None:
            _default = Client()
        return _default


def _of_default(name):
    method = getattr(Client, name)

    def ask(*args, **kwargs):
        return method(_default_client(), *args, **kwargs)
    ask.__name__ = ask.__qualname__ = name
    ask.__doc__ = method.__doc__
    return ask


_ASKED = ("virtual_memory", "swap_memory", "cpu_times", "cpu_percent", "cpu_times_percent", "cpu_count", "boot_time",
          "getloadavg", "pids", "pid_exists", "process_iter", "Process", "sentence", "findings", "story", "delays",
          "waits")
for _name in _ASKED:
    globals()[_name] = _of_default(_name)
del _name

__all__ = ["connect", "default_url", "Client", "AccessDenied", "Error", "NoSuchProcess", "TimeoutExpired",
           "ZombieProcess", "Actor", "Culprit", "Delay", "Finding", "Story", "Waits", *_ASKED]
