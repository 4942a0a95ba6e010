# SPDX-License-Identifier: GPL-2.0-only
"""_types - what is returned: psutil's tuples under psutil's names, and vigie's own."""
from collections import namedtuple

from ._errors import Error

svmem = namedtuple("svmem", "total available percent used free active inactive buffers cached shared slab used_legacy")
sswap = namedtuple("sswap", "total used free percent sin sout")
scputimes = namedtuple("scputimes", "user nice system idle iowait irq softirq steal")


class pcputimes(namedtuple("pcputimes", "total")):
    """CPU seconds since a process began, user and system together: sum(p.cpu_times()[:2]) is what it is of psutil's."""
    __slots__ = ()

    def _no_split(self):
        raise Error("vigie has a process' CPU time since it began as one sum: .total, or sum(cpu_times())")

    user = property(_no_split)
    system = property(_no_split)


# Of psutil's pmem only rss is there, and it is the same; the others are parts of it but for hugetlb and swap.
pmem = namedtuple("pmem", "rss anon file shmem hugetlb swap peak_rss")

Finding = namedtuple("Finding", "id rule severity since message")
Finding.__doc__ = """Something is wrong since `since`, Unix time: what vigie says of it, docs/rules.md has the rules."""

Actor = namedtuple("Actor", "unit comm pid")
Actor.__doc__ = """Somebody in a finding; pid None: all of that name."""

Culprit = namedtuple("Culprit", "unit comm pid share did")
Culprit.__doc__ = """Because of whom: what it did, and its share of it."""

Story = namedtuple("Story", "finding end process culprits quantity unit observed expected worst confidence remedy")
Story.__doc__ = """A finding in full. end None: under way; a figure that there is none of is None."""

Delay = namedtuple("Delay", "victim culprit wait_seconds")
Delay.__doc__ = """Slow waits for a CPU of one interval: who waited, who had the CPU before."""

Waits = namedtuple("Waits", "labels interval_seconds cpu run_queue sleep disk memory uninterruptible reclaim")
Waits.__doc__ = """Where the time of a group's or a process' threads went in one interval, in seconds, summed over its threads.

cpu: it ran. run_queue: it could have run, and had no CPU. sleep: it waited for something to do.
disk, memory: for storage; for memory to be found or read back. uninterruptible: for what is neither.
reclaim: making room instead of working, part of which is in memory as well. None: not known, see shed in docs/json.md."""


def waits_of(row, interval):
    """Of a row, as docs/json.md has it."""
    cpu, off, stall = (row.inner(name) for name in ("cpu_seconds", "off_cpu_seconds", "memory_stall_seconds"))
    kinds = (off.number_or_none(kind) for kind in ("sleep", "disk", "memory", "uninterruptible"))
    stalls = [stall.number_or_none(cause) for cause in ("reclaim", "cgroup_reclaim", "compaction")]
    return Waits(row.labels(), interval, cpu.number("user") + cpu.number("system"),
                 row.number_or_none("run_queue_wait_seconds"), *kinds, None if None in stalls else sum(stalls))
