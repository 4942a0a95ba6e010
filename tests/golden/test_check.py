#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""check.py must see each fault that a page can have: breaks a good page, one rule at a time."""
import os
import tempfile
import unittest

import check

OM = """\
# TYPE a_seconds counter
# UNIT a_seconds seconds
# HELP a_seconds Some help.
a_seconds_total{x="1",mode="user"} 1.5
a_seconds_total{x="2",mode="user"} 2
# TYPE h_seconds histogram
# UNIT h_seconds seconds
# HELP h_seconds Some help.
h_seconds_bucket{x="1",le="1e-06"} 1
h_seconds_bucket{x="1",le="0.5"} 3
h_seconds_bucket{x="1",le="+Inf"} 3
h_seconds_count{x="1"} 3
h_seconds_sum{x="1"} 0.75
# TYPE g gauge
# HELP g Some help.
g 7
# TYPE i info
# HELP i Some help.
i_info{x="a\\\\b\\"c"} 1
# EOF
"""

# What is replaced, by what, and a part of what the checker must say.
BROKEN = [
    ("# EOF\n", "", "not # EOF"),
    ("# EOF\n", "# EOF", "no line end"),
    ("# EOF\n", "# EOF\ng 8\n", "not # EOF"),
    ("# TYPE g gauge\n", "# EOF\n# TYPE g gauge\n", "text after EOF"),
    ("g 7\n", "g 7\n\n", "blank line"),
    ("g 7\n", "g 7 \n", "trailing blank"),
    ("g 7\n", "g  7\n", "one blank and one number"),
    ("g 7\n", "g 7\r\n", "carriage return"),
    ("g 7\n", "g 7 1700000000\n", "one blank and one number"),
    ("g 7\n", "g 0x7\n", "one blank and one number"),
    ("g 7\n", "g 7,5\n", "one blank and one number"),
    ("g 7\n", "g NaN\n", "plain decimal"),
    ("g 7\n", "g{} 7\n", "bad label"),
    ("g 7\n", "g{x=\"1\",} 7\n", "bad label"),
    ("g 7\n", "g{x=\"1\", y=\"2\"} 7\n", "bad label"),
    ("g 7\n", "g{x=\"\"} 7\n", "empty value"),
    ("g 7\n", "g{x=\"1\",x=\"2\"} 7\n", "a label twice"),
    ("g 7\n", "g{job=\"1\"} 7\n", "label name job"),
    ("g 7\n", "g{type=\"1\"} 7\n", "label name type"),
    ("g 7\n", "g{_x=\"1\"} 7\n", "label name _x"),
    ("g 7\n", "g{x:y=\"1\"} 7\n", "label name x:y"),
    ("g 7\n", "g{le=\"1\"} 7\n", "le outside"),
    ("g 7\n", "g{x=\"a\\t\"} 7\n", "undefined escape"),
    ("g 7\n", "g{x=\"a\u202e\x1b\"} 7\n", "control character"),
    ("g 7\n", "g 7\n# a comment\n", "neither TYPE"),
    ("g 7\n", "g 7\ng 7\n", "duplicate"),
    ("g 7\n", "", "has no samples"),
    ("g 7\n", "g_total 7\n", "outside its family"),
    ("g 7\n", "g 7\n# TYPE a_seconds counter\n", "again"),
    ("g 7\n", "g 7\n# HELP g Late.\n", "after samples"),
    ("g 7\n", "g 7\n# TYPE g:x gauge\n# HELP g:x H.\ng:x 1\n", "bad name"),
    ("g 7\n", "g 7\n# TYPE a_seconds_total gauge\n# HELP a_seconds_total H.\na_seconds_total 1\n",
     "clashes"),
    ("g 7\n", "g 7\n# TYPE a_seconds_created gauge\n# HELP a_seconds_created H.\n"
     "a_seconds_created 1\n", "clashes"),
    ("# TYPE g gauge\n# HELP g Some help.\n", "# HELP g Some help.\n# TYPE g gauge\n", "type after"),
    ("# TYPE g gauge\n", "# TYPE g gauge\n# TYPE g gauge\n", "second type"),
    ("# TYPE g gauge\n", "# TYPE g unknown\n", "type unknown"),
    ("# TYPE g gauge\n", "", "type None"),
    ("# HELP g Some help.\n", "", "no help"),
    ("# HELP g Some help.\n", "# HELP g Some \\x.\n", "undefined escape in HELP"),
    ("# UNIT a_seconds seconds\n", "", "does not state its unit"),
    ("# UNIT a_seconds seconds\n", "# UNIT a_seconds bytes\n", "does not end in its unit"),
    ("a_seconds_total{x=\"1\",mode=\"user\"} 1.5", "a_seconds_total{x=\"1\",mode=\"user\"} -1", "counter is"),
    ("a_seconds_total{x=\"1\",", "a_seconds{x=\"1\",", "outside its family"),
    ("{x=\"2\",mode=\"user\"}", "{mode=\"user\",x=\"2\"}", "where the first sample has"),
    ("{x=\"2\",mode=\"user\"}", "{x=\"2\"}", "where the first sample has"),
    ("c\"} 1\n", "c\"} 2\n", "info is 2"),
    ("le=\"1e-06\"", "le=\"0.000001\"", "not canonical"),
    ("le=\"+Inf\"} 3", "le=\"+Inf\"} 2", "do not increase"),
    ("h_seconds_bucket{x=\"1\",le=\"+Inf\"} 3\n", "", "not +Inf"),
    ("h_seconds_bucket{x=\"1\",le=\"0.5\"} 3\n", "h_seconds_bucket{x=\"1\",le=\"0.5\"} 2.5\n",
     "not an integer"),
    ("h_seconds_count{x=\"1\"} 3", "h_seconds_count{x=\"1\"} 4", "not the +Inf bucket"),
    ("h_seconds_count{x=\"1\"} 3\n", "", "no count"),
    ("h_seconds_sum{x=\"1\"} 0.75", "h_seconds_sum{x=\"1\"} 2", "impossible"),
    ("h_seconds_sum{x=\"1\"} 0.75", "h_seconds_sum{x=\"1\"} 0.0000001", "impossible"),
    ("h_seconds_bucket{x=\"1\",le=\"0.5\"}", "h_seconds_bucket{le=\"0.5\",x=\"1\"}", "le is not last"),
    ("g 7\n", "\ufeffg 7\n", "outside its family"),
]


