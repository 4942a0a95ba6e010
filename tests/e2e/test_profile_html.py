#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The page of a profile in a real browser: Chromium, headless, by selenium and chromedriver.

What html_fixture writes is a made-up profile (tests/unit/html_scene.h); the sums expected here
are read off that scene, not off the page.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from lib import BUILD, PATIENCE_S, needs, wait_for

FIXTURE = os.path.join(BUILD, "tests/e2e/html_fixture")
ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--window-size=1400,1000")
CPU_MS, OFF_MS = 2002, 4500
HOSTILE = ("</script><script>alert('owned')</script>", "<img src=x onerror=\"alert(1)\">&amp;'\"]]>",
           "evil\\u{202e}drowssap", "\\xff\\xfe\\xc3(")

place = None


def setUpModule():
    global place, webdriver, By, Keys, Select, Service
    needs(shutil.which("chromium"), "chromium is not installed (scripts/setup --test)")
    needs(shutil.which("chromedriver"), "chromium-driver is not installed (scripts/setup --test)")
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        from selenium.webdriver.common.by import By
        from selenium.webdriver.common.keys import Keys
        from selenium.webdriver.support.ui import Select
    except ImportError:
        needs(False, "python3-selenium is not installed (scripts/setup --test)")
    place = tempfile.mkdtemp(prefix="vigie-html.")
    unittest.addModuleCleanup(shutil.rmtree, place, ignore_errors=True)


def make_page(name, *args):
    path = os.path.join(place, name)
    subprocess.run([FIXTURE, *args, "-o", path], check=True, timeout=PATIENCE_S)
    return "file://" + path


def browser(script=True):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.add_argument("--user-data-dir=" + tempfile.mkdtemp(dir=place))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not script:
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 2})
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


class InBrowser(unittest.TestCase):
    """One browser a class; every test loads the page anew."""
    script = True
    args = ()

    @classmethod
    def setUpClass(cls):
        cls.url = make_page(cls.__name__ + ".html", *cls.args)
        cls.driver = browser(cls.script)
        cls.addClassCleanup(cls.driver.quit)

    def setUp(self):
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(self.url)

    def tearDown(self):
        """Whatever a test did: nothing was complained of, and nothing asked for."""
        self.assertEqual(self.driver.get_log("browser"), [])
        self.assertEqual(self.asked(), {self.url})

    def asked(self):
        """Addresses that were asked for; one that the policy blocked never left the browser."""
        messages = [json.loads(entry["message"])["message"]
                    for entry in self.driver.get_log("performance")]
        blocked = {m["params"]["requestId"] for m in messages
                   if m["method"] == "Network.loadingFailed"
                   and m["params"].get("blockedReason") == "csp"}
        return {m["params"]["request"]["url"] for m in messages
                if m["method"] == "Network.requestWillBeSent"
                and m["params"]["requestId"] not in blocked}

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def run_js(self, body, *args):
        return self.driver.execute_script(body, *args)


class Drawn(InBrowser):
    """What the script drew, read off the drawing: names, rows, widths, values."""

    def boxes(self):
        """{name: (row, width in pixels, ns)} of what is drawn; the widest of a name."""
        found = self.run_js("""
            const found = [];
            const names = JSON.parse(document.getElementById("data").textContent).names;
            for (const g of document.querySelectorAll("#graph g")) {
                const rect = g.querySelector("rect");
                found.push([names[g.node.name] || "(others)", rect.y.baseVal.value / 18,
                            rect.width.baseVal.value, g.node.value]);
            }
            return found;""")
        return {name: tuple(rest) for name, *rest in sorted(found, key=lambda b: b[2])}

    def box(self, name):
        return self.run_js("""
            const names = JSON.parse(document.getElementById("data").textContent).names;
            return [...document.querySelectorAll("#graph g")]
                .find(g => (names[g.node.name] || "(others)") === arguments[0]);""", name)

    def click(self, name):
        box = self.box(name)
        self.assertIsNotNone(box, name)
        webdriver.ActionChains(self.driver).move_to_element(box).click().perform()

    def status(self):
        return self.one("#status").text  # WebDriver makes a blank of U+00A0

    def show(self, title):
        self.driver.find_element(By.LINK_TEXT, title).click()


