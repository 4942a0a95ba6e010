#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The campaign: real faults and their look-alikes on the running kernel, and what vigie says.

    campaign.py [SCENARIO...]     all, or some: burner "fast leak" compile ...

One `vigie serve` watches all of them, one after the other, as in production; its log is what
is judged. Writes build/campaign.md; exit status 1 if something that must hold does not: a
fault not found in its time, a wrong culprit, a warning about a look-alike or a bystander.
"""
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

from scenarios import SCENARIOS, Stage, lib

LOUD = ("warning", "error", "critical")
SETTLE_S = 20  # after each: findings end, memory is given back


class Log:
    """The daemon's log, as a shipper would read it."""

    def __init__(self, path):
        self.path, self.at = path, 0
        self.worst = {}  # severity by finding

    def opinions(self):
        """What is new: findings that began, and those that became more severe than they were."""
        found = []
        for event in self.new():
            action, ident = event["event"]["action"], event["event"].get("id")
            severity = event["event"]["severity"]
            if action not in ("finding-start", "finding-update"):
                continue
            if action == "finding-start" or severity > self.worst.get(ident, 0):
                found.append(event)
            self.worst[ident] = max(severity, self.worst.get(ident, 0))
        return found

    def new(self):
        events = []
        with open(self.path, "rb") as f:
            f.seek(self.at)
            for line in f:
                if not line.endswith(b"\n"):
                    break
                self.at += len(line)
                events.append(json.loads(line))
        return events


def name_of(event):
    return event.get("process", {}).get("name", "")


def culprits(event):
    return [c.get("name", "") for c in event["vigie"].get("culprits", [])]


class Outcome:
    def __init__(self, scenario):
        self.scenario = scenario
        self.skipped = None
        self.delay_s = self.answer = None
        self.loud = []  # about anybody else, or at all if it is benign

    def judge(self, event, began):
        s = self.scenario
        answers = event["rule"]["id"] in s.rules and (not s.who or name_of(event) == s.who)
        if answers and not self.answer and event["log"]["level"] in LOUD:
            self.answer, self.delay_s = event, time.monotonic() - began
        # A fault may well have more than one consequence; its own people are no bystanders.
        own = {s.who, s.culprit} | ({""} if not s.benign else set())
        words = f"{event['rule']['id']} {name_of(event)}"
        if event["log"]["level"] in LOUD and not answers and words not in self.loud and (
                s.benign or name_of(event) not in own):
            self.loud.append(words)

    @property
    def culprit_right(self):
        return bool(self.answer) and self.scenario.culprit in culprits(self.answer)[:2]

    @property
    def good(self):
        if self.skipped:
            return True
        if self.scenario.benign:
            return not self.loud
        return bool(self.answer) and self.delay_s <= self.scenario.limit_s and self.culprit_right


def run(scenario, log, settle_s=SETTLE_S):
    outcome = Outcome(scenario)
    log.opinions()
    began = time.monotonic()
    try:
        with Stage() as stage:
            scenario.start(stage)
            began = time.monotonic()
            lasts = scenario.lasts_s if scenario.benign else scenario.limit_s + 5
            while time.monotonic() - began < lasts and not outcome.answer:
                time.sleep(0.2)
                for event in log.opinions():
                    outcome.judge(event, began)
    except lib.unittest.SkipTest as e:
        outcome.skipped = str(e)
    time.sleep(settle_s)
    for event in log.opinions():
        outcome.judge(event, began)
    return outcome


def row(o):
    s = o.scenario
    if o.skipped:
        return f"| {s.name} | {'look-alike' if s.benign else 'fault'} | **SKIPPED**: {o.skipped} | | | | |"
    if s.benign:
        return (f"| {s.name} | look-alike | | | | {'; '.join(o.loud) or 'none'} "
                f"| {'ok' if o.good else '**FALSE ALARM**'} |")
    found = f"{o.delay_s:.0f} s" if o.answer else "**not found**"
    who = ", ".join(culprits(o.answer)[:2]) if o.answer else ""
    return (f"| {s.name} | fault | {found} | {o.answer['rule']['id'] if o.answer else ''} "
            f"({o.answer['log']['level'] if o.answer else ''}) | {who} | "
            f"{'; '.join(o.loud) or 'none'} | {'ok' if o.good else '**MISSED**'} |")


def report(outcomes):
    done = [o for o in outcomes if not o.skipped]
    faults = [o for o in done if not o.scenario.benign]
    found = [o for o in faults if o.answer and o.delay_s <= o.scenario.limit_s]
    right = [o for o in faults if o.culprit_right]
    benign = [o for o in done if o.scenario.benign]
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    lines = [f"- Run {stamp}; kernel {platform.release()}, {os.cpu_count()} CPUs; one daemon, "
             "a snapshot a second.",
             f"- Faults found in time: {len(found)} of {len(faults)} (30 s, the slow leak 10 "
             f"minutes). Culprit named: {len(right)} of {len(faults)}.",
             f"- Warnings about look-alikes: {sum(len(o.loud) for o in benign)} in {len(benign)} "
             f"of them; about bystanders of faults: {sum(len(o.loud) for o in faults)}.", "",
             "| scenario | kind | found after | rule (level) | culprits | other warnings | verdict |",
             "|---|---|---|---|---|---|---|"]
    return "\n".join(lines + [row(o) for o in outcomes]) + "\n"


def main():
    wanted = [w.replace("-", " ") for w in sys.argv[1:]]
    chosen = [s for s in SCENARIOS if not wanted or s.name in wanted]
    if not chosen or len(chosen) < len(wanted):
        sys.exit("campaign: no such scenario; there are: " + ", ".join(s.name for s in SCENARIOS))
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="vigie-campaign.") as place:
        with lib.Serve("--state-dir", os.path.join(place, "state"), "--interval", "1s"):
            log = Log(os.path.join(place, "state", "events.ndjson"))
            time.sleep(3)
            for scenario in chosen:
                print(f"campaign: {scenario.name} ...", file=sys.stderr, flush=True)
                outcomes.append(run(scenario, log))
                print(row(outcomes[-1]), file=sys.stderr, flush=True)
        subprocess.run([lib.VIGIE, "verify", os.path.join(place, "state", "events.ndjson")],
                       check=True, stdout=subprocess.DEVNULL)
    text = report(outcomes)
    with open(os.path.join(os.environ.get("O", "build"), "campaign.md"), "w",
              encoding="utf-8") as f:
        f.write(text)
    print(text)
    return 0 if all(o.good for o in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
