#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Judges vigie's output with other people's parsers and with the rules themselves.

  check.py                                  the golden files beside this script
  check.py --openmetrics FILE --text FILE   two renderings of one page
           [--different-scrapes]            ... that were not taken at the same moment

Exit status: 0 good, 1 a rule is broken (each said on a line), 249 nothing is broken as far
as can be seen, but a tool is missing (said on a line).
"""
import argparse
import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys

SKIP = 249
HERE = os.path.dirname(os.path.abspath(__file__))
NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*\Z")
LABEL = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*\Z")
NUMBER = re.compile(r"(\+Inf|NaN|-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?)\Z")
FORBIDDEN_LABELS = {"job", "instance", "region", "zone", "cluster", "env", "service", "owner", "type",
                    "quantile"}
# Their sum has a wait that is under way, in no bucket yet (docs/metrics.md): above the buckets' own.
UNDER_WAY = {"vigie_process_run_queue_wait_seconds"}
UNITS = ("seconds", "bytes", "ratio", "celsius", "joules", "grams", "meters", "volts", "amperes")
SUFFIXES = {
    "counter": ("_total", "_created"),
    "gauge": ("",),
    "info": ("_info",),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
}
ALL_SUFFIXES = ("_total", "_created", "_info", "_bucket", "_count", "_sum", "_gcount", "_gsum")


class Faults:
    def __init__(self, where):
        self.where, self.found = where, []

    def add(self, line, text):
        self.found.append("%s:%d: %s" % (self.where, line, text))


class Family:
    def __init__(self, name, line):
        self.name, self.line = name, line
        self.type = self.unit = self.help = None
        self.samples = []  # (line, sample name, [(label, value)], value text)


def parse_labels(text, line, faults):
    """The part between the braces: strict, no blank, no trailing comma, three escapes."""
    labels, at = [], 0
    while True:
        match = re.compile(r'([^="{},\s]+)="').match(text, at)
        if not match:
            faults.add(line, "bad label at %r" % text[at:at + 20])
            return labels, None
        value, at = "", match.end()
        while at < len(text) and text[at] != '"':
            if text[at] == "\\":
                if text[at:at + 2] not in ('\\\\', '\\"', "\\n"):
                    faults.add(line, "undefined escape %r" % text[at:at + 2])
                value += {"n": "\n"}.get(text[at + 1:at + 2], text[at + 1:at + 2])
                at += 2
            else:
                value += text[at]
                at += 1
        if at >= len(text):
            faults.add(line, "unterminated label value")
            return labels, None
        labels.append((match.group(1), value))
        at += 1
        if text[at:at + 1] == "}":
            return labels, text[at + 1:]
        if text[at:at + 1] != ",":
            faults.add(line, "expected , or } at %r" % text[at:at + 20])
            return labels, None
        at += 1


def parse_sample(text, line, faults):
    match = re.match(r"[^{ ]+", text)
    if not match:
        faults.add(line, "no sample name")
        return None
    name, rest, labels = match.group(), text[match.end():], []
    if rest.startswith("{"):
        labels, rest = parse_labels(rest[1:], line, faults)
        if rest is None:
            return None
        if not labels:
            faults.add(line, "empty braces")
    if not rest.startswith(" ") or not NUMBER.match(rest[1:]):
        faults.add(line, "expected one blank and one number, found %r" % rest)
        return None
    return line, name, labels, rest[1:]


def split_lines(raw, faults, classic):
    if raw.startswith(b"\xef\xbb\xbf"):
        faults.add(1, "byte order mark")
    if b"\r" in raw:
        faults.add(1, "carriage return")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        faults.add(1, "not UTF-8: %s" % error)
        text = raw.decode("utf-8", "replace")
    if not text.endswith("\n"):
        faults.add(text.count("\n") + 1, "no line end at the end")
    lines = text.split("\n")[:-1]
    if classic:
        if "# EOF" in lines:
            faults.add(len(lines), "EOF marker in text 0.0.4")
    elif not lines or lines[-1] != "# EOF":
        faults.add(len(lines), "the last line is not # EOF")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            faults.add(number, "blank line")
        elif line != line.rstrip():
            faults.add(number, "trailing blank")
    return lines


def check_metadata(family, keyword, text, line, faults, classic):
    order = [k for k in ("type", "unit", "help") if getattr(family, k) is not None]
    if family.samples:
        faults.add(line, "metadata after samples of %s" % family.name)
    if getattr(family, keyword) is not None:
        faults.add(line, "second %s of %s" % (keyword, family.name))
    if not classic and order and ("type", "unit", "help").index(keyword) < \
            ("type", "unit", "help").index(order[-1]):
        faults.add(line, "%s after %s" % (keyword, order[-1]))
    if keyword == "help" and re.sub(r'\\\\|\\n|\\"', "", text).count("\\"):
        faults.add(line, "undefined escape in HELP")
    setattr(family, keyword, text)


def parse(raw, faults, classic):
    """Lines to families. Reports what can be seen while reading."""
    families, current, closed = [], None, set()
    lines = split_lines(raw, faults, classic)
    for number, line in enumerate(lines, 1):
        if line == "# EOF":
            if number != len(lines):
                faults.add(number, "text after EOF")
            continue
        if line.startswith("#"):
            match = re.match(r"# (TYPE|UNIT|HELP) ([^ ]+) (.+)\Z", line)
            if not match:
                faults.add(number, "neither TYPE, UNIT, HELP nor EOF: %r" % line[:40])
                continue
            keyword, name, text = match.group(1).lower(), match.group(2), match.group(3)
            if classic and keyword == "unit":
                faults.add(number, "UNIT in text 0.0.4")
            if not current or current.name != name:
                if current:
                    closed.add(current.name)
                if name in closed:
                    faults.add(number, "family %s again" % name)
                current = Family(name, number)
                families.append(current)
            check_metadata(current, keyword, text, number, faults, classic)
            continue
        sample = parse_sample(line, number, faults)
        if not sample:
            continue
        if not current or not any(sample[1] == n for n in sample_names(current, classic)):
            faults.add(number, "sample %s outside its family" % sample[1])
            continue
        current.samples.append(sample)
    return families


def sample_names(family, classic):
    if classic:
        if family.type == "histogram":
            return [family.name + s for s in ("_bucket", "_count", "_sum")]
        return [family.name]
    return [family.name + s for s in SUFFIXES.get(family.type, ("",))]


def check_names(families, faults, classic):
    """Unique names, and no two families that could ever produce the same sample."""
    owner = {}
    for family in families:
        if not NAME.match(family.name):
            faults.add(family.line, "bad name %s" % family.name)
        for name in set(sample_names(family, classic)) | {family.name}:
            if owner.setdefault(name, family.name) != family.name:
                faults.add(family.line, "%s clashes with %s over %s" % (family.name, owner[name], name))
        if not classic and family.name.endswith(ALL_SUFFIXES):
            faults.add(family.line, "reserved suffix in %s" % family.name)


def check_family(family, faults, classic):
    allowed = ("counter", "gauge", "histogram") if classic else tuple(SUFFIXES)
    if family.type not in allowed:
        faults.add(family.line, "type %s of %s" % (family.type, family.name))
    if not (family.help or "").strip():
        faults.add(family.line, "no help for %s" % family.name)
    if classic:
        if (family.type == "counter") != family.name.endswith("_total"):
            faults.add(family.line, "%s: _total is for counters" % family.name)
        return
    if family.unit and not family.name.endswith("_" + family.unit):
        faults.add(family.line, "%s does not end in its unit" % family.name)
    if family.unit and family.type == "info":
        faults.add(family.line, "an info has no unit")
    for unit in UNITS:
        if family.name.endswith("_" + unit) and family.unit != unit:
            faults.add(family.line, "%s does not state its unit" % family.name)


def check_labels(family, faults):
    """Legal, allowed, the same in the same order on all samples, never empty."""
    first = None
    for line, name, labels, _ in family.samples:
        names = [n for n, _ in labels]
        for label, value in labels:
            if not LABEL.match(label) or label in FORBIDDEN_LABELS:
                faults.add(line, "label name %s" % label)
            if label == "le" and not name.endswith("_bucket"):
                faults.add(line, "le outside a bucket")
            if value == "":
                faults.add(line, "empty value of %s: equals no label" % label)
            for c in value:
                if ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0 or ord(c) in (0x2028, 0x2029):
                    faults.add(line, "control character U+%04X in %s" % (ord(c), label))
        if len(set(names)) != len(names):
            faults.add(line, "a label twice")
        if names.count("le") and names[-1] != "le":
            faults.add(line, "le is not last")
        names = [n for n in names if n != "le"]
        first = names if first is None else first
        if names != first:
            faults.add(line, "labels %s where the first sample has %s" % (names, first))


def check_values(family, faults, classic):
    for line, name, _, text in family.samples:
        value = float(text)
        if family.type == "counter" and not value >= 0:
            faults.add(line, "counter is %s" % text)
        if (family.type == "info" or classic and name.endswith("_info")) and value != 1:
            faults.add(line, "info is %s" % text)
        if name.endswith(("_bucket", "_count")) and family.type == "histogram" and \
                not re.match(r"[0-9]+\Z", text):
            faults.add(line, "%s is not an integer" % name)
        if "e" in text or text in ("NaN", "+Inf"):
            faults.add(line, "value %s is not a plain decimal" % text)


def canonical(value):
    text = repr(float(value)) if math.isfinite(value) else "+Inf"
    if math.isfinite(value) and value >= 1e6 and "e" not in text:
        mantissa, exponent = ("%e" % value).split("e")
        return "%se+%02d" % (mantissa.rstrip("0").rstrip("."), int(exponent))
    return text


def possible_sum(bounds, counts, total, more):
    """more: the sum has what is under way as well, which is in no bucket yet."""
    low = high = 0.0
    previous = 0.0
    for bound, count in zip(bounds, counts):
        low += previous * count
        high += bound * count if count else 0
        previous = bound if math.isfinite(bound) else previous
    return low * (1 - 1e-9) <= total and (more or total <= high * (1 + 1e-9))


def check_histogram(family, faults):
    points = {}
    order = []
    for line, name, labels, text in family.samples:
        key = tuple((n, v) for n, v in labels if n != "le")
        if key not in points:
            points[key] = {"line": line, "buckets": []}
            order.append(key)
        elif order[-1] != key:
            faults.add(line, "interleaved: %s" % dict(key))
        if name.endswith("_bucket"):
            points[key]["buckets"].append((dict(labels).get("le", ""), int(float(text))))
        else:
            points[key][name[len(family.name) + 1:]] = float(text)
    layouts = set()
    for key, point in points.items():
        line, les = point["line"], [le for le, _ in point["buckets"]]
        bounds = [float(le) for le in les]
        layouts.add(tuple(les))
        counts = [count for _, count in point["buckets"]]
        if not les or les[-1] != "+Inf":
            faults.add(line, "the last bucket is not +Inf")
            continue
        if [canonical(b) for b in bounds] != les:
            faults.add(line, "le is not canonical: %s" % les)
        if bounds != sorted(set(bounds)) or counts != sorted(counts):
            faults.add(line, "buckets do not increase: %s" % point["buckets"])
        if "count" not in point or "sum" not in point:
            faults.add(line, "no count or no sum")
            continue
        if point["count"] != counts[-1]:
            faults.add(line, "count is not the +Inf bucket")
        parts = [b - a for a, b in zip([0] + counts, counts)]
        if not possible_sum(bounds, parts, point["sum"], family.name in UNDER_WAY):
            faults.add(line, "sum %r is impossible for buckets %s" % (point["sum"], point["buckets"]))
    if len(layouts) > 1:
        faults.add(family.line, "%s has buckets of several kinds" % family.name)


def check_duplicates(families, faults):
    seen = {}
    for family in families:
        for line, name, labels, _ in family.samples:
            key = name, tuple(sorted((n, v) for n, v in labels if v))
            if key in seen:
                faults.add(line, "duplicate of line %d: %s" % (seen[key], key))
            seen[key] = line


def check_interleaving(family, faults):
    """All lines of one label set stand together (for a histogram without its le)."""
    if family.type == "histogram":
        return
    last, seen = None, set()
    for line, _, labels, _ in family.samples:
        key = tuple(labels)
        if key != last and key in seen:
            faults.add(line, "interleaved: %s" % dict(key))
        seen.add(key)
        last = key


def check_everywhere(families, faults):
    samples = [dict(labels) for f in families for _, _, labels, _ in f.samples]
    if len(samples) > 10000:
        faults.add(1, "%d series" % len(samples))
    for name in set.intersection(*[set(s) for s in samples]) if samples else ():
        faults.add(1, "label %s on every sample" % name)


def check_page(path, classic):
    faults = Faults(path)
    with open(path, "rb") as file:
        families = parse(file.read(), faults, classic)
    check_names(families, faults, classic)
    for family in families:
        check_family(family, faults, classic)
        check_labels(family, faults)
        check_values(family, faults, classic)
        check_interleaving(family, faults)
        if family.type == "histogram":
            check_histogram(family, faults)
        if not family.samples:
            faults.add(family.line, "%s has no samples" % family.name)
    check_duplicates(families, faults)
    check_everywhere(families, faults)
    return families, faults.found


def check_books(path, families):
    """Groups + other + retired + unattributed = host, per mode, to the nanosecond."""
    sums = {}
    for family in families:
        for _, name, labels, text in family.samples:
            mode = dict(labels).get("mode")
            if mode:
                whole, _, part = text.partition(".")
                ns = int(whole) * 10**9 + int((part + "0" * 9)[:9])
                sums[name, mode] = sums.get((name, mode), 0) + ns
    found = []
    for mode in ("user", "system"):
        parts = [sums.get(("vigie_%s_cpu_seconds_total" % n, mode), 0)
                 for n in ("process", "retired", "unattributed")]
        host = sums.get(("vigie_host_cpu_seconds_total", mode))
        if host is not None and sum(parts) != host:
            found.append("%s: the books of %s: %s is %d, not %d" % (path, mode, parts, sum(parts), host))
    return found


def all_samples(families):
    return {(name, tuple(labels)): text for f in families for _, name, labels, text in f.samples}


def compare(om_path, om, text_path, text, same_values):
    found = []
    a, b = all_samples(om), all_samples(text)
    for key in sorted(set(a) ^ set(b)):
        if same_values:
            found.append("%s is only in %s" % (key, om_path if key in a else text_path))
    for key in sorted(set(a) & set(b)):
        if same_values and a[key] != b[key]:
            found.append("%s is %s in one rendering, %s in the other" % (key, a[key], b[key]))
    names = [{k[0] for k in a}, {k[0] for k in b}]
    for name in sorted(names[0] ^ names[1]):
        found.append("metric %s is in one rendering only" % name)
    types = [{n: f.type for f in page for n in (s[1] for s in f.samples)} for page in (om, text)]
    for name in sorted(names[0] & names[1]):
        if types[0][name] != types[1][name] and (types[0][name], types[1][name]) != ("info", "gauge"):
            found.append("metric %s is %s and %s" % (name, types[0][name], types[1][name]))
    return found


def check_client_python(path, families):
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    try:
        parsed = list(text_string_to_metric_families(text))
    except ValueError as error:
        return ["%s: client_python: %s" % (path, error)]
    theirs = {(s.name, tuple(sorted(s.labels.items()))) for f in parsed for s in f.samples}
    ours = {(n, tuple(sorted(l))) for f in families for _, n, l, _ in f.samples}
    return ["%s: client_python reads other samples: %s" % (path, sorted(theirs ^ ours)[:5])] \
        if theirs != ours else []


def check_promtool(path):
    with open(path, "rb") as file:
        done = subprocess.run(["promtool", "check", "metrics"], stdin=file, capture_output=True)
    problems = (done.stdout + done.stderr).decode(errors="replace").strip()
    return ["%s: promtool: %s" % (path, problems)] if done.returncode or problems else []


def check_json(path):
    def unique(pairs):
        keys = [k for k, _ in pairs]
        if len(set(keys)) != len(keys):
            raise ValueError("a member twice: %s" % keys)
        return dict(pairs)

    def constant(name):
        raise ValueError("%s is not JSON" % name)

    try:
        with open(path, encoding="utf-8") as file:
            doc = json.load(file, object_pairs_hook=unique, parse_constant=constant)
    except ValueError as error:
        return ["%s: %s" % (path, error)]
    found = []
    shape = {tuple(sorted(row)) for row in doc["processes"] + [doc["other"]]}
    if len(shape) != 1:
        found.append("%s: rows differ in their members" % path)
    for mode, book in doc["books"].items():
        ns = {k: round(v * 10**9) for k, v in book.items()}
        if ns["host_seconds"] != sum(v for k, v in ns.items() if k != "host_seconds"):
            found.append("%s: the books of %s do not balance: %s" % (path, mode, book))
    return found


def check_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        raw = file.read()
    found = []
    if raw.count("\n") != raw.count("\r\n") or not raw.endswith("\r\n"):
        found.append("%s: line ends are not CRLF" % path)
    rows = list(csv.reader(raw.splitlines(True), strict=True))
    if len({len(row) for row in rows}) != 1:
        found.append("%s: rows of different length" % path)
    if len(set(rows[0])) != len(rows[0]):
        found.append("%s: a column twice" % path)
    for row in rows:
        found += ["%s: formula %r" % (path, cell) for cell in row if cell[:1] in tuple("=+-@\t\r")]
    return found


def check_pair(om_path, text_path, same_values):
    om, found = check_page(om_path, False)
    text, more = check_page(text_path, True)
    found += more + check_books(om_path, om) + check_books(text_path, text)
    found += compare(om_path, om, text_path, text, same_values)
    if has_client_python():
        found += check_client_python(om_path, om)
    if has_promtool():
        found += check_promtool(text_path)
    return found


def check_golden():
    """Yields the name of each golden file (or pair) and its faults."""
    for stem in ("unit", "pid"):
        path = os.path.join(HERE, stem)
        yield stem + ".om and .prom", check_pair(path + ".om", path + ".prom", True)
        yield stem + ".json", check_json(path + ".json")
        yield stem + ".csv", check_csv(path + ".csv")


def has_promtool():
    return bool(shutil.which("promtool"))


def has_client_python():
    try:
        import prometheus_client.openmetrics.parser  # noqa: F401
    except ImportError:
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--openmetrics", metavar="FILE")
    parser.add_argument("--text", metavar="FILE")
    parser.add_argument("--different-scrapes", action="store_true",
                        help="values and series may differ: the page moved on in between")
    args = parser.parse_args()
    if bool(args.openmetrics) != bool(args.text):
        parser.error("--openmetrics and --text belong together")
    if args.openmetrics:
        results = [("page", check_pair(args.openmetrics, args.text, not args.different_scrapes))]
    else:
        results = list(check_golden())
    missing = [tool for tool, here in (("promtool (Debian: prometheus)", has_promtool()),
                                       ("python3-prometheus-client", has_client_python())) if not here]
    return report(results, missing)


def report(results, missing):
    """TAP lines, faults as comments above the line that they belong to."""
    for name, found in results:
        for fault in found[:50]:
            print("# FAIL " + fault)
        if len(found) > 50:
            print("# FAIL ... and %d more" % (len(found) - 50))
        print("%sok - rules of the exposition: %s" % ("not " if found else "", name))
    for tool in missing:
        print("ok - rules of the exposition, as this tool sees them # SKIP %s is not installed" % tool)
    sys.stdout.flush()
    return 1 if any(found for _, found in results) else SKIP if missing else 0


if __name__ == "__main__":
    sys.exit(main())
