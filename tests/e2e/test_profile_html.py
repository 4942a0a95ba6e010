#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_profile_html - the page of a made-up session with hostile names, in Chromium.

Owns: what a browser makes of the page: nothing is fetched, nothing complains, names are text,
the controls work, and without JavaScript there still is a picture. No root, no network.
"""
import base64
import hashlib
import html
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

FIXTURE = os.path.join(lib.BUILD, "tests", "e2e", "profile_fixture")
CHROMIUM = "/usr/bin/chromium", "/usr/bin/chromedriver"
FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
         "--disable-background-networking --disable-component-update --disable-sync").split()


def fixture(*args):
    return subprocess.run([FIXTURE, *args], stdout=subprocess.PIPE, check=True).stdout.decode()


def policy_hash(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def totals():
    rows = (line.split() for line in fixture("totals").splitlines())
    return {view: int(value) for view, _, value in rows}


class Source(unittest.TestCase):
    """What can be said without a browser."""

    def test_the_policy_allows_what_is_there_and_no_more(self):
        page = fixture("html")
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
        script = re.search(r"<script>(.*?)</script>", page, re.S)[1]
        style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
        self.assertIn(f"script-src {policy_hash(script)}", policy)
        self.assertIn(f"style-src {policy_hash(style)}", policy)
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        rest = page.replace(script, "").replace(style, "")
        self.assertNotRegex(rest, r"<[^>]* (style|on\w+)=|<(img|link|iframe|base)\b|url\(")
        self.assertEqual(len(re.findall(r"<script", page)), 2)

    def test_data_adds_up(self):
        page = fixture("html")
        data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
        sums = dict.fromkeys(data["views"], 0)
        for view, thread, value, *path in data["samples"]:
            sums[data["views"][view]] += value
            self.assertLess(thread, len(data["threads"]))
            self.assertTrue(all(index < len(data["names"]) for index in path))
        self.assertEqual(sums, {view: n for view, n in totals().items() if n})

    def test_the_still_picture_has_every_total(self):
        page = fixture("html")
        roots = re.findall(r"<title>all\n100.00 %, (\d+)</title>", page)
        self.assertEqual([int(n) for n in roots], [n for n in totals().values() if n])

    def test_empty(self):
        page = fixture("empty", "html")
        self.assertIn("</html>", page)
        self.assertNotIn("<script>", page)


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lib.needs(all(shutil.which(path) for path in CHROMIUM), "chromium is not installed")
        try:
            from selenium import webdriver
        except ImportError:
            lib.needs(False, "python3-selenium is not installed")
        from selenium.webdriver.chrome.service import Service
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM[0]
        for flag in [*FLAGS, f"--user-data-dir={cls.directory}/profile"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        cls.driver = webdriver.Chrome(service=Service(CHROMIUM[1]), options=options)
        cls.addClassCleanup(cls.driver.quit)

    def open(self, *args):
        path = os.path.join(self.directory, "page.html")
        lib.write(path, fixture(*args))
        self.driver.get("file://" + path)
        return path

    def texts(self):
        """Names of the boxes of the live picture, and their classes."""
        return self.driver.execute_script(
            "return [...document.querySelectorAll('#graph rect')].map("
            "r => [r.getAttribute('aria-label'), r.getAttribute('class')])")

    def click(self, selector):
        self.driver.execute_script("document.querySelector(arguments[0]).click()", selector)

    def test_it_is_quiet_and_asks_for_nothing(self):
        self.driver.get_log("performance")  # what the browser asked for by itself
        path = self.open("html")
        self.assertTrue(self.texts())
        self.assertEqual(self.driver.get_log("browser"), [])
        asked = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        self.assertEqual([url for url in asked if not url.endswith(path) and
                          not url.startswith(("chrome:", "data:"))], [])

    def test_names_are_text(self):
        self.open("html")
        count = self.driver.execute_script(
            "return document.querySelectorAll('#graph script, #graph img, #still script').length")
        self.assertEqual(count, 0)
        names = {name for name, _ in self.texts()}
        page = fixture("html")
        drawn = {html.unescape(t) for t in re.findall(r"<title>(.*?)\n", page)}
        self.assertTrue(any("<" in name for name in names | drawn), names)

    def test_controls(self):
        self.open("html")
        everything = self.texts()
        name = next(n for n, kind in reversed(everything) if "u" in kind.split())
        self.driver.execute_script(
            "const s = document.getElementById('search'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('input'))", name)
        self.assertTrue([n for n, kind in self.texts() if "m" in kind.split()])
        self.assertIn("% matched", self.driver.execute_script(
            "return document.getElementById('found').textContent"))
        self.driver.execute_script(
            "[...document.querySelectorAll('#graph rect')].pop().dispatchEvent("
            "new KeyboardEvent('keydown', { key: 'Enter' }))")
        self.assertLess(len(self.texts()), len(everything))
        self.click("#reset")
        self.assertEqual(len(self.texts()), len(everything))
        self.click("#reverse")
        self.assertEqual(self.driver.execute_script(
            "return document.getElementById('reverse').getAttribute('aria-pressed')"), "true")
        self.click("#reverse")
        self.driver.execute_script(
            "const t = document.getElementById('thread'); t.value = 0;"
            "t.dispatchEvent(new Event('change'))")
        self.assertLessEqual(len(self.texts()), len(everything))
        for tab in range(2, 6):
            self.click(f"#tabs button:nth-child({tab})")
        self.assertEqual(self.driver.get_log("browser"), [])

    def test_comparison_is_coloured(self):
        self.open("html-diff")
        kinds = {kind.split()[0] for _, kind in self.texts()}
        self.assertTrue(kinds <= {sign + step for sign in "ab" for step in "0123"}, kinds)
        self.assertGreater(len(kinds), 1)
        self.assertEqual(self.driver.get_log("browser"), [])

    def test_without_javascript(self):
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.setScriptExecutionDisabled",
                        {"value": False})
        self.open("html")
        shown = "return getComputedStyle(document.getElementById(arguments[0])).display !== 'none'"
        self.assertFalse(self.driver.execute_script(shown, "live"))
        self.assertTrue(self.driver.execute_script(shown, "still"))
        self.assertEqual(self.texts(), [])
        self.assertGreater(self.driver.execute_script(
            "return document.querySelectorAll('#still rect').length"), 10)


if __name__ == "__main__":
    unittest.main()