class Check(unittest.TestCase):
    def page(self, raw, classic=False):
        with tempfile.NamedTemporaryFile() as file:
            file.write(raw)
            file.flush()
            return check.check_page(file.name, classic)

    def test_a_good_page_has_no_fault(self):
        self.assertEqual(self.page(OM.encode())[1], [])

    def test_each_fault_is_seen(self):
        for old, new, want in BROKEN:
            with self.subTest(old=old, new=new):
                self.assertIn(old, OM)
                found = self.page(OM.replace(old, new, 1).encode())[1]
                self.assertTrue(any(want in fault for fault in found), "%s in %s" % (want, found))

    def test_bytes_that_are_not_utf8(self):
        found = self.page(OM.encode().replace(b"a\\\\b", b"a\xff"))[1]
        self.assertTrue(any("not UTF-8" in fault for fault in found), found)
        found = self.page(b"\xef\xbb\xbf" + OM.encode())[1]
        self.assertTrue(any("byte order mark" in fault for fault in found), found)

    def test_interleaved_histograms(self):
        other = 'h_seconds_bucket{x="2",le="+Inf"} 0\n'
        broken = OM.replace("h_seconds_count", other + "h_seconds_count")
        found = self.page(broken.encode())[1]
        self.assertTrue(any("interleaved" in fault for fault in found), found)
        self.assertTrue(any("several kinds" in fault for fault in found), found)

    def test_text_rules(self):
        good = "# HELP a_total H.\n# TYPE a_total counter\na_total 1\n"
        self.assertEqual(self.page(good.encode(), True)[1], [])
        for old, new, want in (("a_total", "a", "_total is for counters"),
                               ("a_total 1\n", "a_total 1\n# EOF\n", "EOF marker"),
                               ("# TYPE", "# UNIT a_total seconds\n# TYPE", "UNIT in text")):
            found = self.page(good.replace(old, new).encode(), True)[1]
            self.assertTrue(any(want in fault for fault in found), "%s in %s" % (want, found))

    def test_books_and_comparison(self):
        line = '%s_cpu_seconds_total{mode="user"} %s\n'
        values = {"vigie_process": "1.000000001", "vigie_retired": "2", "vigie_unattributed": "3.5",
                  "vigie_host": "6.500000001"}

        def page(changed=None):
            text = "".join("# TYPE %s_cpu_seconds_total counter\n# HELP %s_cpu_seconds_total H.\n" % (n, n)
                           + line % (n, v) for n, v in dict(values, **(changed or {})).items())
            return self.page(text.encode(), True)[0]

        good, bad = page(), page({"vigie_host": "6.500000002"})
        self.assertEqual(check.check_books("p", good), [])
        self.assertEqual(len(check.check_books("p", bad)), 1)
        self.assertEqual(check.compare("a", good, "b", page(), True), [])
        self.assertEqual(len(check.compare("a", good, "b", bad, True)), 1)
        self.assertEqual(check.compare("a", good, "b", bad, False), [])
        self.assertTrue(check.compare("a", good, "b", good[1:], True))

    def test_documents(self):
        row = '{"labels":{}}'
        book = '"books":{"user":{"host_seconds":3.5,"processes_seconds":%s}}'
        good = '{"processes":[%s],"other":%s,%s}' % (row, row, book % "3.5")
        cases = ((good, 0), (good.replace("3.5}", "3.4}"), 1), (good[:-1], 1),
                 (good.replace('{"labels":{}}', '{"labels":{},"x":1}', 1), 1),
                 (good.replace('"other"', '"processes"'), 1))
        for text, faults in cases:
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(text)
                file.flush()
                self.assertEqual(len(check.check_json(file.name)), faults, text)
        for text, faults in (('a,b\r\n1,"x\r\ny"\r\n', 0), ("a,b\n1,2\n", 1), ("a,b\r\n1\r\n", 1),
                             ("a,a\r\n1,2\r\n", 1), ('a,b\r\n1,"=x"\r\n', 1)):
            with tempfile.NamedTemporaryFile("w", newline="") as file:
                file.write(text)
                file.flush()
                self.assertEqual(len(check.check_csv(file.name)), faults, text)


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    unittest.main()
