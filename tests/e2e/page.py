# SPDX-License-Identifier: GPL-2.0-only
"""page - the samples of a page of metrics, exact. Not a checker of its syntax."""
import re
from decimal import Decimal

SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
ESCAPED = re.compile(r"\\(.)")


class Page:
    """The samples of a page, exact: (name, labels) -> Decimal. Not a checker of its syntax."""

    def __init__(self, text):
        self.samples = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, labels, value = SAMPLE.fullmatch(line).groups()
                pairs = ((k, ESCAPED.sub(lambda m: {"n": "\n"}.get(m[1], m[1]), v))
                         for k, v in LABEL.findall(labels or ""))
                key = name, frozenset(pairs)
                if key in self.samples:
                    raise AssertionError(f"the page has {key} twice")
                self.samples[key] = Decimal(value)

    def all(self, name, **labels):
        """{labels as a dict's items: value} of the samples with these labels and maybe more."""
        wanted = {(k, str(v)) for k, v in labels.items()}
        return {key: value for (sample, key), value in self.samples.items()
                if sample == name and wanted <= key}

    def sum(self, name, **labels):
        return sum(self.all(name, **labels).values(), Decimal(0))

    def one(self, name, **labels):
        found = list(self.all(name, **labels).values())
        if len(found) != 1:
            raise AssertionError(f"{len(found)} samples {name}{labels}, expected one")
        return found[0]

    def unbalanced(self):
        """What of the books does not balance, as text: live + retired + unattributed = host, to the digit."""
        wrong = []
        for mode in ("user", "system"):
            host = self.one("vigie_host_cpu_seconds_total", mode=mode)
            parts = self.sum("vigie_process_cpu_seconds_total", mode=mode) + \
                self.one("vigie_retired_cpu_seconds_total", mode=mode) + \
                self.one("vigie_unattributed_cpu_seconds_total", mode=mode)
            if parts != host:
                wrong.append(f"{mode}: {parts} in parts, {host} of the host")
        return wrong
