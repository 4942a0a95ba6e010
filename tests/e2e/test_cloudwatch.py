#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""deploy/cloudwatch: the agent's configuration by its own schema, and what it would send of a live page.

Owns: that what is declared is scraped and has these labels, that dimensions are within CloudWatch's limits whatever
units are called, that the dashboard asks for what is declared. The scraping and relabelling is Prometheus', whose code the agent
has in it. Not here: CloudWatch itself, which is closed.
"""
import contextlib
import json
import os
import re
import subprocess
import unittest

import lib
from lib import ROOT, Serve, needs, wait_for
from scraping import Prometheus
from test_hostile import CGROUPS, LONG_CGROUPS, Lodgers, shown

DEPLOYED = os.path.join(ROOT, "deploy", "cloudwatch")
SCHEMA = os.path.join(ROOT, "tests", "cloudwatch", "testdata", "agent-schema.json")
# The API's: PutMetricData, Dimension, and the embedded metric format.
DIMENSIONS_MAX, NAME_MAX, VALUE_MAX = 30, 250, 1024
UNITS = {"Seconds", "Bytes", "Count", "Percent", "None", "Bytes/Second", "Count/Second"}
SEARCH = re.compile(r"""SEARCH\('\{(\w+),([\w,]+)\} MetricName="(\w+)"', '(Sum|Average|Maximum)', \d+\)""")


def load(name):
    with open(os.path.join(DEPLOYED, name), encoding="utf-8") as file:
        return json.load(file)


def prometheus():
    return load("agent.json")["logs"]["metrics_collected"]["prometheus"]


def declared():
    """{metric: [its sets of dimensions]}; selectors are names, written as patterns that match nothing else."""
    found = {}
    for declaration in prometheus()["emf_processor"]["metric_declaration"]:
        for selector in declaration["metric_selectors"]:
            name = re.fullmatch(r"\^(\w+)\$", selector).group(1)
            found.setdefault(name, []).extend(tuple(one) for one in declaration["dimensions"])
    return found


class Files(unittest.TestCase):
    def schema_faults(self, config):
        try:
            import jsonschema
        except ImportError:
            needs(False, "python3-jsonschema is not installed (scripts/setup --test)")
        with open(SCHEMA, encoding="utf-8") as file:
            return [error.message for error in jsonschema.Draft4Validator(json.load(file)).iter_errors(config)]

    def test_the_agents_own_schema(self):
        config = load("agent.json")
        self.assertEqual(self.schema_faults(config), [])
        processor = config["logs"]["metrics_collected"]["prometheus"]["emf_processor"]
        processor["metric_declaration"][0]["metric_selector"] = processor["metric_declaration"][0].pop("metric_selectors")
        self.assertEqual(len(self.schema_faults(config)), 1)

    def test_declarations(self):
        units = prometheus()["emf_processor"]["metric_unit"]
        self.assertLessEqual(set(units), set(declared()))
        self.assertLessEqual(set(units.values()), UNITS)
        for name, sets in declared().items():
            for dimensions in sets:
                self.assertIn("host", dimensions, name)
                self.assertTrue({"pid", "comm", "victim", "culprit"}.isdisjoint(dimensions), name)
                self.assertLessEqual(len(dimensions), DIMENSIONS_MAX)
                self.assertTrue(all(len(one) <= NAME_MAX for one in dimensions))
        self.assertLessEqual(max(len(name) for name in declared()), NAME_MAX)

    def test_what_is_scraped_is_what_is_declared(self):
        import yaml
        with open(os.path.join(DEPLOYED, "prometheus.yaml"), encoding="utf-8") as file:
            job, = yaml.safe_load(file)["scrape_configs"]
        keep, = [rule["regex"] for rule in job["metric_relabel_configs"] if rule.get("action") == "keep"]
        for name in re.findall(r"`(\w+)`", lib.read(os.path.join(ROOT, "docs", "metrics.md"))):
            self.assertEqual(re.fullmatch(keep, name) is not None, name in declared(), name)
        for declaration in prometheus()["emf_processor"]["metric_declaration"]:
            labels = {"job": job["job_name"], "reason": "disk"}
            self.assertRegex(";".join(labels[one] for one in declaration["source_labels"]), declaration["label_matcher"])

    def test_promtool_takes_it(self):
        done = subprocess.run(["promtool", "check", "config", os.path.join(DEPLOYED, "prometheus.yaml")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_dashboard_asks_for_what_is_declared(self):
        namespace = prometheus()["emf_processor"]["metric_namespace"]
        asked, places = set(), set()
        logs = load("agent.json")["logs"]["logs_collected"]["files"]["collect_list"]
        for widget in load("dashboard.json")["widgets"]:
            cells = {(x, y) for x in range(widget["x"], widget["x"] + widget["width"])
                     for y in range(widget["y"], widget["y"] + widget["height"])}
            self.assertFalse(cells & places, widget["properties"]["title"])
            places |= cells
            self.assertLessEqual(widget["x"] + widget["width"], 24)
            if widget["type"] == "log":
                group = re.match(r"SOURCE '([^']+)'", widget["properties"]["query"]).group(1)
                self.assertIn(group, {one["log_group_name"] for one in logs})
                continue
            for (metric,) in widget["properties"]["metrics"]:
                space, dimensions, name, _ = SEARCH.fullmatch(metric["expression"]).groups()
                self.assertEqual(space, namespace)
                self.assertIn(tuple(dimensions.split(",")), declared()[name], name)
                asked.add(name)
        self.assertGreater(len(asked), 8)


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lib.needs_watching()
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.names = CGROUPS + LONG_CGROUPS + ["同".encode(), "步".encode(), "a同".encode(), "a步".encode()]
        cls.stack.enter_context(Lodgers(cls.names))
        cls.daemon = cls.stack.enter_context(Serve("--max-groups", "400"))
        text = lib.read(os.path.join(DEPLOYED, "prometheus.yaml"))
        jobs = text[text.index("  - job_name"):]
        for shipped, here in (("127.0.0.1:9838", f"127.0.0.1:{cls.daemon.port}"), ("HOSTNAME", "this-host")):
            assert shipped in jobs
            jobs = jobs.replace(shipped, here)
        cls.prometheus = cls.stack.enter_context(Prometheus({}, more=jobs))
        wait_for(lambda: cls.prometheus.scrapes("vigie")[0] >= 3, "three scrapes", every_s=0.2)

    def series(self):
        return [labels for labels, _ in self.prometheus.query('{job="vigie",__name__=~"vigie_.*"}')]

    def test_each_declaration_has_series_with_its_dimensions(self):
        absent = {"vigie_unit_memory_limit_bytes", "vigie_unit_cpu_throttled_seconds_total",  # where there is no limit
                  "vigie_host_pressure_seconds_total"}  # where the kernel has none
        if os.path.exists("/proc/pressure/cpu"):
            absent.remove("vigie_host_pressure_seconds_total")
        found = {}
        for labels in self.series():
            found.setdefault(labels["__name__"], []).append(labels)
        self.assertEqual(set(declared()) - set(found) - absent, set())
        self.assertEqual(set(found) - set(declared()), set())
        for name, many in found.items():
            for labels in many:
                for dimensions in declared()[name]:
                    self.assertLessEqual(set(dimensions), set(labels), name)
                self.assertEqual(labels["host"], "this-host")

    def test_dimensions_are_within_the_limits(self):
        """Printable ASCII, not blank, not too long; and no unit is lost, or merged here, by that."""
        dimensions = {name: {one for dims in sets for one in dims} for name, sets in declared().items()}
        for labels in self.series():
            for name in dimensions[labels["__name__"]]:
                value = labels[name]
                self.assertTrue(value.isascii() and value.isprintable() and value.strip(), (labels["__name__"], name, value))
                self.assertLessEqual(len(value), VALUE_MAX)
        name = "vigie_process_oom_kills_total"

        def alike():
            return len(self.daemon.scrape().all(name)) == self.prometheus.value(f"count({name})")
        wait_for(alike, "as many series as groups", every_s=0.5)
        self.assertEqual(self.prometheus.duplicates(), 0)

    def test_units_that_are_not_ascii(self):
        units = {labels["unit"] for labels in self.series() if labels["__name__"] == "vigie_process_oom_kills_total"}
        self.assertIn("(not ASCII)", units)
        self.assertIn("a", {unit.rsplit("/", 1)[-1] for unit in units})
        seen = {dict(labels)["unit"] for labels in self.daemon.scrape().all("vigie_process_oom_kills_total")}
        self.assertGreater(len([one for one in seen if not one.isascii()]), 3)
        self.assertTrue(any(shown(b"\xff\xfe\xfd") in unit for unit in units))  # which is ASCII by then


if __name__ == "__main__":
    unittest.main()
