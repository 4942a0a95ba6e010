#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tally - runs one test suite and counts what it reports.

    tally.py --results FILE [--limit SECONDS] [--second-chance] NAME -- COMMAND...
    tally.py --results FILE --skip REASON NAME
    tally.py --results FILE --close

Owns the protocol between suites and scripts/test (CONTRIBUTING.md describes it): TAP lines,
cmocka's standard output and unittest's output are understood; everything is passed through.
A command that fails without a failed case counts as one failure, and so does one that
reports nothing. With --second-chance what fails is run once more, and that counts: what failed
first is kept. --close repeats every failure, skip and first failure, says how many second chances
were used, prints the sum and gives the status.
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

TAP = re.compile(r"(not )?ok\b(?:\s+\d+)?(?:\s+-)?\s*(.*)")
TAP_SKIP = re.compile(r"#\s*skip\S*\s*(.*)", re.I)
CMOCKA = re.compile(r"\[ +(OK|FAILED|SKIPPED) +\] (.+)")
CMOCKA_LIST = re.compile(r"\[ +(?:FAILED|SKIPPED) +\] \d+ test\(s\), listed below:")
CMOCKA_LIST_END = re.compile(r" *\d+ (?:FAILED|SKIPPED) TEST\(S\)")
UNITTEST_RAN = re.compile(r"Ran (\d+) tests? in ")
UNITTEST_SKIP = re.compile(r"(.+) \.\.\. skipped (['\"].*)")
UNITTEST_FAIL = re.compile(r"(FAIL|ERROR): (.+)")
UNITTEST_END = re.compile(r"(?:OK|FAILED)(?: \((.*)\))?$")
UNITTEST_COUNT = re.compile(r"(failures|errors|skipped|unexpected successes)=(\d+)")
SANITIZER = re.compile(r"(==\d+==ERROR: \w+Sanitizer.*|.*: runtime error: .*)")


class Tally:
    """Counts line by line. Failures and skips are kept with their names."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []
        self._unittest_ran = None
        self._unittest_failed = []
        self._unittest_skipped = []
        self._in_cmocka_list = False

    def feed(self, line):
        line = line.rstrip("\r\n")
        self._tap(line) or self._cmocka(line) or self._unittest(line) or self._sanitizer(line)

    def _tap(self, line):
        match = TAP.match(line)
        if not match:
            return False
        failed, name = match.groups()
        skip = TAP_SKIP.search(name)
        if failed:
            self.failed.append(name)
        elif skip:
            self.skipped.append(f"{name[:skip.start()].strip()}: {skip.group(1)}")
        else:
            self.passed += 1
        return True

    def _cmocka(self, line):
        if CMOCKA_LIST.match(line):
            self._in_cmocka_list = True  # names are repeated until "N FAILED TEST(S)"
        elif CMOCKA_LIST_END.match(line):
            self._in_cmocka_list = False
        match = CMOCKA.match(line)
        if not match or self._in_cmocka_list or "listed below" in line:
            return bool(match)
        result, name = match.groups()
        if result == "OK":
            self.passed += 1
        else:
            (self.failed if result == "FAILED" else self.skipped).append(name)
        return True

    def _unittest(self, line):
        if match := UNITTEST_SKIP.match(line):
            self._unittest_skipped.append(f"{match.group(1)}: {match.group(2)}")
        elif match := UNITTEST_FAIL.match(line):
            self._unittest_failed.append(match.group(2))
        elif match := UNITTEST_RAN.match(line):
            self._unittest_ran = int(match.group(1))
        elif self._unittest_ran is not None and (match := UNITTEST_END.match(line)):
            self._unittest_sum(dict(UNITTEST_COUNT.findall(match.group(1) or "")))
        else:
            return False
        return True

    def _unittest_sum(self, counts):
        bad = sum(int(n) for what, n in counts.items() if what != "skipped")
        skipped = int(counts.get("skipped", 0))
        self.passed += max(0, self._unittest_ran - bad - skipped)
        self.failed += pad(self._unittest_failed, bad)
        self.skipped += pad(self._unittest_skipped, skipped)
        self._unittest_ran = None
        self._unittest_failed, self._unittest_skipped = [], []

    def _sanitizer(self, line):
        if SANITIZER.match(line):
            self.failed.append(line)

    def end(self, status, limit=None):
        """status: the exit status of the command; None if it ran into its time limit."""
        if status is None:
            self.failed.append(f"no end within {limit} s")
        elif status != 0 and not self.failed:
            self.failed.append(f"ended with status {status}")
        elif self.passed + len(self.failed) + len(self.skipped) == 0:
            self.failed.append("reported no result")


def pad(names, count):
    return (names + ["(unnamed)"] * count)[:count]


def run(command, limit, tally):
    """Runs the command in a process group of its own, so that the limit ends all of it."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True)
    expired = threading.Event()

    def end_group(expire=True):
        if expire:
            expired.set()
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    timer = threading.Timer(limit, end_group)
    timer.start()
    try:
        for raw in child.stdout:
            line = raw.decode("utf-8", "backslashreplace")
            sys.stdout.write(line)
            sys.stdout.flush()
            tally.feed(line)
        status = child.wait()
    except KeyboardInterrupt:
        end_group(expire=False)
        raise
    finally:
        timer.cancel()
    tally.end(None if expired.is_set() else status, limit)


def report(results, name, tally, seconds, first=None):
    """first: what failed before the second chance that this was; None: it was none."""
    entry = {"suite": name, "passed": tally.passed, "failed": tally.failed,
             "skipped": tally.skipped, "first": first}
    with open(results, "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    print(f"{name}: {tally.passed} passed, {len(tally.failed)} failed, "
          f"{len(tally.skipped)} skipped ({seconds:.0f} s)", flush=True)


def close(results):
    with open(results, encoding="utf-8") as file:
        entries = [json.loads(line) for line in file]
    for what in "skipped", "failed":
        for entry in entries:
            for name in entry[what]:
                print(f"{what.upper()} {entry['suite']}: {name}")
    again = [entry for entry in entries if entry["first"] is not None]
    for entry in again:
        for name in entry["first"]:
            print(f"FAILED FIRST {entry['suite']}: {name}")
    print(f"second chances: {len(again)}" +
          (f" ({', '.join(entry['suite'] for entry in again)})" if again else ""))
    passed = sum(e["passed"] for e in entries)
    failed = sum(len(e["failed"]) for e in entries)
    skipped = sum(len(e["skipped"]) for e in entries)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed or not passed else 0


def interrupted(*_):
    raise KeyboardInterrupt  # run() ends the suite's processes


def main():
    signal.signal(signal.SIGTERM, interrupted)
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--results", required=True)
    parser.add_argument("--limit", type=float, default=600)
    parser.add_argument("--second-chance", action="store_true")
    parser.add_argument("--skip")
    parser.add_argument("--close", action="store_true")
    parser.add_argument("name", nargs="?")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    if args.close:
        return close(args.results)
    tally, first = Tally(), None
    began = time.monotonic()
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if args.skip:
        print(f"ok - {args.name} # SKIP {args.skip}")
        tally.skipped.append(args.skip)
    else:
        run(command, args.limit, tally)
    if args.second_chance and tally.failed:
        print(f"\n== {args.name}: failed as shown above; once more, and that counts", flush=True)
        first, tally = tally.failed, Tally()
        run(command, args.limit, tally)
    report(args.results, args.name, tally, time.monotonic() - began, first)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
