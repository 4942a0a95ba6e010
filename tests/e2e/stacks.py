# SPDX-License-Identifier: GPL-2.0-only
"""stacks - whole stacks of a session and of perf, made comparable.

Owns: reading both as {stack: samples}, what two samplings of one program may differ by, and
compiling a workload in another way than make does. A stack is a tuple of names, outermost first.
"""
import collections
import json
import math
import os
import re
import shutil
import subprocess

import lib

START = re.compile(r"_start$|(__)?libc_start|(__GI_)?_*clone3?$|start_thread$|\[libc")


def source(name):
    return os.path.join(lib.ROOT, "tests", "workload", name)


def compiled(directory, name, *flags, file="unwinds.c", compiler="cc"):
    """A program of tests/workload, made with these flags; skips where there is no compiler."""
    lib.needs(shutil.which(compiler) is not None, f"{compiler} is not installed")
    path = os.path.join(directory, name)
    subprocess.run([compiler, "-O2", "-g", *flags, "-o", path, source(file)], check=True)
    return path


def of_session(session, view="cpu"):
    """User stacks of a session's JSON by number of samples, notes and start frames dropped."""
    found = collections.Counter()
    for s in session["samples"]:
        if s["view"] == view and s["count"]:
            frames = [session["frames"][f] for f in s["stack"]]
            names = [f["name"] for f in frames
                     if f["kind"] in ("native", "jit") and not f.get("inlined")]
            found[normal(names)] += s["count"]
    return found


def of_perf(data):
    """The same of a perf.data file."""
    run = subprocess.run(["perf", "script", "-i", data, "--no-inline", "-F", "ip,sym,dso"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
                         timeout=300)
    found = collections.Counter()
    for block in run.stdout.strip().split("\n\n"):
        names = []
        for line in block.splitlines():
            entry = re.match(r"\s*[0-9a-f]+ (.*) \((.*)\)$", line)
            if entry and not entry[2].startswith("[kernel"):
                names.append(entry[1])
        found[normal(names[::-1])] += 1
    return found


def normal(names):
    """Without what starts a thread; an alias is one name; a name without a file's suffix."""
    plain = (re.sub(r"^(__GI)?_+|@.*|\.(part|constprop|isra|cold)[.\d]*$", "", n)
             for n in names if not START.match(n))
    plain = (n.replace("memmove", "memcpy") for n in plain)
    return tuple(re.sub(r"\[.*", "[unknown]", n) for n in plain)


def leaves(found):
    sums = collections.Counter()
    for stack, n in found.items():
        sums[stack[-1] if stack else ""] += n
    return sums


def overlap(a, b):
    """1: the same shares; 0: nothing in common."""
    all_a, all_b = sum(a.values()), sum(b.values())
    return sum(min(a[k] / all_a, b[k] / all_b) for k in a.keys() | b.keys())


def noise(a, b):
    """What the overlap of two samplings of one distribution is expected to be: that of a and b
    together."""
    all_a, all_b = sum(a.values()), sum(b.values())
    loss = 0
    for k in a.keys() | b.keys():
        p = (a[k] + b[k]) / (all_a + all_b)
        loss += math.sqrt(2 / math.pi * p * (1 - p) * (1 / all_a + 1 / all_b))
    return 1 - loss / 2


def perf_record(pid, seconds, data):
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "997", "--call-graph",
                    "dwarf,16384", "-o", data, "-p", str(pid), "--", "sleep", str(seconds)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=seconds + 60)


def vigie_record(pid, seconds, file, *args):
    """A session's JSON."""
    run = subprocess.run([lib.VIGIE, "record", "-p", str(pid), "-d", f"{seconds}s", "-o", file,
                          *args], check=False, stderr=subprocess.PIPE, timeout=seconds + 60)
    assert run.returncode == 0, run.stderr.decode()
    run = subprocess.run([lib.VIGIE, "report", file, "-f", "json"], stdout=subprocess.PIPE,
                         check=True, timeout=60)
    return json.loads(run.stdout)


def compare(pid, seconds, directory, hz=997):
    """perf, vigie, perf on one program: (perf, vigie, perf), each {stack: samples}."""
    data = [os.path.join(directory, f"{n}.data") for n in range(2)]
    perf_seconds = math.ceil(1.2 * seconds * hz / 997)  # as many stacks of each
    perf_record(pid, perf_seconds, data[0])
    session = vigie_record(pid, seconds, os.path.join(directory, "p1.vigie"), "--views", "cpu",
                           "--hz", str(hz))
    perf_record(pid, perf_seconds, data[1])
    first, last = (of_perf(d) for d in data)
    for d in data:
        os.unlink(d)
    return first, of_session(session), last


GUEST = """
static volatile unsigned long sink;
__attribute__((noinline, noclone)) static void %s(void)
{
	for (unsigned long i = 0; i < 200000; i++)
		sink += i * i;
	sink++;
}
void guest(void)
{
	%s
	%s();
	sink++;
}
"""


def guest(directory, name, *flags, padding=0):
    """A library for workload `guests` whose time is in a function of this name."""
    path = os.path.join(directory, f"lib{name}.so")
    text = GUEST % (name, "sink++;" * padding, name)
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-xc", "-o", path, "-", *flags], input=text,
                   text=True, check=True)
    return path
