#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""kubernetes - the DaemonSet and the chart, against published schemas and against each other.

Owns: that an API server would take them, that the chart's default is the DaemonSet, and what no schema
says: privileges, tokens, selectors. That it runs so is container.py's. Needs no root, no cluster.
"""
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

sys.dont_write_bytecode = True
import published

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
DAEMONSET = os.path.join(ROOT, "deploy/kubernetes/daemonset.yaml")
CHART = os.path.join(ROOT, "deploy/helm/vigie")
MONITORS = {kind: os.path.join(ROOT, "deploy/prometheus-operator", kind.lower() + ".yml")
            for kind in ("PodMonitor", "ServiceMonitor")}
VIGIE = os.path.join(ROOT, os.environ.get("VIGIE", "build/vigie"))
WITHOUT_SCHEMA = {"VerticalPodAutoscaler"}

VARIANTS = {
    "nothing": {},
    "monitors": {"prometheus": {
        "monitor": {"enabled": True, "additionalLabels": {"release": "kube-prometheus-stack"},
                    "interval": "30s", "sampleLimit": 5000, "attachMetadata": {"node": True},
                    "relabelings": [{"sourceLabels": ["__meta_kubernetes_pod_node_name"],
                                     "targetLabel": "node"}],
                    "metricRelabelings": [{"action": "drop", "regex": "vigie_self_.*",
                                           "sourceLabels": ["__name__"]}]},
        "podMonitor": {"enabled": True, "namespace": "monitoring", "jobLabel": "job",
                       "podTargetLabels": ["app"], "labelLimit": 30}}},
    "TLS": {"webConfig": {"secretName": "vigie-web"}, "prometheus": {"monitor": {
        "enabled": True, "basicAuth": {"username": {"name": "scrape", "key": "user"},
                                       "password": {"name": "scrape", "key": "password"}},
        "tlsConfig": {"insecureSkipVerify": True}}}},
    "config": {"config": {"collect": {"interval": "10s"}, "groups": {"max-groups": 500}},
               "extraArgs": ["--log-level=warning"]},
    "history": {"history": {"enabled": True, "hostPath": "/data/vigie"}},
    "names": {"nameOverride": "watch", "fullnameOverride": "watch-all", "namespaceOverride": "ops",
              "image": {"registry": "r.example.org", "repository": "x/vigie", "digest": "sha256:" + "a" * 64},
              "imagePullSecrets": [{"name": "pull"}], "podLabels": {"team": "a"},
              "podAnnotations": {"note": "x"}, "serviceAccount": {"create": False, "name": "mine"}},
    "policy": {"networkPolicy": {"enabled": True, "ingress": {"from": [
        {"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]}}},
    "host": {"hostNetwork": True, "service": {"enabled": False, "port": 19838},
             "extraHostVolumeMounts": [{"name": "docker", "hostPath": "/var/lib/docker/containers",
                                        "mountPath": "/host/var/lib/docker/containers"}]},
    "scheduling": {"tolerations": [], "priorityClassName": "", "affinity": {"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "x", "operator": "Exists"}]}]}}}, "resources": {}},
    "autoscaler": {"verticalPodAutoscaler": {"enabled": True, "controlledResources": ["memory"],
                                             "maxAllowed": {"memory": "512Mi"}}},
}


def needs(get):
    try:
        return get()
    except published.Missing as error:
        raise unittest.SkipTest(str(error)) from error


def problems(objects):
    """[(kind, [problem...])]; None where there is no schema of that kind."""
    done = subprocess.run(["node", os.path.join(ROOT, "tests/deploy/schemas.mjs"),
                           needs(published.modules)], input=json.dumps(objects), text=True,
                          stdout=subprocess.PIPE, check=True)
    return [(found["kind"], found["problems"]) for found in json.loads(done.stdout)]


def manifest():
    with open(DAEMONSET, encoding="utf-8") as file:
        return list(yaml.safe_load_all(file))


def of_kind(objects, kind):
    found = [o for o in objects if o["kind"] == kind]
    assert len(found) == 1, f"{len(found)} of kind {kind}"
    return found[0]


def pod(objects):
    return of_kind(objects, "DaemonSet")["spec"]["template"]["spec"]


@contextlib.contextmanager
def values_file(values):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(values, file)
        file.flush()
        yield file.name


def helm(*argv):
    return subprocess.run([needs(published.helm), *argv], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env={**os.environ, "HOME": published.cache()})


def render(values):
    with values_file(values) as path:
        done = helm("template", "vigie", CHART, "--namespace", "vigie", "--values", path)
    if done.returncode:
        raise AssertionError(done.stderr)
    return [o for o in yaml.safe_load_all(done.stdout) if o]


class Manifest(unittest.TestCase):
    def test_schema(self):
        self.assertEqual(problems(manifest()), [("Namespace", []), ("ServiceAccount", []), ("DaemonSet", [])])

    def test_schema_sees_mistakes(self):
        daemonset = of_kind(manifest(), "DaemonSet")
        daemonset["spec"]["template"]["spec"]["hostPid"] = True
        container = daemonset["spec"]["template"]["spec"]["containers"][0]
        container["resources"]["limits"] = "256Mi"
        container["securityContext"]["capabilities"]["added"] = ["BPF"]
        [(_, found)] = problems([daemonset])
        text = "\n".join(found)
        for word in ("/spec/template/spec/hostPid: unknown", "resources/limits", "capabilities/added: unknown"):
            self.assertIn(word, text)

    def test_privileges(self):
        """What no schema asks for."""
        spec = pod(manifest())
        container = spec["containers"][0]
        security = container["securityContext"]
        self.assertEqual(security["capabilities"]["drop"], ["ALL"])
        self.assertTrue(security["readOnlyRootFilesystem"])
        self.assertFalse(security["privileged"] or security["allowPrivilegeEscalation"])
        self.assertNotIn("SYS_ADMIN", security["capabilities"]["add"])
        self.assertTrue(spec["hostPID"])
        self.assertFalse(spec["hostNetwork"] or spec["automountServiceAccountToken"])
        self.assertFalse(of_kind(manifest(), "ServiceAccount")["automountServiceAccountToken"])
        for mount in container["volumeMounts"]:
            self.assertTrue(mount["readOnly"], mount)

    def test_version_of_the_image(self):
        with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as makefile:
            version = re.search(r"^VERSION := (\S+)$", makefile.read(), re.M)[1]
        self.assertTrue(pod(manifest())["containers"][0]["image"].endswith(f":{version}"))
        with open(os.path.join(CHART, "Chart.yaml"), encoding="utf-8") as chart:
            self.assertEqual(str(yaml.safe_load(chart)["appVersion"]), version)


def endpoint_of(monitor):
    [endpoint] = monitor["spec"]["podMetricsEndpoints" if monitor["kind"] == "PodMonitor" else "endpoints"]
    return endpoint


class Monitors(unittest.TestCase):
    """What deploy/mixin makes for the Prometheus Operator, beside the DaemonSet."""

    @staticmethod
    def shipped():
        for path in MONITORS.values():
            with open(path, encoding="utf-8") as file:
                yield yaml.safe_load(file)

    @staticmethod
    def with_tls():
        if not shutil.which("jsonnet"):
            raise unittest.SkipTest("jsonnet is not installed")
        mixin = os.path.join(ROOT, "deploy/mixin/mixin.libsonnet")
        operator = f"((import '{mixin}') + {{ _config+:: {{ operator+: {{ tls: true }} }} }}).prometheusOperator"
        made = subprocess.run(["jsonnet", "-e", f"local o = {operator}; [o.podMonitor, o.serviceMonitor]"],
                              stdout=subprocess.PIPE, check=True)
        return json.loads(made.stdout)

    def test_schema(self):
        for monitors in self.shipped(), self.with_tls():
            self.assertEqual(problems(list(monitors)), [(kind, []) for kind in MONITORS])

    def test_they_scrape_the_daemonset_as_it_runs(self):
        daemonset = of_kind(manifest(), "DaemonSet")
        [container] = pod(manifest())["containers"]
        self.assertIn("--allow-insecure", container["args"])  # so it answers by HTTP
        for monitor in self.shipped():
            with self.subTest(monitor["kind"]):
                endpoint = endpoint_of(monitor)
                self.assertEqual(endpoint["scheme"], "http")
                self.assertFalse({"authorization", "tlsConfig"} & set(endpoint))
                self.assertIn(endpoint["port"], [port["name"] for port in container["ports"]])
                self.assertEqual(monitor["metadata"]["namespace"], daemonset["metadata"]["namespace"])
                self.assertLessEqual(monitor["spec"]["selector"]["matchLabels"].items(),
                                     daemonset["spec"]["template"]["metadata"]["labels"].items())

    def test_with_tls_they_know_the_authority_and_a_token(self):
        for monitor in self.with_tls():
            with self.subTest(monitor["kind"]):
                endpoint = endpoint_of(monitor)
                self.assertEqual(endpoint["scheme"], "https")
                self.assertEqual(endpoint["authorization"]["credentials"], {"name": "vigie-scrape", "key": "token"})
                self.assertEqual(endpoint["tlsConfig"]["ca"]["secret"], {"name": "vigie-scrape", "key": "ca.crt"})


class Chart(unittest.TestCase):
    def test_lint(self):
        for name, values in VARIANTS.items():
            with self.subTest(name), values_file(values) as path:
                done = helm("lint", "--strict", CHART, "--values", path)
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_schema_of_each_variant(self):
        without = set()
        for name, values in VARIANTS.items():
            with self.subTest(name):
                for kind, found in problems(render(values)):
                    if found is None:
                        without.add(kind)
                    else:
                        self.assertEqual(found, [], kind)
        self.assertEqual(without, WITHOUT_SCHEMA)

    def test_schema_of_the_autoscaler(self):
        kinds = [kind for kind, found in problems(render(VARIANTS["autoscaler"])) if found is None]
        if kinds:
            self.skipTest("the packages have no schema of " + ", ".join(kinds))

    def test_default_is_the_daemonset(self):
        ours, chart = pod(manifest()), pod(render({}))
        for spec in (ours, chart):
            del spec["containers"][0]["image"]
        chart["containers"][0].pop("imagePullPolicy")
        self.assertEqual(chart, ours)

    def test_selectors_match(self):
        for name, values in VARIANTS.items():
            with self.subTest(name):
                objects = render(values)
                daemonset = of_kind(objects, "DaemonSet")
                labels = daemonset["spec"]["template"]["metadata"]["labels"].items()
                self.assertLessEqual(daemonset["spec"]["selector"]["matchLabels"].items(), labels)
                for o in objects:
                    if o["kind"] == "Service":
                        self.assertLessEqual(o["spec"]["selector"].items(), labels)
                        service = o["metadata"]["labels"].items()
                for o in objects:
                    if o["kind"] == "ServiceMonitor":
                        self.assertLessEqual(o["spec"]["selector"]["matchLabels"].items(), service)
                    if o["kind"] == "PodMonitor":
                        self.assertLessEqual(o["spec"]["selector"]["matchLabels"].items(), labels)

    def test_tls(self):
        objects = render(VARIANTS["TLS"])
        container = pod(objects)["containers"][0]
        self.assertNotIn("--allow-insecure", container["args"])
        self.assertIn("--web.config.file=/etc/vigie/web/web-config.yml", container["args"])
        self.assertIn("tcpSocket", container["livenessProbe"])
        self.assertEqual(of_kind(objects, "ServiceMonitor")["spec"]["endpoints"][0]["scheme"], "https")

    def test_history_adds_one_capability(self):
        def added(objects):
            return pod(objects)["containers"][0]["securityContext"]["capabilities"]["add"]
        self.assertEqual(added(render(VARIANTS["history"])), [*added(render({})), "CHOWN"])

    def test_vigie_takes_the_arguments(self):
        """And the file, of each variant; what the web configuration names is not there."""
        for name, values in VARIANTS.items():
            if name == "TLS":
                continue
            with self.subTest(name):
                objects = render(values)
                args = pod(objects)["containers"][0]["args"]
                with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
                    for o in objects:
                        if o["kind"] == "ConfigMap":
                            file.write(o["data"]["vigie.yml"])
                    file.flush()
                    args = [a for a in args if not a.startswith("--config.file")]
                    done = subprocess.run([VIGIE, *args, f"--config.file={file.name}", "--check-config"],
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
