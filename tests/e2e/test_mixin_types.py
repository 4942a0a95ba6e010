#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The dashboards against Grafana's own types: @grafana/schema of npm, checked by TypeScript.

Owns: that no option is misspelt, of a wrong type or a value that Grafana 13 does not know. No Grafana
is in Debian or on npm: what it draws is not tested.
"""
import json
import os
import shutil
import subprocess
import sys
import unittest

import lib

sys.path.insert(0, os.path.join(lib.ROOT, "tests", "mixin"))
import dashboards  # noqa: E402

PINNED = os.path.join(lib.ROOT, "tests", "mixin", "schema")
PLACE = os.path.join(lib.BUILD, "grafana-schema")
TYPES = "./node_modules/@grafana/schema/dist/types/raw/"
# In JSON an enum is its value.
HEAD = """type Json<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
\t: T extends (infer U)[] ? Json<U>[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T;
"""
# What the data source's own annotations have and the schema has not.
MARKS = {"expr", "step", "titleFormat"}


def kind(panel):
    return panel["type"].replace("-", "").lower()


def without(value, keys):
    return {key: item for key, item in value.items() if key not in keys}


def typescript(boards):
    """A program that compiles if all of them are what their types say."""
    lines = [HEAD, f"import type {{ Dashboard, Panel }} from '{TYPES}dashboard/x/types.gen';"]
    exported = {name: lib.read(os.path.join(PLACE, TYPES, "composable", name, "panelcfg", "x",
                                            "types.gen.d.ts"))
                for name in sorted({kind(panel) for board in boards
                                    for panel in dashboards.data_panels(board)})}
    lines += [f"import type * as {name} from '{TYPES}composable/{name}/panelcfg/x/types.gen';"
              for name in exported]

    def check(type_name, value):
        lines.append(f"export const v{len(lines)}: Json<{type_name}> = {json.dumps(value)};")

    for board in boards:
        marks = [without(mark, MARKS) for mark in board["annotations"]["list"]]
        check("Omit<Dashboard, 'panels'>",
              {**without(board, {"panels"}), "annotations": {"list": marks}})
        for panel in dashboards.data_panels(board):
            name, defaults = kind(panel), panel["fieldConfig"]["defaults"]
            check("Panel", without(panel, {"options"}))
            check(f"Partial<{name}.Options>", panel.get("options", {}))
            if "custom" in defaults:
                assert " FieldConfig " in exported[name], name
                check(f"Partial<{name}.FieldConfig>", defaults["custom"])
    return "\n".join(lines) + "\n"


def installed():
    shutil.rmtree(PLACE, ignore_errors=True)
    shutil.copytree(PINNED, PLACE)
    run = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PLACE,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120)
    said = run.stdout.decode("utf-8", "replace").strip().split("\n")[-1]
    lib.needs(run.returncode == 0, f"npm cannot install @grafana/schema: {said}")


class Types(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lib.needs(shutil.which("npm") and shutil.which("node"), "node and npm are not installed")
        lock = os.path.join(PLACE, "package-lock.json")
        if not os.path.exists(os.path.join(PLACE, "node_modules", "typescript")) or \
                lib.read(lock) != lib.read(os.path.join(PINNED, "package-lock.json")):
            installed()
        cls.boards = [dashboards.load(path) for path in dashboards.paths()]

    def complaints(self, boards):
        lib.write(os.path.join(PLACE, "check.ts"), typescript(boards))
        run = subprocess.run(
            ["node", "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck",
             "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "check.ts"],
            cwd=PLACE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return run.stdout.decode("utf-8", "replace")

    def test_they_are_what_grafana_says(self):
        self.assertMultiLineEqual(self.complaints(self.boards), "")

    def test_what_is_not_is_found(self):
        board = json.loads(json.dumps(self.boards[0]))
        chart = next(panel for panel in board["panels"] if panel["type"] == "timeseries")
        chart["options"]["legend"]["placement"] = "under"
        chart["fieldConfig"]["defaults"]["custom"]["lineWidht"] = 1
        board["refresh"] = 30
        said = self.complaints([board])
        for wrong in ('"under"', '"lineWidht"', "'number' is not assignable to type 'string'"):
            self.assertIn(wrong, said)


if __name__ == "__main__":
    unittest.main()
