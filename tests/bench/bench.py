# SPDX-License-Identifier: GPL-2.0-only
"""make bench: runs the rows, prints the table, writes $O/bench.md.

`bench.py [GROUP...]` runs some of: switch pingpong paths compile sqlite scale recorder base. Ends with 0
unless something could not run; a missing peer is said aloud and skips its row.
"""
import os
import signal
import subprocess
import sys
import time
import traceback

import base
import recorder
import report
import rig
import rows
import scale

GROUPS = {**rows.GROUPS, **scale.GROUPS, **recorder.GROUPS}
ALL = {**GROUPS, **base.GROUPS}


def commit():
    try:
        out = subprocess.run(["git", "describe", "--always", "--dirty"], check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return out.stdout.decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def version():
    out = subprocess.run([rig.VIGIE, "--version"], check=True, stdout=subprocess.PIPE)
    return out.stdout.decode().split("\n")[0].strip()


def run_groups(names, quick):
    table = []
    for name in names:
        began = time.monotonic()
        print(f"bench: {name} …", file=sys.stderr, flush=True)
        try:
            table += ALL[name](quick)
        except rig.Skip as e:
            print(f"bench: {name} SKIPPED: {e}", file=sys.stderr, flush=True)
            table.append(report.Row(name, "", f"**SKIPPED**: {e}"))
        except Exception as e:  # one broken row must not hide the others
            traceback.print_exc()
            table.append(report.Row(name, f"**COULD NOT RUN**: {e}"))
        print(f"bench: {name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    for row in table:
        if "SKIPPED" in row.peer:
            print(f"bench: {row.what}: {row.peer}", file=sys.stderr)
    return table


def main():
    names = sys.argv[1:] or (["base"] if base.BASE else list(GROUPS))
    unknown = [n for n in names if n not in ALL]
    if unknown:
        sys.exit(f"bench: '{unknown[0]}' is not one of {' '.join(ALL)}")
    if os.geteuid():
        sys.exit("bench: needs root: it loads BPF programs")
    # Every context manager cleans up on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped by SIGTERM"))
    load, began = os.getloadavg(), time.monotonic()
    table = run_groups(names, os.environ.get("BENCH_QUICK") == "1")
    text = report.facts(version(), load, time.monotonic() - began, commit())
    text += "\n\n" + report.table(table) + "\n"
    with open(os.path.join(rig.OUT, "bench.md"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text)
    failed = [row.what for row in table if "COULD NOT RUN" in row.ours]
    if failed:
        sys.exit(f"bench: could not run: {', '.join(failed)}")


if __name__ == "__main__":
    main()
