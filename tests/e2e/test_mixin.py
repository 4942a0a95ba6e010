#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What deploy/mixin makes, before a real Prometheus and a real Alertmanager.

Owns: that every query of every dashboard returns data, with variables filled in as Grafana does;
that alerts reach a webhook with links that work.
Three targets: a real vigie with a real workload; its twin (twin.py), which has the same with native
histograms, and what is rare; and one that does not answer. A query may be empty for the real one only
where a metric is not on its page (which says so), or for a state that only the twin is in.
Not here: which alert fires when (deploy/prometheus/vigie-rules.test.yml), how a panel looks.
"""
import contextlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import lib
from lib import VIGIE, Cgroup, Serve, wait_for
from scraping import CLASSIC, Actor, LoopbackServer, Prometheus, fetch, free_port
from twin import RARE, Twin

sys.path.insert(0, os.path.join(lib.ROOT, "tests", "mixin"))
import dashboards  # noqa: E402

RULES = os.path.join(lib.ROOT, "deploy", "prometheus", "vigie-rules.yml")
WINDOW_S = 40
# As Grafana makes of a scrape interval of four seconds, and this range.
TIMES = {"__rate_interval": "16s", "__interval": "1s", "__range": f"{WINDOW_S}s"}
# A state of the twin alone: vigie sheds nothing here.
TWIN_ONLY = re.compile(r"vigie_self_shed\{[^}]*\}\) == 1")
# A state of the third, which only who asks for all hosts sees.
GONE_ONLY = re.compile(r"up\{[^}]*\}\) == 0")
LATER = """- job_name: twin
  scrape_interval: 3s
  scrape_timeout: 3s
  static_configs: [{{targets: ['127.0.0.1:{twin}']}}]
  relabel_configs: [{{target_label: job, replacement: vigie}}, {{target_label: cluster, replacement: lab}}]
- job_name: gone
  static_configs: [{{targets: ['127.0.0.1:{gone}']}}]
  relabel_configs: [{{target_label: job, replacement: vigie}}]
