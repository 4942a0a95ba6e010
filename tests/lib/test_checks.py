# SPDX-License-Identifier: GPL-2.0-only
"""Each check of scripts/ finds what it is there to find, and passes a tree without it."""
import os
import subprocess
import tempfile
import unittest

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts")
GPL = "SPDX-License-Identifier: GPL-2.0-only"


def c_file(name, body):
    return f"// {GPL}\n/* {name} - a file. */\n{body}\n"


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def run_on(self, check, files):
        for path, text in files.items():
            full = os.path.join(self.dir.name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return subprocess.run([os.path.join(SCRIPTS, check), self.dir.name], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def passes(self, check, path, text):
        done = self.run_on(check, {path: text})
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def fails(self, check, path, text, saying):
        done = self.run_on(check, {path: text})
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(saying, done.stdout)
        self.assertIn(path, done.stdout)


class LayersTest(CheckTest):
    def good(self, path, body):
        self.passes("check-layers", path, c_file(os.path.basename(path), body))

    def bad(self, path, body, saying):
        self.fails("check-layers", path, c_file(os.path.basename(path), body), saying)

    def test_verbs_include_nouns(self):
        self.good("user/model/a.c", '#include "data/view.h"\n#include <vigie/abi.h>')

    def test_a_verb_includes_no_other_verb(self):
        self.bad("user/model/a.c", '#include "export/encode.h"', "model may not include export")

    def test_nouns_include_no_verb(self):
        self.bad("user/data/a.h", '#  include "model/model.h"', "data may not include model")

    def test_base_includes_only_base(self):
        self.bad("user/base/a.c", '#include "data/view.h"', "base may not include data")

    def test_nobody_includes_app(self):
        self.bad("user/export/a.c", '#include "app/options.h"', "export may not include app")

    def test_the_daemon_includes_no_app_and_no_argp(self):
        self.good("user/daemon/a.c", '#include "model/model.h"\n#include "http/http.h"')
        self.good("user/app/b.c", '#include "daemon/server.h"')
        self.bad("user/daemon/c.c", '#include "app/options.h"', "daemon may not include app")
        self.bad("user/daemon/d.c", "#include <argp.h>", "belongs to app")
        self.bad("user/model/e.c", '#include "daemon/server.h"', "model may not include daemon")

    def test_http_knows_no_format(self):
        self.bad("user/http/a.c", '#include "export/encode.h"', "http may not include export")
        self.bad("user/http/b.c", '#include "report/formats.h"', "http may not include report")

    def test_sandbox_is_a_noun(self):
        self.good("user/profile/a.c", '#include "sandbox/confine.h"')
        self.bad("user/sandbox/a.c", '#include "profile/source.h"', "sandbox may not include profile")
        self.bad("user/sandbox/b.c", '#include "data/view.h"', "sandbox may not include data")

    def test_libbpf_only_in_collect(self):
        self.good("user/collect/a.c", "#include <bpf/libbpf.h>")
        self.bad("user/export/a.c", "#include <bpf/libbpf.h>", "belongs to collect")

    def test_skeleton_only_in_collect(self):
        self.bad("user/app/a.c", '#include "vigie.skel.h"', "belongs to collect")

    def test_sockets_have_a_home(self):
        self.bad("user/collect/a.c", "#include <sys/socket.h>", "belongs to daemon, http, profile, push, sandbox")

    def test_microhttpd_in_one_file(self):
        text = c_file("a.c", "#include <microhttpd.h>")
        done = self.run_on("check-layers", {"user/http/a.c": text, "user/http/b.c": text})
        self.assertEqual(done.returncode, 1)
        self.assertIn("only 1 file", done.stdout)

    def test_argp_only_in_app(self):
        self.bad("user/export/a.c", "#include <argp.h>", "belongs to app")

    def test_model_reads_no_clock(self):
        self.bad("user/model/a.c", "#include <time.h>", "model is pure")
        self.bad("user/detect/b.c", "int f(void)\n{\n\tclock_gettime(0, 0);\n}", "detect is pure")

    def test_a_report_knows_the_calendar_but_no_clock(self):
        self.good("user/report/a.c", "#include <time.h>\nint f(void)\n{\n\tgmtime_r(&a, &b);\n}")
        self.bad("user/report/b.c", "#include <time.h>\nint f(void)\n{\n\ttime(NULL);\n}",
                 "report is pure")

    def test_encoders_do_no_io(self):
        self.bad("user/export/a.c", "int f(void)\n{\n\tfopen(a, b);\n}", "export is pure")
        self.bad("user/export/b.c", "#include <sys/socket.h>", "belongs to")

    def test_model_holds_no_global(self):
        self.bad("user/model/a.c", "static int counter;", "no global")
        self.bad("user/model/b.c", "struct thing *last = NULL;", "no global")

    def test_constants_and_declarations_are_no_globals(self):
        self.good("user/model/a.c", "static const int sizes[] = { 1 };\nstruct model;\n"
                  "typedef int number;\nenum { A, B };\nint f(int a);\n"
                  "int f(int a)\n{\n\tint b = a;\n\treturn b;\n}")

    def test_a_comment_is_no_call(self):
        self.good("user/model/a.c", '/* time() is not read */\nint a(void)\n{\n\treturn f("open()");\n}')

    def test_unknown_folder(self):
        self.bad("user/misc/a.c", "", "is no layer")

    def test_bpf_side(self):
        self.good("bpf/a.bpf.c", '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n'
                  '#include <vigie/abi.h>\n#include "cpus.bpf.h"')
        self.bad("bpf/b.bpf.c", '#include "data/view.h"', "bpf may not include")


class SizesTest(CheckTest):
    @staticmethod
    def function(lines):
        return c_file("a.c", "int f(void)\n{\n" + "\tg();\n" * (lines - 3) + "}")

    def test_function_length(self):
        self.passes("check-sizes", "user/base/a.c", self.function(80))
        self.fails("check-sizes", "user/base/a.c", self.function(81), "f() has 81 lines")

    def test_file_length(self):
        self.passes("check-sizes", "tests/a.py", "pass\n" * 700)
        self.fails("check-sizes", "tests/a.py", "pass\n" * 701, "701 lines")

    def test_vmlinux_is_exempt(self):
        self.passes("check-sizes", "vmlinux/vmlinux.h", "int a;\n" * 9999)


class LinksTest(CheckTest):
    INSTALL = "0644 README.md $(DOCDIR)/README.md\n0644 docs/* $(DOCDIR)/docs/\n"

    def links(self, *files, saying=None):
        done = self.run_on("check-links", {"docs/a.md": "# A `b` *c*\n", "deploy/b.md": "", "deploy/install.mk": self.INSTALL,
                                           **dict(files)})
        self.assertEqual(done.returncode, 1 if saying else 0, done.stdout)
        self.assertIn(saying or "", done.stdout)
        if not saying:
            self.assertEqual(done.stdout, "")

    def test_files(self):
        self.links(("README.md", "[a](docs/a.md) [x](https://example.org/x.md)\n\n    [code](no.md)\n`[code](no.md)`\n"))
        self.links(("README.md", "\n[a](docs/b.md)\n"), saying="README.md:2: a link to docs/b.md, which is not there")

    def test_anchors(self):
        self.links(("README.md", "[a](docs/a.md#a-b-c) [here](#x)\n<a name=\"x\"></a>\n"))
        self.links(("README.md", "[a](docs/a.md#b)\n"), saying="docs/a.md#b: no such heading")
        self.links(("README.md", "[a](#a)\n"), saying="#a: no such heading")

    def test_where_installed(self):
        self.links(("deploy/b.md", "[a](../docs/a.md)\n"))  # is not installed
        self.links(("docs/c.md", "[b](../deploy/b.md)\n"), saying="docs/c.md:1: a link to ../deploy/b.md, which is not installed")


class StyleTest(CheckTest):
    def good(self, path, text):
        self.passes("check-style", path, text)

    def bad(self, path, text, saying):
        self.fails("check-style", path, text, saying)

    def test_good_files(self):
        self.good("user/base/a.c", c_file("a.c", "int a; /* strcpy() */"))
        self.good("bpf/b.bpf.c", f"// {GPL} OR BSD-2-Clause\n/*\n * b.bpf.c - b.\n */\n")
        self.good("x.py", f"#!/usr/bin/env python3\n# {GPL}\n")

    def test_licence(self):
        self.bad("user/base/a.c", "/* a.c - a. */\n", "SPDX")
        self.bad("user/base/b.h", f"// {GPL}\n/* b.h - b. */\n", "SPDX")
        self.bad("bpf/c.bpf.c", c_file("c.bpf.c", ""), "OR BSD-2-Clause")
        self.bad("scripts/d", "#!/bin/sh\ntrue\n", "SPDX")

    def test_first_comment(self):
        self.bad("user/base/a.c", f"// {GPL}\nint a;\n", "first comment")
        self.bad("user/base/b.c", f"// {GPL}\n/* c.c - another. */\nint a;\n", "first comment")

    def test_banned(self):
        for name in "strcpy", "sprintf", "atoi", "strtoul", "localtime":
            self.bad("user/base/a.c", c_file("a.c", f"int x = {name}(y);"), f"{name}() is banned")
        self.good("user/base/a.c", c_file("a.c", "int x = snprintf(y) + localtime_r(z);"))

    def test_no_other_program(self):
        self.bad("user/app/a.c", c_file("a.c", "int x = system(y);"), "system() is banned")
        self.good("user/app/a.c", c_file("a.c", ""))
        self.good("tests/vm/b.c", c_file("b.c", "int x = execl(y);"))

    def test_leftovers(self):
        self.bad("README.md", "TO" "DO: more\n", "an issue is the place")

    def test_places(self):
        self.bad("README.md", "see /ho" "me/someone/x\n", "somebody's machine")
        self.bad("README.md", "see /wor" "k/x\n", "somebody's machine")
        self.good("README.md", "in build/work/x and https://a.example/home/\n")

    def test_blanks(self):
        self.bad("user/base/a.c", c_file("a.c", "int a; "), "blanks at the end")


if __name__ == "__main__":
    unittest.main()
