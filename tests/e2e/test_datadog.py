#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""deploy/datadog: the shipped files before a live page, by the Agent's own parsers (datadog_agent.py).

Owns: that each name that is configured is there, that 100 groups stay below the Agent's limit, that hostile names
neither break a scrape nor merge, that monitors ask for what is sent. Not here: Datadog itself, which is closed.
"""
import contextlib
import glob
import json
import os
import re
import unittest

import lib
from lib import ROOT, Serve, needs, wait_for
from scraping import Actor
from test_hostile import comm, shown

DEPLOYED = os.path.join(ROOT, "deploy", "datadog")
GROUPS = 100
HOSTILE = [b"a\nb 1\n# EOF\n", b"# EOF", b'q"\\},x="1', b"\xff\xfe\xfd", b"\r", b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e",
           b"\xc2\x85", "\u2028".encode(), "\u2029".encode(), b"", b" ", b"a\\", b"NaN", b"host:evil", b"\x1b[31m",
           "\u202eabc".encode(), b"a,b;c", b"<b>"]
METRIC = re.compile(r"\bvigie\.[a-z0-9_.]+")


def setUpModule():
    global datadog_agent, STACK, AGENT, DAEMON, BOSS, PIDS
    lib.needs_watching()
    try:
        import datadog_agent
    except ImportError as error:
        needs(False, f"{error}: scripts/setup --test")
    STACK = contextlib.ExitStack()
    unittest.addModuleCleanup(STACK.close)
    AGENT = datadog_agent.Agent(datadog_agent.instance(os.path.join(DEPLOYED, "openmetrics.d", "conf.yaml")))
    BOSS = STACK.enter_context(Actor(b"boss"))
    for name in HOSTILE + [b"crowd-%d" % i for i in range(GROUPS + 20)]:
        BOSS.spawn(name)
    DAEMON = STACK.enter_context(Serve("--max-overhead", "90%"))  # without a limit it does not say what it costs


def url(daemon):
    return f"http://127.0.0.1:{daemon.port}/metrics"


def per_group(contexts):
    """How many contexts a group has: by the one of all other processes, which has every kind."""
    return sum(1 for _, _, tags in contexts if "comm:" + lib.OTHER in tags)


class Page(unittest.TestCase):
    def test_each_name_is_there(self):
        """As a family of that type, under the name that the Agent's parsers give it, in both forms of the page. What
        is absent where there is no limit or no pressure is so by docs/metrics.md."""
        documented = lib.read(os.path.join(ROOT, "docs", "metrics.md"))
        for latest in (False, True):
            types = {family.name: family.type for family in AGENT.families(url(DAEMON), latest)}
            for name in AGENT.names:
                if name in types:
                    self.assertIn(types[name], ("counter", "gauge", "histogram"), name)
                    continue
                row, = re.findall(rf"^\| `{name}(?:_total)?` .*$", documented, re.M)
                self.assertRegex(row, "absent without|/proc/pressure", name)
            self.assertFalse([name for name in AGENT.names if name.endswith("_total")])

    def test_both_forms_are_sent_alike(self):
        def names(latest):
            return {(name, kind) for name, kind, _ in AGENT.contexts(url(DAEMON), latest)}
        self.assertEqual(names(False), names(True))

    def test_values_are_the_pages(self):
        sent = AGENT.contexts(url(DAEMON))
        meminfo = dict(line.split(":") for line in lib.read("/proc/meminfo").splitlines())
        self.assertEqual(sent["vigie.host.memory.size.bytes", "gauge", ()], int(meminfo["MemTotal"].split()[0]) * 1024)
        cpu = sum(v for (name, _, _), v in sent.items() if name == "vigie.process.cpu.seconds.count")
        host = sum(v for (name, _, _), v in sent.items() if name == "vigie.host.cpu.seconds.count")
        self.assertTrue(0 < cpu <= host * (1 + 1e-9), (cpu, host))

    def test_a_hundred_groups_are_below_the_limit(self):
        def full():
            page = DAEMON.scrape()
            return page.one("vigie_self_groups_exposed") >= GROUPS - 1
        wait_for(full, "a full page", every_s=0.5)
        sent = AGENT.contexts(url(DAEMON))
        groups = {tags for name, _, tags in sent if name == "vigie.process.oom_kills.count"}
        self.assertGreaterEqual(len(groups), GROUPS - 1)
        self.assertLess(len(sent), datadog_agent.LIMIT)
        # And with as many units as groups, and all pairs: 50 and the other one.
        fixed = {key for key in sent if not key[0].startswith(("vigie.process.", "vigie.unit.", "vigie.delay."))}
        units = sum(1 for name in AGENT.names.values() if name.startswith("unit."))
        most = len(fixed) + (GROUPS + 1) * (per_group(sent) + units) + 51
        self.assertLess(most, datadog_agent.LIMIT)
        self.assertGreater(per_group(sent), 10)


class HostileNames(unittest.TestCase):
    def test_none_breaks_a_scrape_and_none_merges(self):
        wanted = {"comm:" + shown(comm(raw)) for raw in HOSTILE}
        self.assertEqual(len(wanted), len(HOSTILE))

        def missing(daemon, latest):
            seen = {tag for name, _, tags in AGENT.contexts(url(daemon), latest) for tag in tags
                    if name == "vigie.process.oom_kills.count"}
            return wanted - seen
        with Serve("--max-groups", "500") as daemon:
            for latest in (False, True):
                wait_for(lambda: not missing(daemon, latest), "every name", every_s=0.5)


class Files(unittest.TestCase):
    def monitors(self):
        for path in sorted(glob.glob(os.path.join(DEPLOYED, "monitors", "*.json"))):
            with open(path, encoding="utf-8") as file:
                yield os.path.basename(path), json.load(file)

    def test_monitors_ask_for_what_is_sent(self):
        sent = {}
        for name, kind, tags in AGENT.contexts(url(DAEMON)):
            sent.setdefault(name, set()).update(tag.split(":")[0] for tag in tags)
        absent = {"vigie.unit.memory.limit.bytes": {"unit"}}  # where no unit has one
        n = 0
        for file, monitor in self.monitors():
            names = METRIC.findall(monitor["query"])
            self.assertTrue(names, file)
            for name in names:
                self.assertIn(name, {**absent, **sent}, file)
                asked = re.findall(r"by \{([^}]*)\}", monitor["query"])
                labels = set(",".join(asked).split(",")) - {"host"}  # of the Agent itself
                self.assertLessEqual(labels, sent[name] if name in sent else absent[name], file)
                n += 1
        self.assertGreaterEqual(n, 5)

    def test_monitors_are_what_the_api_takes(self):
        """The members that it documents, a threshold that is the query's, and messages of tags that the query groups by."""
        for file, monitor in self.monitors():
            self.assertLessEqual(set(monitor), {"name", "type", "query", "message", "tags", "options", "priority"}, file)
            self.assertEqual(monitor["type"], "query alert")
            asked, = re.findall(r"by \{([^}]*)\}[^{]*$", monitor["query"])
            threshold = re.fullmatch(r"(?:max|min|sum|avg)\(last_\d+m\):.* [<>] ([\d.]+)", monitor["query"]).group(1)
            self.assertEqual(float(threshold), monitor["options"]["thresholds"]["critical"], file)
            used = set(re.findall(r"\{\{(\w+)\.name\}\}", monitor["name"] + monitor["message"]))
            self.assertLessEqual(used, set(asked.split(",")), file)

    def test_logs(self):
        import yaml
        with open(os.path.join(DEPLOYED, "vigie.d", "conf.yaml"), encoding="utf-8") as file:
            entry, = yaml.safe_load(file)["logs"]
        self.assertEqual((entry["type"], entry["path"]), ("file", "/var/lib/vigie/events.ndjson"))
        self.assertLessEqual({"service", "source"}, set(entry))


if __name__ == "__main__":
    unittest.main()