rule_files: ['{rules}']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]}}
"""
ROUTE = """route: {{receiver: here, group_by: [alertname, instance], group_wait: 0s, group_interval: 1s}}
receivers: [{{name: here, webhook_configs: [{{url: 'http://127.0.0.1:{port}/'}}]}}]
"""


class Webhook(LoopbackServer):
    """Keeps the alerts that it is told of."""

    def __init__(self):
        alerts = self.alerts = []

        class Handler(LoopbackServer.Handler):
            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                alerts.extend(json.loads(body)["alerts"])
                self.send_response(200)
                self.end_headers()

        super().__init__(Handler)


@contextlib.contextmanager
def alertmanager(webhook_port):
    """The port of Debian's, without its gossip."""
    lib.needs(shutil.which("prometheus-alertmanager"), "prometheus-alertmanager is not installed")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="vigie-alertmanager-") as place:
        config = os.path.join(place, "config.yml")
        lib.write(config, ROUTE.format(port=webhook_port))
        with open(os.path.join(place, "log"), "wb") as log:
            child = subprocess.Popen(
                ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={place}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield port
        finally:
            child.terminate()
            child.wait(lib.PATIENCE_S)


class Work:
    """Everything of the file runs once: rivals for a CPU, and a unit whose process is killed for memory."""

    def __init__(self, stack):
        self.tag = f"{os.getpid() % 10000:04d}"
        enter = stack.enter_context
        self.state = enter(lib.disk_directory())
        os.chmod(self.state, 0o755)
        self.unit = enter(Cgroup("memory", "vigie-mixin"))
        self.unit.set("memory.max" if self.unit.v2 else "memory.limit_in_bytes", 8 << 20)
        if self.unit.v2:
            self.unit.set("memory.swap.max", 0)
        self.lodger = enter(Actor("lodger-" + self.tag, self.unit))
        self.rivals = [enter(Actor(f"rival{name}-{self.tag}")) for name in "AB"]
        self.daemon = enter(Serve("--state-dir", os.path.join(self.state, "vigie"), "--interval", "1s",
                                  "--max-overhead", "100%", "--capture", "off"))
        self.webhook = enter(Webhook())
        self.twin = enter(Twin(self.daemon.port))
        self.began = time.time()
        self.gone = free_port()
        self.prometheus = enter(Prometheus(
            {"vigie": self.daemon.port}, {"vigie": ["scrape_interval: 2s", "scrape_timeout: 2s"]},
            flags=["--enable-feature=native-histograms"],
            more=LATER.format(twin=self.twin.port, gone=self.gone, rules=RULES,
                              alertmanager=enter(alertmanager(self.webhook.port)))))
        self.real, self.other = (f"127.0.0.1:{port}" for port in (self.daemon.port, self.twin.port))
        self.at = None

    def seen(self, promql):
        return wait_for(lambda: self.prometheus.query(promql), f"Prometheus to have {promql}",
                        every_s=0.2)

    def run(self):
        for rival in self.rivals:
            os.sched_setaffinity(rival.pid, {min(os.sched_getaffinity(0))})
        for instance in (self.real, self.other):
            self.seen(f'count_over_time(vigie_host_cpus{{instance="{instance}"}}[1m]) >= 3')
        wait_for(self.all_there, "waits of both targets, and a kill that is active",
                 patience_s=150, every_s=0.1)

    def all_there(self):
        """While the rivals wait for each other, and a unit is killed for memory again and again."""
        self.kill()
        for rival in self.rivals:
            rival.send("cpu", 200)
        for rival in self.rivals:
            rival.answer()
        self.at = time.time()
        # A kill is active until the next snapshot; a busy host misses scrapes.
        return self.prometheus.query(
            f'vigie_finding_active{{rule="oom-kill",instance="{self.real}"}} > 0', self.at) and \
            all(self.is_seen(instance) and self.groups_of_pairs(instance)
                for instance in (self.real, self.other))

    def is_seen(self, instance):
        up = f'up{{instance="{instance}"}}'
        return self.prometheus.query(
            f'{up} == 1 and sum_over_time({up}[{TIMES["__rate_interval"]}]) >= 3', self.at)

    def groups_of_pairs(self, instance):
        """[(unit, comm)] of groups that wait because of others, and others because of them."""
        def recent(metric):
            return [labels for labels, _ in self.prometheus.query(
                f'rate({metric}{{instance="{instance}"}}[{TIMES["__rate_interval"]}])', self.at)]
        pairs = recent("vigie_delay_seconds_total")
        both = {pair["victim"] for pair in pairs} & {pair["culprit"] for pair in pairs}
        return sorted({(group["unit"], group["comm"])
                       for group in recent("vigie_process_cpu_seconds_total")
                       if f"{group['unit']}/{group['comm']}" in both})

    def kill(self):
        """A process of the unit wants more than it may."""
        victim = Actor("victim-" + self.tag, self.unit)
        victim.send("hold", 64)
        victim.child.wait(lib.PATIENCE_S)
        victim.child.stdin.close()
        victim.child.stdout.close()

    def ask(self, target, values):
        """The result of a query as its panel asks it."""
        expr = dashboards.filled(target.expr, {**TIMES, **values})
        if target.instant:
            return expr, self.prometheus.api("query", query=expr, time=f"{self.at:.3f}")["result"]
        return expr, self.prometheus.api(
            "query_range", query=expr, start=f"{self.at - WINDOW_S:.3f}", end=f"{self.at:.3f}",
            step="1")["result"]


def setUpModule():
    global W
    lib.needs_watching()
    lib.needs_field("OOM kills")
    stack = contextlib.ExitStack()
    unittest.addModuleCleanup(stack.close)
    W = Work(stack)
    W.run()


def has_data(result):
    """A number, or a native histogram; NaN is none."""
    for series in result:
        if "histogram" in series or "histograms" in series:
            return True
        values = series["values"] if "values" in series else [series["value"]]
        if any(math.isfinite(float(value)) for _, value in values):
            return True
    return False


class Queries(unittest.TestCase):
    """Each panel's, each annotation's and each variable's."""

    @classmethod
    def setUpClass(cls):
        page = fetch(W.daemon, CLASSIC).decode()
        cls.on_page = set(re.findall(r"^(\w+)", page, re.M))
        cls.said = "no queries"
        cls.boards = [dashboards.load(path) for path in dashboards.paths()]

    @classmethod
    def tearDownClass(cls):
        print(f"# {cls.said}", flush=True)

    def values(self, board, instance, **more):
        """As chosen in Grafana: one host, or all of them; all clusters; all groups."""
        every = {name: variable["allValue"] for name, variable in dashboards.variables(board).items()
                 if variable.get("includeAll")}
        return {**every, **dashboards.chosen({"instance": instance, **more})}

    def may_be_empty(self, target):
        """For the real one: what its page has not, such as native histograms, and what it is not in."""
        if TWIN_ONLY.search(target.expr):
            return True
        alternatives = [set(dashboards.NAME.findall(part)) for part in target.expr.split("\nor\n")]
        return not any(names <= self.on_page for names in alternatives)

    def check(self, target, values_of):
        empty = {}
        for name, instance in (("real", W.real), ("twin", W.other)):
            expr, result = W.ask(target, values_of(instance))
            if not has_data(result):
                empty[name] = expr
        classic_only = target.kind == "heatmap"
        if "twin" in empty and not classic_only:
            self.fail(f"{target.dashboard}: {target.panel} [{target.ref}]: no data of the twin: "
                      f"{empty['twin']}")
        if "real" in empty and not self.may_be_empty(target):
            self.fail(f"{target.dashboard}: {target.panel} [{target.ref}]: no data: {empty['real']}")
        return "real" not in empty

    def test_every_query_returns_data(self):
        n, rare = 0, []
        for board in self.boards:
            for target in dashboards.targets(board):
                if GONE_ONLY.search(target.expr):
                    continue  # test_all_hosts_at_once
                with self.subTest(target.dashboard, panel=target.panel, ref=target.ref):
                    n += 1
                    if not self.check(target, lambda instance: self.values(board, instance)):
                        rare.append(f"{target.dashboard}: {target.panel} [{target.ref}]")
        self.assertGreater(n, 150)
        type(self).said = f"{n} queries; of the twin alone, as not on this host's page: {'; '.join(rare)}"

    def test_one_group_of_many(self):
        """The group dashboard for one group: its names are escaped in the queries."""
        board, = (board for board in self.boards if board["uid"] == "vigie-group")
        unit, comm = W.groups_of_pairs(W.real)[0]
        group = {"unit": [unit], "comm": [comm]}
        for target in dashboards.targets(board):
            if "vigie_unit_" in target.expr or target.expr.startswith("histogram_quantile") or \
                    target.kind == "heatmap" or self.may_be_empty(target):
                continue
            with self.subTest(target.panel, ref=target.ref):
                expr, result = W.ask(target, self.values(board, W.real, **group))
                self.assertTrue(has_data(result), expr)
                self.assertLessEqual({series["metric"].get("comm") for series in result}, {None, comm})

    def test_all_hosts_at_once(self):
        board, = (board for board in self.boards if board["uid"] == "vigie-fleet")
        for target in dashboards.targets(board):
            with self.subTest(target.panel, ref=target.ref):
                values = dict(self.values(board, W.real), instance=".*")
                expr, result = W.ask(target, values)
                self.assertTrue(has_data(result), expr)
        hosts, = (target for target in dashboards.targets(board)
                  if target.panel == "Hosts" and target.ref == "A")
        found = {series["metric"]["instance"]: series["value"][1]
                 for series in W.ask(hosts, values)[1]}
        self.assertEqual(found, {W.real: "1", W.other: "1", f"127.0.0.1:{W.gone}": "0"})

    def test_variables_have_values(self):
        for board in self.boards:
            for name, variable in dashboards.variables(board).items():
                if variable["type"] != "query":
                    continue
                with self.subTest(board["uid"], variable=name):
                    selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)",
                                                   variable["query"]["query"]).groups()
                    selector = dashboards.filled(selector, self.values(board, W.real))
                    found = W.prometheus.api(f"label/{label}/values", **{"match[]": selector})
                    expected = {"cluster": "lab", "instance": W.real}.get(name)
                    self.assertTrue(found)
                    self.assertIn(expected or found[0], found)

    def test_native_and_classic_histograms_say_the_same(self):
        """To the bucket: a bound is four times the one before, and the twin's up to twice as high."""
        board, = (board for board in self.boards if board["uid"] == "vigie-host")
        values = {ref: {} for ref in ("real", "twin")}
        for target in dashboards.targets(board):
            if not target.panel.startswith("Run-queue latency, q"):
                continue
            for name, instance in (("real", W.real), ("twin", W.other)):
                expr = dashboards.filled(target.expr, {**self.values(board, instance), **TIMES,
                                                       "__rate_interval": f"{WINDOW_S}s"})
                values[name][target.ref] = float(W.prometheus.value(expr, W.at))
        self.assertEqual(set(values["real"]), set("ABC"))
        for ref, value in values["real"].items():
            self.assertGreater(values["twin"][ref], value / 8)
            self.assertLess(values["twin"][ref], value * 8)

    def test_what_the_twin_makes_up_has_real_names(self):
        known = dashboards.documented()
        for name in re.findall(r"^(\w+)", RARE, re.M):
            self.assertIn(name, known)


