#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""self_test - a vigie that leaks does not pass the soak, and says what has grown.

    self_test.py leak.so [SECONDS]
"""
import os
import sys

from soak import Soak, lib

# What leaks with each connection, what the soak must find to have grown, and what not: a soak that calls everything
# grown would find these, too. Of what is counted there is no noise, of memory there is in so short a time.
OTHERS = {f"vigie-{name}: fds" for name in ("writer", "history", "namer", "profiler", "password", "opener")}
LEAKS = (({"SOAK_LEAK_BYTES": "4096"}, {"vigie: Pss_Anon", "vigie: Rss"}, {"vigie: fds", "vigie: threads"} | OTHERS),
         ({"SOAK_LEAK_FDS": "1"}, {"vigie: fds"}, {"vigie: threads"} | OTHERS))


def main():
    lib.needs_watching()
    leak = os.path.abspath(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 90
    failed = 0
    for number, (what, grown, not_grown) in enumerate(LEAKS, 1):
        soak = Soak(seconds, env={**what, "LD_PRELOAD": leak}, prefix="# ")
        soak.run()
        seen = {" ".join(name.split()[:2]).rstrip(",") for name in soak.verdicts.failed}
        looked_at = {f"{name}: {kind}" for name, kind in soak.watch.samples}
        good = grown <= seen and not not_grown & seen and grown | not_grown <= looked_at
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - a leak is seen: {what}: {sorted(seen)}")
    print(f"1..{len(LEAKS)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