class Page(Drawn):
    def test_first_view(self):
        boxes = self.boxes()
        width = boxes["all"][1]
        self.assertEqual(boxes["all"][2], CPU_MS * 10**6)
        self.assertEqual(boxes["parse"], (4, boxes["parse"][1], 1000 * 10**6))
        self.assertAlmostEqual(boxes["parse"][1], width * 1000 / CPU_MS, delta=1)
        self.assertNotIn("small_00", boxes)
        self.assertEqual(boxes["(others)"][2], 2 * 10**6)
        self.assertEqual(self.all(".static"), [])

    def test_every_tab(self):
        for title, top, total in (("On CPU", "webserver", CPU_MS * 10**6),
                                  ("Off CPU", "lock", OFF_MS * 10**6),
                                  ("Run queue", "(idle, waking up)", 500 * 10**6),
                                  ("Wakers", "logger", 3000 * 10**6),
                                  ("Faults", "webserver", 409600)):
            self.show(title)
            boxes = self.boxes()
            self.assertEqual(boxes["all"][2], total, title)
            self.assertEqual(boxes[top][0], 1, title)
            self.assertEqual([s.get_attribute("id") for s in self.all("section.view")
                              if s.is_displayed()],
                             [s.get_attribute("id") for s in self.all("section.shown")])
            self.assertIn("100.00", self.status())

    def test_hostile_names_are_text(self):
        self.assertEqual(self.all("img"), [])
        self.assertEqual(len(self.all("script")), 2)
        text = self.run_js("return JSON.parse(document.getElementById('data').textContent).names")
        for name in HOSTILE:
            self.assertIn(name, text)
        self.click(HOSTILE[0])
        self.assertTrue(self.status().startswith(HOSTILE[0] + ": 100"), self.status())
        self.assertIn(HOSTILE[0], self.one("#threads").text)
        self.assertIn(HOSTILE[1], self.one("h1").text)
        with self.assertRaises(Exception):
            self.driver.switch_to.alert.accept()

    def test_policy_blocks_what_a_name_might_bring(self):
        """The policy itself, not only our escapes: markup put in by hand does nothing."""
        self.run_js("""
            document.body.insertAdjacentHTML("beforeend", "<img src='http://192.0.2.1/x.png'>" +
                "<b id='b' style='color: red' onclick='document.title = \\"owned\\"'>b</b>");
            const script = document.createElement("script");
            script.textContent = "document.title = 'owned'";
            document.body.append(script);
            document.getElementById("b").click();""")
        self.assertNotIn("owned", self.driver.title)
        complaints = self.driver.get_log("browser")
        self.assertGreaterEqual(len(complaints), 4)
        for entry in complaints:
            self.assertIn("Content Security Policy", entry["message"])

    def test_zoom_and_reset(self):
        width = self.boxes()["all"][1]
        self.click("parse")
        boxes = self.boxes()
        for name in ("all", "main", "parse", "next_token", "skip_blanks"):
            self.assertAlmostEqual(boxes[name][1], width, delta=1, msg=name)
        self.assertNotIn("read", boxes)
        self.assertIn("100.00 % of the zoomed", self.status())
        self.one("#reset").click()
        self.assertIn("read", self.boxes())
        self.assertFalse(self.one("#reset").is_enabled())

    def test_others_can_be_zoomed_into(self):
        # A pixel wide: too narrow for WebDriver's pointer.
        self.run_js("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))",
                    self.box("(others)"))
        boxes = self.boxes()
        self.assertEqual(boxes["(others)"][2], 2 * 10**6)
        self.assertEqual(boxes["small_39"][2], 50000)
        self.click("small_07")
        boxes = self.boxes()
        self.assertEqual(set(boxes), {"all", "webserver", "main", "handle_request", "small_07"})
        self.assertEqual([boxes[name][0] for name in ("handle_request", "small_07")], [3, 4])

    def test_keys(self):
        graph = self.one("#graph")
        graph.send_keys(Keys.ARROW_DOWN)  # nothing was selected: the root
        for _ in range(4):
            graph.send_keys(Keys.ARROW_DOWN)
        self.assertTrue(self.status().startswith("parse: "), self.status())
        graph.send_keys(Keys.ARROW_RIGHT)
        self.assertTrue(self.status().startswith("read: "), self.status())
        graph.send_keys(Keys.ENTER)
        self.assertNotIn("parse", self.boxes())
        graph.send_keys(Keys.ESCAPE)
        self.assertIn("parse", self.boxes())
        self.one("#tabs a[aria-selected=true]").send_keys(Keys.ARROW_RIGHT)
        self.assertEqual(self.boxes()["all"][2], OFF_MS * 10**6)

    def test_search(self):
        self.one("#search").send_keys("PARSE")
        self.assertEqual(self.one("#matched").text, f"matched {100 * 1000 / CPU_MS:.2f} %")
        self.assertEqual(len(self.all("#graph g.hit")), 1)
        self.one("#search").clear()
        # main's boxes hold both of the others: they count once
        self.one("#search").send_keys("a")
        self.assertEqual(self.one("#matched").text, "matched 100.00 %")
        self.one("#search").clear()
        self.one("#search").send_keys("no such function")
        self.assertEqual(self.one("#matched").text, "matched 0.00 %")

    def test_reverse(self):
        self.one("#reverse").click()
        boxes = self.boxes()
        self.assertEqual(boxes["all"][2], CPU_MS * 10**6)
        self.assertEqual(boxes["skip_blanks"][0], 1)
        self.assertEqual(boxes["skip_blanks"][2], 1000 * 10**6)
        self.assertEqual(boxes["ext4_file_read_iter"][0], 1)
        self.assertEqual(boxes["parse"][0], 3)
        self.one("#reverse").click()
        self.assertEqual(self.boxes()["parse"][0], 4)

    def test_thread_filter(self):
        select = Select(self.one("#filter"))
        self.assertEqual(len(select.options), 1 + 2 + 3)
        for option, total in (("worker-1 (4720)", 1250), ("webserver (4711), all threads", 1952),
                              ("logger (4712), all threads", 50), ("all threads", CPU_MS)):
            entry = next(o for o in select.options if o.text.strip() == option)
            entry.click()
            self.assertEqual(self.boxes()["all"][2], total * 10**6, option)
        self.show("Off CPU")
        select.select_by_index(2)
        self.assertEqual(self.boxes()["all"][2], 3000 * 10**6)

    def test_pointing_tells(self):
        webdriver.ActionChains(self.driver).move_to_element(self.box("read")).perform()
        tip = self.one("#tip")
        self.assertTrue(tip.is_displayed())
        self.assertIn("500\u202f000\u202f000 ns", tip.text)
        self.assertIn(f"{100 * 500 / CPU_MS:.2f} % of all", tip.text)
        self.assertIn("500\u202f000\u202f000 ns", self.status())

    def test_pointing_tells_the_source(self):
        webdriver.ActionChains(self.driver).move_to_element(self.box("skip_blanks")).perform()
        self.assertTrue(self.one("#tip").text.endswith("; /src/<b>&.c:12"), self.one("#tip").text)

    def test_narrow_window(self):
        self.addCleanup(self.driver.set_window_size, 1400, 1000)
        self.driver.set_window_size(700, 900)
        wait_for(lambda: self.boxes()["all"][1] < 700, "the graph to follow the window")
        self.assertLessEqual(self.run_js("return document.documentElement.scrollWidth"), 700)


