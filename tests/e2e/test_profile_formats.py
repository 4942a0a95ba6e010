#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_profile_formats - a made-up profile, read by the programs that its formats are for.

The reader of each format is somebody else's: protoc, go tool pprof, flamegraph.pl, a JSON
schema validator. What a view adds up to comes from the profile itself (profile_fixture totals);
stacks are compared between formats. No root, no network.

    SPEEDSCOPE_SCHEMA   speedscope's file-format-schema.json, from its npm package
"""
import collections
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURE = os.path.join(lib.BUILD, "tests", "e2e", "profile_fixture")
FLAMEGRAPH = "/usr/share/perl5/Devel/NYTProf/flamegraph.pl"
VIEWS = ("cpu", "offcpu", "runq", "wakers", "faults")
ALL = (1 << len(VIEWS)) - 1
COLUMNS = {"cpu": "cpu", "offcpu": "offcpu", "runq": "runq", "wakers": "wakers",
           "faults": "faults_space"}  # pprof's value types
MARK = re.compile(r"_\[[kij]\]$")


def fixture(*args):
    return subprocess.run([FIXTURE, *map(str, args)], stdout=subprocess.PIPE, check=True).stdout


def totals():
    """{view: (count, value)} of the profile."""
    rows = (line.split() for line in fixture("totals").decode().splitlines())
    return {view: (int(count), int(value)) for view, count, value in rows}


def folded(view):
    lines = fixture("folded", VIEWS.index(view)).decode().split("\n")[:-1]
    return [(line.rpartition(" ")[0], int(line.rpartition(" ")[2])) for line in lines]


# --- protoc's text form.

def unquote(text):
    raw = re.sub(rb"\\([0-7]{3}|.)", lambda m: bytes([int(m[1], 8)]) if len(m[1]) == 3
                 else {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(m[1], m[1]), text.encode())
    return raw.decode("utf-8")


def parse_message(lines):
    """A message as {field: [values]}; lines is an iterator, used up to the closing brace."""
    message = collections.defaultdict(list)
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith(" {"):
            message[line[:-2]].append(parse_message(lines))
            continue
        name, _, value = line.partition(": ")
        if not name.isidentifier():
            raise AssertionError(f"a field that profile.proto does not have: {line}")
        message[name].append(unquote(value[1:-1]) if value[0] == '"' else
                             value == "true" if value in ("true", "false") else int(value))
    return message


def one(message, field, default=0):
    values = message.get(field) or [default]
    if len(values) != 1:
        raise AssertionError(f"{field} is there {len(values)} times")
    return values[0]


class Pprof:
    """A decoded file, its numbers resolved."""

    def __init__(self, packed):
        lib.needs(shutil.which("protoc"), "no protoc (protobuf-compiler)")
        run = subprocess.run(["protoc", "--decode", "perftools.profiles.Profile", "-I", HERE,
                              os.path.join(HERE, "profile.proto")],
                             input=gzip.decompress(packed), capture_output=True, check=False)
        if run.returncode or run.stderr:
            raise AssertionError(f"protoc: {run.stderr.decode()}")
        self.top = parse_message(iter(run.stdout.decode().splitlines()))
        self.strings = self.top["string_table"]
        self.types = [self.string(t, "type") + "/" + self.string(t, "unit")
                      for t in self.top["sample_type"]]
        self.functions = self.by_id("function")
        self.locations = self.by_id("location")
        self.mappings = self.by_id("mapping")
        self.samples = self.top["sample"]

    def by_id(self, field):
        table = {one(item, "id"): item for item in self.top[field]}
        if 0 in table or len(table) != len(self.top[field]):
            raise AssertionError(f"{field}: an id is 0 or there twice")
        return table

    def string(self, message, field):
        return self.strings[one(message, field)]

    def stack(self, sample):
        """Names, root first."""
        names = []
        for location in sample["location_id"]:
            for line in self.locations[location]["line"]:
                names.append(self.string(self.functions[one(line, "function_id")], "name"))
        return tuple(reversed(names))

    def labels(self, sample):
        return {self.string(label, "key"): self.string(label, "str") if one(label, "str")
                else one(label, "num") for label in sample["label"]}

    def column(self, name):
        """The values of a type, one a sample."""
        at = [t.split("/")[0] for t in self.types].index(name)
        return [sample["value"][at] for sample in self.samples]


class Json:
    """A decoded document, its indexes resolved."""

    def __init__(self):
        self.top = json.loads(fixture("json"))

    def samples(self, view):
        return [s for s in self.top["samples"] if s["view"] == view]

    def stack(self, sample):
        return tuple(self.top["frames"][frame]["name"] for frame in sample["stack"])

    def tag(self, sample):
        if "reason" in sample:
            return (sample["reason"].replace("_", " ").replace("address space", "address-space"),)
        return (self.top["parties"][sample["party"]]["name"],) if "party" in sample else ()

    def process(self, sample):
        thread = self.top["threads"][sample["thread"]]
        return self.top["processes"][thread["process"]]

    def sums(self, view, key):
        """{key(sample): value}, without what is 0."""
        result = collections.Counter()
        for sample in self.samples(view):
            result[key(sample)] += sample["bytes" if view == "faults" else "ns"]
        return +result


class TestPprof(unittest.TestCase):
    def test_totals(self):
        pprof, want = Pprof(fixture("pprof", ALL)), totals()
        self.assertEqual(pprof.types, [
            "cpu_samples/count", "cpu/nanoseconds", "offcpu/nanoseconds", "runq/nanoseconds",
            "wakers/nanoseconds", "faults/count", "faults_space/bytes"])
        for view, column in COLUMNS.items():
            self.assertEqual(sum(pprof.column(column)), want[view][1], view)
        self.assertEqual(sum(pprof.column("cpu_samples")), want["cpu"][0])
        self.assertEqual(sum(pprof.column("faults")), want["faults"][0])
        self.assertEqual(pprof.string(pprof.top, "default_sample_type"), "cpu")

    def test_one_view(self):
        pprof, want = Pprof(fixture("pprof", 1)), totals()
        self.assertEqual(pprof.types, ["samples/count", "cpu/nanoseconds"])
        self.assertEqual(sum(pprof.column("samples")), want["cpu"][0])
        self.assertEqual(sum(pprof.column("cpu")), want["cpu"][1])
        self.assertEqual(Pprof(fixture("pprof", 2)).types, ["offcpu/nanoseconds"])
        faults = Pprof(fixture("pprof", 16))
        self.assertEqual(faults.types, ["faults/count", "space/bytes"])
        self.assertEqual(faults.string(faults.top, "default_sample_type"), "space")

    def test_stacks_are_those_of_json(self):
        pprof, document = Pprof(fixture("pprof", ALL)), Json()
        for view, column in COLUMNS.items():
            got = collections.Counter()
            for sample, value in zip(pprof.samples, pprof.column(column)):
                got[pprof.stack(sample)] += value
            want = document.sums(view, lambda s: document.stack(s) or ("[no stack]",))
            self.assertEqual(+got, want, view)

    def test_labels(self):
        pprof, document = Pprof(fixture("pprof", 2)), Json()
        got = collections.Counter()
        for sample, value in zip(pprof.samples, pprof.column("offcpu")):
            labels = pprof.labels(sample)
            self.assertEqual(set(labels), {"thread", "tid", "pid", "reason"})
            got[labels["tid"], labels["pid"], labels["thread"], labels["reason"]] += value
        threads = document.top["threads"]
        self.assertEqual(got, document.sums("offcpu", lambda s: (
            threads[s["thread"]]["tid"], document.process(s)["pid"],
            threads[s["thread"]]["comm"], *document.tag(s))))
        for views, key in ((4, "culprit"), (8, "waker")):
            pprof = Pprof(fixture("pprof", views))
            self.assertTrue(all(key in pprof.labels(sample) for sample in pprof.samples))

    def test_tables(self):
        pprof = Pprof(fixture("pprof", ALL))
        self.assertEqual(pprof.strings[0], "")
        self.assertEqual(len(set(pprof.strings)), len(pprof.strings))
        for location in pprof.locations.values():
            if one(location, "mapping_id"):
                mapping = pprof.mappings[one(location, "mapping_id")]
                address = one(location, "address")
                self.assertLessEqual(one(mapping, "memory_start"), address)
                self.assertLess(address, one(mapping, "memory_limit"))
        first = pprof.top["mapping"][0]
        self.assertEqual(pprof.string(first, "filename"), "/usr/bin/searchd")
        self.assertEqual(pprof.string(first, "build_id"), "0123456789abcdef")
        self.assertTrue(one(first, "has_functions") and one(first, "has_inline_frames"))
        used = {i for sample in pprof.samples for i in sample["location_id"]}
        self.assertEqual(used, set(pprof.locations))

    def test_inlined_lines_are_callee_first(self):
        pprof = Pprof(fixture("pprof", 1))
        names = [[pprof.string(pprof.functions[one(line, "function_id")], "name")
                  for line in location["line"]] for location in pprof.locations.values()]
        self.assertIn(["next_posting", "merge_postings"], names)

    def test_functions_have_their_begin(self):
        pprof = Pprof(fixture("pprof", 1))
        places = {}
        for location in pprof.locations.values():
            for line in location["line"]:
                function = pprof.functions[one(line, "function_id")]
                places[pprof.string(function, "name")] = (
                    pprof.string(function, "filename"), one(function, "start_line"),
                    one(line, "line"))
        self.assertEqual(places["next_posting"][1:], (5, 7))
        self.assertEqual(places["merge_postings"][1:], (40, 42))
        self.assertEqual(places["next_posting"][0], places["merge_postings"][0])
        self.assertTrue(places["next_posting"][0])

    def test_empty(self):
        pprof = Pprof(fixture("empty", "pprof", ALL))
        self.assertEqual(len(pprof.types), 7)
        self.assertFalse(pprof.samples or pprof.locations or pprof.mappings)


class TestGoPprof(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        found = shutil.which("go") and subprocess.run(
            ["go", "tool", "pprof", "-h"], capture_output=True, check=False).returncode in (0, 2)
        lib.needs(found, "no go tool pprof (golang-go)")

    def pprof(self, *args, views=ALL):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "profile.pb.gz")
            with open(path, "wb") as file:
                file.write(fixture("pprof", views))
            # Symbols come from the file alone; its own cache stays out of the home.
            run = subprocess.run(["go", "tool", "pprof", "-symbolize=none", *args, path],
                                 capture_output=True, check=False,
                                 env={**os.environ, "PPROF_TMPDIR": place, "HOME": place})
        self.assertEqual(run.returncode, 0, run.stderr.decode())
        return run.stdout.decode()

    def test_raw_adds_up(self):
        lines = self.pprof("-raw").splitlines()
        begin = lines.index("Samples:") + 1
        types = [t.partition("/")[0] for t in lines[begin].replace("[dflt]", "").split()]
        rows = [re.match(r"((?:\s*\d+)+):", line) for line in
                lines[begin + 1:lines.index("Locations")]]
        sums = [sum(column) for column in zip(*(map(int, row[1].split()) for row in rows if row))]
        for view, column in COLUMNS.items():
            self.assertEqual(sums[types.index(column)], totals()[view][1], view)

    def test_top(self):
        document = Json()
        for view in ("cpu", "offcpu"):
            total = totals()[view][1]
            text = self.pprof("-top", "-unit=ns", "-nodefraction=0", "-sample_index=" + view)
            self.assertIn(f"of {total}ns total", text)
            leaf = document.sums(view, lambda s: (document.stack(s) or ("[no stack]",))[-1])
            rows = re.findall(r"^ *(\d+)(?:ns)? .*\d%  (.+?)(?: \(inline\))?$", text, re.M)
            got = {name: int(flat) for flat, name in rows}
            for name in ("score_document", "next_posting", "do_epoll_wait", "[no stack]"):
                self.assertEqual(got.get(name, 0), leaf.get(name, 0), (view, name, text))

    def test_each_view_alone(self):
        for i, view in enumerate(VIEWS[:4]):
            self.assertIn(f"of {totals()[view][1]}ns total",
                          self.pprof("-top", "-unit=ns", views=1 << i))


class TestFolded(unittest.TestCase):
    def test_totals(self):
        for view in VIEWS:
            self.assertEqual(sum(value for _, value in folded(view)), totals()[view][1], view)

    def test_lines(self):
        for view in VIEWS:
            stacks = [stack.encode() for stack, _ in folded(view)]
            self.assertEqual(stacks, sorted(set(stacks)))
            self.assertTrue(all(value for _, value in folded(view)))

    def test_stacks_are_those_of_json(self):
        document = Json()

        def name(text):
            return re.sub(r" (?=[\d.]+$)", "_", text.replace(";", ":"))
        for view in VIEWS:
            want = document.sums(view, lambda s: tuple(map(name, (
                document.process(s)["comm"], *document.tag(s), *document.stack(s)))))
            got = collections.Counter()
            for stack, value in folded(view):
                got[tuple(MARK.sub("", frame) for frame in stack.split(";"))] += value
            self.assertEqual(got, want, view)

    def flamegraph(self, *args):
        lib.needs(os.path.exists(FLAMEGRAPH) and shutil.which("perl"),
                  "no flamegraph.pl (libdevel-nytprof-perl)")
        run = subprocess.run(["perl", FLAMEGRAPH, "--minwidth=0"], input=fixture(*args),
                             capture_output=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn(b"gnored", run.stderr)
        found = re.search(r">all \(([\d,]+) samples, 100%", run.stdout.decode())
        self.assertTrue(found, run.stdout[:2000])
        return int(found[1].replace(",", ""))

    def test_flamegraph(self):
        for i, view in enumerate(VIEWS):
            self.assertEqual(self.flamegraph("folded", i), totals()[view][1], view)

    def test_flamegraph_of_a_difference(self):
        self.assertEqual(self.flamegraph("diff", 0), totals()["cpu"][1])


class TestSpeedscope(unittest.TestCase):
    def validate(self, document, schema):
        try:
            import jsonschema
        except ImportError:
            lib.needs(False, "no python3-jsonschema")
        with open(schema, encoding="utf-8") as file:
            jsonschema.validate(document, json.load(file))

    def documents(self):
        return [json.loads(fixture("speedscope", ALL)), json.loads(fixture("speedscope", 2)),
                json.loads(fixture("empty", "speedscope", ALL))]

    def test_schema(self):
        places = [os.environ.get("SPEEDSCOPE_SCHEMA", "")] + [
            f"/usr/{where}/node_modules/speedscope/dist/release/file-format-schema.json"
            for where in ("lib", "local/lib")]
        found = [place for place in places if os.path.isfile(place)]
        lib.needs(found, "speedscope's schema is not here: npm install -g speedscope, "
                         "or SPEEDSCOPE_SCHEMA=FILE")
        for document in self.documents():
            self.validate(document, found[0])

    def test_subset(self):
        for document in self.documents():
            self.validate(document, os.path.join(HERE, "speedscope_subset.json"))

    def test_totals(self):
        top, want = self.documents()[0], totals()
        shared = len(top["shared"]["frames"])
        threads = collections.Counter()
        for profile in top["profiles"]:
            view, _, who = profile["name"].partition(": ")
            self.assertEqual(len(profile["samples"]), len(profile["weights"]))
            self.assertEqual(sum(profile["weights"]), profile["endValue"])
            self.assertTrue(all(i < shared for stack in profile["samples"] for i in stack))
            if who == "all threads":
                self.assertEqual(profile["endValue"], want[view][1], view)
            else:
                threads[view] += profile["endValue"]
        self.assertEqual(threads, {view: want[view][1] for view in VIEWS})
        self.assertEqual([p["name"] for p in top["profiles"][:5]],
                         [f"{view}: all threads" for view in VIEWS])

    def test_stacks_are_those_of_json(self):
        top, document = self.documents()[0], Json()
        names = [frame["name"] for frame in top["shared"]["frames"]]
        for view, profile in zip(VIEWS, top["profiles"]):
            got = collections.Counter()
            for stack, weight in zip(profile["samples"], profile["weights"]):
                got[tuple(names[i] for i in stack)] += weight
            self.assertEqual(got, document.sums(view, lambda s: (
                document.process(s)["comm"], *document.tag(s), *document.stack(s))), view)


class TestJson(unittest.TestCase):
    def test_totals(self):
        top = Json().top
        for view, (count, value) in totals().items():
            unit = "bytes" if view == "faults" else "ns"
            self.assertEqual(top["totals"][view], {"count": count, unit: value})
            samples = [s for s in top["samples"] if s["view"] == view]
            self.assertEqual(sum(s["count"] for s in samples), count)
            self.assertEqual(sum(s[unit] for s in samples), value)

    def test_numbers_are_integers(self):
        def floats(_):
            raise AssertionError("a fraction")
        json.loads(fixture("json"), parse_float=floats)
        json.loads(fixture("empty", "json"), parse_float=floats)

    def test_members_are_documented(self):
        text = lib.read(os.path.join(lib.ROOT, "docs", "profile-json.md"))
        missing = set()

        def look(pairs):
            missing.update(name for name, _ in pairs if f"`{name}`" not in text)
            return dict(pairs)
        json.loads(fixture("json"), object_pairs_hook=look)
        self.assertFalse(missing)


class TestText(unittest.TestCase):
    def test_fits(self):
        for args in (("text",), ("text", 80), ("compare",), ("compare", 80), ("empty", "text")):
            lines = fixture(*args).decode().split("\n")[:-1]
            width = args[1] if len(args) > 1 and args[0] != "empty" else 100
            self.assertLessEqual(max(map(len, lines)), width, args)
            self.assertLessEqual(len(lines), 50, args)
            self.assertFalse([line for line in lines if line != line.rstrip()], args)

    def test_colour_only_where_asked(self):
        self.assertNotIn(b"\x1b", fixture("text"))
        colourless = re.sub(rb"\x1b\[\d*m", b"", fixture("text", 100, 10, 1))
        self.assertEqual(colourless, fixture("text", 100, 10))


if __name__ == "__main__":
    unittest.main()
