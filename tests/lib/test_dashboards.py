# SPDX-License-Identifier: GPL-2.0-only
"""Each rule for dashboards finds a fault, and a good one passes; variables as Grafana fills them in."""
import copy
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mixin"))
import dashboards  # noqa: E402

KNOWN = {"vigie_host_cpus": "gauge", "vigie_findings_total": "counter"}
HOSTS = 'cluster=~"$cluster",instance=~"$instance"'
GOOD = {
    "uid": "a-b", "title": "t", "description": "d", "schemaVersion": 38,
    "templating": {"list": [
        {"name": "datasource", "query": "prometheus"},
        *({"name": name, "query": "label_values(vigie_host_cpus, x)", "refresh": 2,
           "datasource": dashboards.DATASOURCE} for name in ("cluster", "instance"))]},
    "annotations": {"list": []},
    "panels": [
        {"id": at, "type": "timeseries", "title": f"p{at}", "description": "d",
         "datasource": dashboards.DATASOURCE, "gridPos": {"x": 12 * at, "y": 0, "w": 12, "h": 8},
         "fieldConfig": {"defaults": {"unit": "s"}, "overrides": []},
         "targets": [{"refId": "A", "legendFormat": "x", "datasource": dashboards.DATASOURCE,
                      "expr": "vigie_host_cpus{" + HOSTS + "}"}]}
        for at in range(2)],
}
COUNTER = "vigie_findings_total{" + HOSTS + "}"


class Rules(unittest.TestCase):
    def found(self, change):
        dashboard = copy.deepcopy(GOOD)
        change(dashboard, dashboard["panels"][1])
        return list(dashboards.problems(dashboard, KNOWN))

    def finds(self, saying, change):
        found = self.found(change)
        self.assertTrue(any(saying in problem for problem in found), found)

    def finds_in_query(self, saying, expr):
        self.finds(saying, lambda _, panel: panel["targets"][0].update(expr=expr))

    def test_a_good_one(self):
        self.assertEqual(self.found(lambda *_: None), [])

    def test_the_dashboard(self):
        self.finds("an export", lambda board, _: board.update(id=7))
        self.finds("an export", lambda board, _: board.update(__inputs=[]))
        self.finds("no stable uid", lambda board, _: board.update(description=""))

    def test_the_grid(self):
        self.finds("overlaps p0", lambda _, panel: panel["gridPos"].update(x=11))
        self.finds("not within", lambda _, panel: panel["gridPos"].update(w=13))
        self.finds("one id", lambda _, panel: panel.update(id=0))

    def test_a_panel(self):
        self.finds("built in", lambda _, panel: panel.update(type="graph"))
        self.finds("no description", lambda _, panel: panel.update(description=""))
        self.finds("unit None", lambda _, panel: panel["fieldConfig"]["defaults"].clear())
        self.finds("data source", lambda _, panel: panel.update(datasource={"uid": "x"}))
        self.finds("data source", lambda _, panel: panel["targets"][0].pop("datasource"))
        self.finds("two of one name", lambda _, panel: panel["targets"].append(panel["targets"][0]))
        self.finds("legend", lambda _, panel: panel["targets"][0].pop("legendFormat"))

    def test_a_query(self):
        self.finds_in_query("docs/metrics.md has no", "vigie_absent{" + HOSTS + "}")
        self.finds_in_query("nothing of vigie's", "vector(1)")
        self.finds_in_query("other hosts", "vigie_host_cpus")
        self.finds_in_query("does not follow", f"rate({COUNTER}[5m])")
        self.finds_in_query("as it is", COUNTER)
        self.finds_in_query("of a sum", f"rate(sum({COUNTER})[$__rate_interval:])")

    def test_variables(self):
        self.finds_in_query("nothere is not there", 'vigie_host_cpus{x="$nothere",' + HOSTS + "}")
        self.finds("is not used", lambda board, _: board["templating"]["list"].append(
            dict(board["templating"]["list"][1], name="left")))
        self.finds("not the data source", lambda board, _: board["templating"]["list"].pop(0))
        self.finds("follow", lambda board, _: board["templating"]["list"][1].update(refresh=1))


class Variables(unittest.TestCase):
    def test_one_is_as_it_is_and_of_many_each_is_escaped(self):
        values = dashboards.chosen({"one": "a.b", "many": ["a.b"], "more": ["(x)", "y"]})
        self.assertEqual(dashboards.filled('"$one" "${many}" "$more" "$1"', values),
                         '"a.b" "a\\\\.b" "(\\\\(x\\\\)|y)" "$1"')


if __name__ == "__main__":
    unittest.main()