class Alerts(unittest.TestCase):
    @staticmethod
    def received(**labels):
        return wait_for(lambda: [alert for alert in W.webhook.alerts
                                 if labels.items() <= alert["labels"].items()],
                        f"{labels} to arrive", every_s=0.1)[0]

    def test_prometheus_evaluates_all_rules(self):
        rules = [rule for group in W.prometheus.api("rules")["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 12)
        self.assertEqual({rule["health"] for rule in rules}, {"ok"}, rules)
        for rule in rules:
            if rule["type"] == "recording":
                found = W.prometheus.query(rule["name"])
                self.assertEqual({labels["instance"] for labels, _ in found}, {W.real, W.other})

    def test_a_kill_reaches_the_webhook_with_links_that_work(self):
        alert = self.received(alertname="VigieOomKill", instance=W.real)
        self.assertEqual(alert["labels"]["severity"], "critical")
        annotations = alert["annotations"]
        self.assertEqual(annotations["summary"], f"{W.real}: killed for lack of memory")
        found = re.fullmatch(rf"http://{W.real}(/#t=(\d+))", annotations["page_url"])
        self.assertTrue(W.began - 1 < int(found[2]) < time.time() + 1, annotations)
        self.assertEqual(W.daemon.get("/", Accept="text/html")[0], 200)
        command = annotations["command"].split()
        self.assertEqual(command, ["vigie", "once", "--at", "@" + found[2]])
        # It is the moment of the alert, which is rounded to a second, and not the last one there is.
        then = self.shown(*command[1:])
        wait_for(lambda: self.shown("once", "--at", "now")["time"] > int(found[2]) + 1, "a later snapshot")
        self.assertEqual(self.shown(*command[1:])["time"], then["time"])
        self.assertTrue(W.began - 1 < then["time"] < int(found[2]) + 1, then["time"])
        self.assertIn(f"rivalA-{W.tag}", {row["labels"]["comm"] for row in then["processes"]})

    @staticmethod
    def shown(*args):
        run = subprocess.run([VIGIE, *args, "--state-dir", os.path.join(W.state, "vigie"), "--format", "json",
                              "--top", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if run.returncode or run.stderr:
            raise AssertionError(f"vigie {args}: status {run.returncode}: {run.stderr}")
        return lib.parse(run.stdout)

    def test_a_finding_reaches_it_by_rule(self):
        alert = self.received(alertname="VigieFinding", instance=W.real, rule="oom-kill")
        self.assertEqual(alert["labels"]["severity"], "warning")


if __name__ == "__main__":
    unittest.main()
