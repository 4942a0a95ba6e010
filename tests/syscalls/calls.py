# SPDX-License-Identifier: GPL-2.0-only
"""calls - which system calls of a process can fail, and having the N-th of them fail.

Owns: strace: a trace without harm, the list of calls in it that are worth failing, and one injected
error. Not here: what must hold then (torture.py).
"""
import collections
import os
import re
import signal
import subprocess
import tempfile

import lib

# What each may fail with; the likeliest on a host in distress. Others: EIO.
ERRORS = {
    "EMFILE": "openat openat2 socket socketpair pipe2 accept4 epoll_create1 timerfd_create signalfd4 "
              "perf_event_open memfd_create pidfd_open fcntl dup inotify_init1",
    "ENOMEM": "mmap brk mremap mprotect bpf epoll_ctl ioctl seccomp getdents64 landlock_create_ruleset "
              "landlock_add_rule poll setsockopt membarrier madvise",
    "EPERM": "prctl capset capget setresuid setresgid setgroups landlock_restrict_self prlimit64 fchown "
             "fchmod chmod kill sched_setaffinity",
    "EAGAIN": "clone clone3 fork getrandom sendto sendmsg",
    "ENOSPC": "write pwrite64 pwritev writev mkdirat ftruncate linkat renameat renameat2",
    "EINTR": "recvmsg epoll_wait epoll_pwait wait4 waitid clock_nanosleep nanosleep",
    "ECONNRESET": "recvfrom shutdown",
    "EADDRINUSE": "bind listen connect",
}
ERROR_OF = {call: error for error, calls in ERRORS.items() for call in calls.split()}
# What cannot fail, or does its work although it says that it failed: then only the injection would
# leave a descriptor or memory behind.
NEVER = set("close close_range munmap exit_group exit execve rt_sigreturn restart_syscall rt_sigaction "
            "rt_sigprocmask clock_gettime gettimeofday getpid gettid getppid getuid geteuid getgid "
            "getegid getrusage uname umask set_robust_list set_tid_address arch_prctl rseq "
            "sched_yield futex".split())
# Commands of others that cannot: libmicrohttpd aborts where a descriptor will not leave an epoll set.
CERTAIN = re.compile(r"EPOLL_CTL_DEL|F_GETFD|F_SETFD|F_GETFL")
LINE = re.compile(r"(\w+)\((.*)")
OBJECT = re.compile(r'<([^<>]*(?:<[^<>]*>)?)>|"([^"]*)"|\b([A-Z]{2,}_\w+)\b')

Call = collections.namedtuple("Call", "name number place error")


def place_of(name, arguments):
    """What the call is about: a path, the kind of a descriptor, a command; numbers are alike."""
    found = OBJECT.search(arguments)
    what = next(filter(None, found.groups()), "") if found else ""
    if name in ("openat", "openat2", "newfstatat", "mkdirat") and '"' in arguments:
        what = arguments.split('"')[1]
    if name in ("bpf", "epoll_ctl", "fcntl", "prctl", "ioctl"):
        what = next(iter(re.findall(r"\b[A-Z]{2,}_\w+", arguments)), what)
    return f"{name} {re.sub(r'[0-9]+', '#', what)[-60:]}"


def error_of(name, place):
    """What it fails with: no disk is behind a descriptor of the kernel's own."""
    if name == "read" and re.search(r"\[(signalfd|timerfd|eventfd)\]", place):
        return "EAGAIN"
    return ERROR_OF.get(name, "EIO")


def loader_ends(lines):
    """The index of the first line after the dynamic loader, whose failures are not vigie's."""
    return next((i + 1 for i, line in enumerate(lines) if line.startswith("munmap(")), 0)


def worth_failing(lines, first, of_a_place):
    """The calls of a trace: at most so many of each place, the first, the last and between."""
    counts, places = collections.Counter(), collections.defaultdict(list)
    for index, line in enumerate(lines):
        found = LINE.match(line)
        if not found:
            continue
        name, arguments = found.groups()
        counts[name] += 1
        if index >= first and name not in NEVER and not CERTAIN.search(arguments):
            place = place_of(name, arguments)
            places[place].append(Call(name, counts[name], place, error_of(name, place)))
    return [calls[i] for calls in places.values() for i in spread(len(calls), of_a_place)]


def spread(n, most):
    """At most so many of range(n), its ends among them."""
    if n <= most:
        return range(n)
    return sorted({i * (n - 1) // max(most - 1, 1) for i in range(most)})


def inject(call):
    return [] if call is None else [
        "-e", f"trace={call.name}", "-e", f"inject={call.name}:error={call.error}:when={call.number}"]


def injected(log):
    """Has it happened?"""
    try:
        return "(INJECTED)" in lib.read(log)
    except FileNotFoundError:
        return False


class Attached:
    """strace on a process that runs; `call` fails in it, None: nothing does."""

    def __init__(self, pid, log, call=None):
        self.pid = pid
        self.tracer = subprocess.Popen(["strace", "-qq", "-y", "-o", log, *inject(call), "-p", str(pid)],
                                       stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def __enter__(self):
        def traced():
            if self.tracer.poll() is not None:
                raise AssertionError(f"strace: {self.tracer.stderr.read()}")
            return lib.status(self.pid)["TracerPid"] == self.tracer.pid
        lib.wait_for(traced, "strace to attach", every_s=0.005)
        return self

    def __exit__(self, *_):
        if self.tracer.poll() is None:
            self.tracer.send_signal(signal.SIGTERM)
        self.tracer.wait(lib.PATIENCE_S)
        self.tracer.stderr.close()


def strace_works():
    """A probe: may we trace here at all, and does it inject?"""
    run = subprocess.run(["strace", "-qq", "-o", os.devnull, "-e", "inject=getuid:error=EIO:when=1",
                          "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return run.returncode == 0


def fail_first(name, text, error, command):
    """The command, with the first of these calls failing whose arguments have the text; how it ended."""
    with tempfile.NamedTemporaryFile() as log:
        trace = ["strace", "-qq", "-o", log.name, "-e", f"trace={name}"]
        subprocess.run([*trace, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
                       timeout=lib.PATIENCE_S)
        calls = [line for line in lib.read(log.name).splitlines() if line.startswith(f"{name}(")]  # not signals
        number = next(i for i, call in enumerate(calls, 1) if text in call)
        return subprocess.run([*trace, "-e", f"inject={name}:error={error}:when={number}", *command], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=lib.PATIENCE_S)