class Compared(Drawn):
    """The same session, 400 ms of parse() later."""
    args = ("-d",)

    def classes(self, name):
        return self.box(name).get_attribute("class").split()

    def test_colours(self):
        self.assertIn("more4", self.classes("parse"))
        self.assertIn("less3", self.classes("read"))
        self.assertTrue(self.one(".legend.growth").is_displayed())
        self.assertFalse(self.one(".legend.kinds").is_displayed())
        self.one("#growth").click()
        self.assertIn("user", self.classes("parse"))
        self.assertFalse(self.one(".legend.growth").is_displayed())
        self.assertTrue(self.one(".legend.kinds").is_displayed())

    def test_what_it_was(self):
        self.click("parse")
        self.assertIn(f"was {100 * 1000 / CPU_MS:.2f} %", self.status())

    def test_reverse_and_filter_compare_too(self):
        self.one("#reverse").click()
        self.assertIn("more4", self.classes("skip_blanks"))
        self.one("#reverse").click()
        Select(self.one("#filter")).select_by_index(3)  # worker-1 did the same in both
        self.assertIn("less0", self.classes("parse"))


class Plain(InBrowser):
    """No script runs: everything is there, less what needs one."""
    script = False

    def test_reads_without_script(self):
        self.assertEqual(len(self.all("svg.graph.static")), 5)
        for view in ("cpu", "offcpu", "runq", "wakers", "faults"):
            graph = self.one(f"#view-{view} svg.graph")
            self.assertTrue(graph.is_displayed(), view)
            self.assertGreater(graph.size["width"], 1000)
        self.assertFalse(self.one("#controls").is_displayed())
        self.assertIn("6.370370367", self.one("#facts").text)
        self.assertIn("worker-1", self.one("#threads").text)
        titles = [t.get_attribute("textContent") for t in self.all("#view-cpu svg title")]
        self.assertIn("parse: 1.000000000\u00a0s, 49.95\u00a0%", titles)
        self.assertTrue(any(t.startswith(HOSTILE[0]) for t in titles))
        self.assertEqual(self.all("img"), [])


class Big(Drawn):
    args = ("-n", "10000")

    def test_is_small_and_draws_at_once(self):
        self.assertLessEqual(os.path.getsize(self.url[len("file://"):]), 2000000)
        self.assertGreater(len(self.boxes()), 100)
        took = self.run_js("""
            const begin = performance.now();
            document.getElementById("reverse").click();
            return performance.now() - begin;""")
        print(f"# 10000 nodes: leaf first in {took:.0f} ms", file=sys.stderr)
        self.assertLess(took, 10000)

    def test_others_of_thousands_come_to_light(self):
        self.one("#reverse").click()
        for _ in range(5):
            self.click("(others)")
            if self.boxes()["all"][1] > 1000 and any("visit_" in name for name in self.boxes()):
                return
        self.fail("zooming into (others) shows others only")


if __name__ == "__main__":
    unittest.main()
