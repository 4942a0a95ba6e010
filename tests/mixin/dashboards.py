#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""dashboards - what Grafana does with a dashboard, as far as it can be had without one.

    tests/mixin/dashboards.py FILE.json...     prints what is wrong with them

Owns: which panels and queries there are, variables in them, and the rules that a shipped dashboard
has to keep. Not here: what the queries return (tests/e2e/test_mixin.py).
"""
import collections
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FOLDER = os.path.join(ROOT, "deploy", "grafana", "dashboards")
METRICS = os.path.join(ROOT, "docs", "metrics.md")
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
# The panels of these that Grafana 9 to 13 have built in.
TYPES = {"bargauge", "heatmap", "nodeGraph", "row", "stat", "state-timeline", "table", "timeseries"}
# Of the units that those have; https://github.com/grafana/grafana packages/grafana-data valueFormats.
UNITS = {"none", "short", "string", "s", "bytes", "Bps", "cps", "percentunit", "bool_yes_no"}
# What Grafana itself fills in.
BUILT_IN = {"__rate_interval", "__range", "__interval"}
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
NAME = re.compile(r"(?<![\w:$\"])(vigie_\w+)")

Target = collections.namedtuple("Target", "dashboard panel ref expr kind instant")


def paths():
    return sorted(os.path.join(FOLDER, name) for name in os.listdir(FOLDER))


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def data_panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def targets(dashboard):
    for panel in data_panels(dashboard):
        for target in panel["targets"]:
            yield Target(dashboard["uid"], panel["title"], target["refId"], target["expr"],
                         target.get("format", "time_series"), target.get("instant", False))
    for mark in dashboard["annotations"]["list"]:
        yield Target(dashboard["uid"], "annotation " + mark["name"], "Anno", mark["expr"],
                     "time_series", False)


def variables(dashboard):
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


# --- Variables in queries

def escaped(value):
    """A value in a regular expression in PromQL's quotes, as Grafana has it where many may be chosen."""
    value = value.replace("\\", "\\\\\\\\")
    return re.sub(r"[$^*{}\[\]'+?.()|]", lambda match: "\\\\" + match[0], value)


def chosen(values):
    """{name: text in a query}: a list is a variable of which many may be chosen."""
    def text(value):
        if isinstance(value, str):
            return value
        parts = [escaped(part) for part in value]
        return parts[0] if len(parts) == 1 else "(" + "|".join(parts) + ")"
    return {name: text(value) for name, value in values.items()}


def filled(expr, values):
    """What goes to Prometheus. An unknown variable stays, as in Grafana: Prometheus refuses it."""
    def value(match):
        return values.get(match[1] or match[2], match[0])
    return VARIABLE.sub(value, expr)


# --- What has to hold of each

def documented():
    """{sample: type} of docs/metrics.md; of histograms the base name, and what its series are called."""
    found = {}
    with open(METRICS, encoding="utf-8") as file:
        for line in file:
            match = re.match(r"\| `(\w+)` \| (counter|gauge|histogram|info) \|", line)
            if match:
                found[match[1]] = match[2]
    for name in [name for name, kind in found.items() if kind == "histogram"]:
        found.update({name + suffix: "counter" for suffix in ("_bucket", "_sum", "_count")})
    return found


def overlaps(panels):
    taken = {}
    for panel in panels:
        grid = panel["gridPos"]
        if grid["x"] < 0 or grid["w"] < 1 or grid["h"] < 1 or grid["x"] + grid["w"] > COLUMNS:
            yield f"{panel['title']}: not within {COLUMNS} columns"
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"])
                 for y in range(grid["y"], grid["y"] + grid["h"])}
        under = sorted({taken[cell] for cell in cells & set(taken)})
        if under:
            yield f"{panel['title']}: overlaps {', '.join(under)}"
        taken.update({cell: panel["title"] for cell in cells})


def of_panel(panel):
    title = panel.get("title") or f"panel {panel.get('id')}"
    if panel["type"] not in TYPES:
        yield f"{title}: type {panel['type']} is none that Grafana 9 to 13 have built in"
    if panel["type"] == "row":
        return
    if not panel.get("title") or not panel.get("description"):
        yield f"{title}: no title or no description"
    units = [panel["fieldConfig"]["defaults"].get("unit")]
    units += [value["value"] for override in panel["fieldConfig"]["overrides"]
              for value in override["properties"] if value["id"] == "unit"]
    for unit in units:
        if unit not in UNITS:
            yield f"{title}: unit {unit} is none that is known here"
    for holder in [panel] + panel["targets"]:
        if holder.get("datasource") != DATASOURCE:
            yield f"{title}: another data source than the variable"
    refs = [target["refId"] for target in panel["targets"]]
    if not refs or len(refs) != len(set(refs)):
        yield f"{title}: no targets, or two of one name"
    for target in panel["targets"]:
        if target.get("format") != "table" and not target.get("legendFormat"):
            yield f"{title}: a query without a legend"


def of_query(target, known):
    expr = target.expr
    names = NAME.findall(expr)
    for name in names:
        if name not in known:
            yield f"{target.panel}: docs/metrics.md has no {name}"
    if not names and not re.search(r"\bup\{", expr):
        yield f"{target.panel}: asks for nothing of vigie's"
    for name, matchers, window in re.findall(r"(?<![\w:])(vigie_\w+|up)(\{[^}]*\})?(\[[^\]]*\])?", expr):
        if not matchers or "$cluster" not in matchers or "$instance" not in matchers:
            yield f"{target.panel}: {name} of other hosts, too"
        if window and window not in ("[$__rate_interval]", "[$__range]"):
            yield f"{target.panel}: a window that does not follow the dashboard's: {window}"
        if known.get(name) == "counter" and not window:
            yield f"{target.panel}: the counter {name} as it is, not its growth"
    # Marks and variables aside, a function of a sum of counters sees no reset.
    if re.search(r"\b(rate|increase)\s*\(\s*(sum|max|topk)\b", expr):
        yield f"{target.panel}: rate() of a sum"


def of_variables(dashboard):
    found = variables(dashboard)
    if list(found)[:1] != ["datasource"] or found["datasource"].get("query") != "prometheus":
        yield "the first variable is not the data source"
    text = json.dumps([dashboard["panels"], dashboard["annotations"],
                       [variable["query"] for variable in found.values()]])
    used = {a or b for a, b in VARIABLE.findall(text)}
    for name in sorted(used - set(found) - BUILT_IN):
        if not re.match(r"__(data|value)|\d", name):
            yield f"the variable {name} is not there"
    for name in sorted(set(found) - used):
        yield f"the variable {name} is not used"
    for variable in list(found.values())[1:]:
        if variable["datasource"] != DATASOURCE or variable["refresh"] != 2:
            yield f"the variable {variable['name']} does not follow the data source and the time"


def problems(dashboard, known):
    if dashboard.get("id") is not None or "__inputs" in dashboard or dashboard["schemaVersion"] > 39:
        yield "an export: of one Grafana, or of a version later than 10"
    if not re.fullmatch(r"[a-z-]{1,40}", dashboard["uid"]) or not dashboard["description"]:
        yield "no stable uid or no description"
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        yield "two panels have one id"
    yield from overlaps(dashboard["panels"])
    for panel in dashboard["panels"]:
        yield from of_panel(panel)
    for target in targets(dashboard):
        yield from of_query(target, known)
    yield from of_variables(dashboard)


def main(files):
    found = [f"{path}: {problem}" for path in files for problem in problems(load(path), documented())]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
