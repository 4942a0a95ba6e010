# SPDX-License-Identifier: GPL-2.0-only
"""datadog_agent - what Datadog's Agent makes of a page of metrics by its OpenMetrics check (V2).

Owns: its steps as its documentation and published source have them, by the very libraries that it uses: requests
reads lines, prometheus_client parses them (leniently, or strictly for the later specification); then names, kinds and
tags. What it sends is a set of contexts: name, kind, tags. Not here: expectations. No Agent is in Debian.
"""
import math
import re

import requests
import yaml
from prometheus_client.openmetrics.parser import text_fd_to_metric_families as strict
from prometheus_client.parser import text_fd_to_metric_families as lenient

LIMIT = 2000  # of one check, unless its owner is told otherwise
CLASSIC = "text/plain"
LATEST = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1"
CHUNK = 1024 * 16


def instance(path):
    with open(path, encoding="utf-8") as file:
        one, = yaml.safe_load(file)["instances"]
    return one


class Agent:
    """One instance of the check; .names maps what the page calls a family to what is sent."""

    def __init__(self, config):
        self.config = config
        self.names = {}
        for entry in config["metrics"]:
            for name, sent in (entry.items() if isinstance(entry, dict) else [(entry, entry)]):
                if re.escape(name) != name:
                    raise AssertionError(f"{name}: a pattern; each name is meant to be written out")
                self.names[name] = sent

    def families(self, url, latest):
        """As it reads: a line at a time, decoded on the way."""
        with requests.get(url, headers={"Accept": LATEST if latest else CLASSIC}, stream=True, timeout=60) as answer:
            answer.raise_for_status()
            if answer.encoding is None:
                answer.encoding = "utf-8"
            kind = answer.headers["Content-Type"].split(";")[0]
            if latest != (kind == "application/openmetrics-text"):
                raise AssertionError(f"answered with {kind}")
            lines = answer.iter_lines(chunk_size=CHUNK, decode_unicode=True)
            yield from (strict if latest else lenient)(lines)

    def contexts(self, url, latest=False):
        """{(name, kind, tags): value} of what it would send."""
        found = {}
        for family in self.families(url, latest):
            sent = self.names.get(family.name)
            if sent is None or family.type not in ("counter", "gauge", "histogram"):
                continue
            for sample in family.samples:
                entry = self._entry(family, sent, sample)
                if entry is None or not math.isfinite(sample.value):
                    continue
                tags = tuple(sorted(f"{k}:{v}" for k, v in sample.labels.items()))
                key = (f"{self.config['namespace']}.{entry[0]}", entry[1], tags)
                if key in found:
                    raise AssertionError(f"{key} is there twice")
                found[key] = sample.value
        return found

    def _entry(self, family, sent, sample):
        if family.type == "gauge":
            return sent, "gauge"
        if family.type == "counter":
            return (f"{sent}.count", "monotonic_count") if sample.name.endswith("_total") else None
        for suffix in ("sum", "count", "bucket"):
            if sample.name == f"{family.name}_{suffix}":
                if suffix == "bucket" and not self.config.get("collect_histogram_buckets", True):
                    return None
                return f"{sent}.{suffix}", "monotonic_count"
        return None
