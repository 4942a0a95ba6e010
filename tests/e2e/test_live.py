#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The live page of `vigie serve` in a real browser, over a past whose story is known.

The past is live_fixture's: an hour in whose middle HOG takes both CPUs for 20 s and VICTIM waits. The present is this
host's, with one process that works. Names are markup, as an attacker would choose them.
test_live.py --picture FILE: makes the picture of docs/, of the same past with friendlier names.
"""
import contextlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

import lib
from lib import BUILD, PATIENCE_S, Serve, needs, wait_for
from scraping import Actor
from test_profile_html import ARGUMENTS

FIXTURE = os.path.join(BUILD, "tests/e2e/live_fixture")
HOG, VICTIM, UNIT, LIVE = "<b>hog</b>", "<img src=x>", "a<script>b.service", "<u>live</u>"
ID, EVERY_S = "0123456789ab", 5
MESSAGE = f"{UNIT}/{VICTIM} pid 4001 cannot get a CPU; {HOG} ran"
LISTENER = """window.violations = [];
document.addEventListener("securitypolicyviolation", e => window.violations.push(e.violatedDirective + " " + e.blockedURI));"""


def setUpModule():
    global webdriver, By, Keys, Service
    lib.needs_watching()
    needs(shutil.which("chromium"), "chromium is not installed (scripts/setup --test)")
    needs(shutil.which("chromedriver"), "chromium-driver is not installed (scripts/setup --test)")
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        from selenium.webdriver.common.by import By
        from selenium.webdriver.common.keys import Keys
    except ImportError:
        needs(False, "python3-selenium is not installed (scripts/setup --test)")


def utc(t):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(t))


def event(action, level, t, since, hog, victim, unit):
    """A line of the log, as far as a reader of findings wants it: docs/log.md."""
    return {"@timestamp": utc(t), "message": f"{unit}/{victim} pid 4001 cannot get a CPU; {hog} ran", "log": {"level": level},
            "process": {"name": victim, "pid": 4001}, "rule": {"id": "run-queue-starvation"},
            "vigie": {"finding": {"id": ID, "pattern": "ba9876543210", "quantity": "run_queue_wait_ratio", "unit": "ratio",
                                  "observed": 0.9, "expected": 0.05, "worst": 0.95, "confidence": 0.8},
                      "unit": unit, "culprits": [{"pid": 4000, "name": hog, "unit": unit, "share": 0.8,
                                                  "did": "ran while it waited"}]},
            "event": {"action": action, "start": utc(since)}}


class Past:
    """A state directory that has the story, and belongs to who will serve."""

    def __init__(self, every_s=EVERY_S, names=(HOG, VICTIM, UNIT)):
        self.path = tempfile.mkdtemp(prefix="vigie-live.")
        self.end = int(time.time()) - 60
        self.spike = self.end - 1800  # where it begins, as the fixture has it, to a step
        ring, folder = os.path.join(self.path, "ring"), os.path.join(self.path, "incidents", ID)
        os.mkdir(ring)
        os.makedirs(folder)
        subprocess.run([FIXTURE, ring, os.path.join(folder, "session.vigie"), str(self.end), str(every_s), *names],
                       check=True, timeout=PATIENCE_S)
        with open(os.path.join(self.path, "events.ndjson"), "w", encoding="utf-8") as log:
            for action, level, at in (("finding-start", "error", 6), ("finding-end", "info", 25)):
                log.write(json.dumps(event(action, level, self.spike + at, self.spike, *names)) + "\n")
        open(os.path.join(self.path, "lock"), "w", encoding="utf-8").close()
        self.give_away()

    def give_away(self):
        said = subprocess.run([lib.VIGIE, "doctor", "--json"], stdout=subprocess.PIPE, text=True, check=False)
        user = pwd.getpwnam(json.loads(said.stdout)["serves_as"])
        for directory, folders, files in os.walk(self.path):
            for name in ("", *folders, *files):
                os.chown(os.path.join(directory, name), user.pw_uid, user.pw_gid)
        os.chmod(self.path, 0o750)

    def segment(self):
        return os.path.join(self.path, "ring", "00000001.seg")

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


@contextlib.contextmanager
def serving(past):
    with Serve("--state-dir", past.path, "--interval", "2s", "--capture", "off") as daemon:
        yield daemon


def api(daemon, path, **query):
    status, headers, body = daemon.get("/api/v1/" + path + "?" + urllib.parse.urlencode(query))
    return status, headers, json.loads(body)


class Answers(unittest.TestCase):
    """The API over the same past, without a browser."""

    @classmethod
    def setUpClass(cls):
        cls.past = Past(every_s=1)  # more entries than are read one by one
        cls.addClassCleanup(cls.past.remove)
        manager = serving(cls.past)
        cls.daemon = manager.__enter__()
        cls.addClassCleanup(manager.__exit__, None, None, None)

    def good(self, path, **query):
        status, _, answer = api(self.daemon, path, **query)
        self.assertEqual(status, 200, answer)
        return answer

    def test_a_spike_between_keys_is_found(self):
        answer = self.good("range", points=300, to=self.past.end)
        self.assertFalse(answer["whole"])
        i = max(range(len(answer["time"])), key=lambda k: answer["cpu_ratio_max"][k] or 0)
        self.assertAlmostEqual(answer["peak_time"][i], self.past.spike, delta=61)
        at = answer["peak_time"][i]
        instant = self.good("instant", at=at, by="pid", **{"from": at - 61})
        self.assertEqual(instant["cpu_percent"], 100)
        self.assertIn(VICTIM, instant["sentence"]["text"])
        self.assertIn(HOG, instant["sentence"]["text"].split("because of")[1])
        zoomed = self.good("range", points=1000, to=at + 30, **{"from": at - 90})
        self.assertTrue(zoomed["whole"])
        self.assertEqual(sum(1 for v in zoomed["cpu_ratio_max"] if v == 1), 20, zoomed["cpu_ratio_max"])

    def test_a_group(self):
        answer = self.good("group", unit=UNIT, comm=VICTIM, points=60, to=self.past.spike + 30, **{"from": self.past.spike - 30})
        self.assertAlmostEqual(max(v or 0 for v in answer["run_queue_wait_ratio"]), 0.9, delta=0.01)
        self.assertEqual(len({len(answer[name]) for name in ("time", "cpu_ratio", "disk_ratio", "resident_bytes")}), 1)
        self.assertEqual(api(self.daemon, "group", unit="no", comm="such")[0], 404)

    def test_a_finding_in_parts(self):
        answer = self.good("finding", id=ID)
        self.assertEqual(answer["process"], {"unit": UNIT, "comm": VICTIM, "pid": 4001})
        self.assertEqual({k: answer["culprits"][0][k] for k in ("unit", "comm", "pid")},
                         {"unit": UNIT, "comm": HOG, "pid": 4000})

    def test_as_many_rows_as_are_asked_for(self):
        every = self.good("instant", at=self.past.end, by="pid", rows=8192)
        self.assertGreater(len(every["processes"]), 1)
        few = self.good("instant", at=self.past.end, by="pid", rows=1)
        self.assertEqual((len(few["processes"]), few["groups_in_other"]), (1, len(every["processes"]) - 1))

    def test_refusals_are_json(self):
        for path, query, status in (("range", {"from": "x"}, 400), ("range", {"points": 0}, 400), ("instant", {"rows": 0}, 400), ("instant", {"at": 5}, 404),
                                    ("finding", {"id": "ffffffffffff"}, 404), ("session", {"id": "ffffffffffff"}, 404),
                                    ("session", {"id": "../../x"}, 400), ("nothing", {}, 404)):
            got, headers, answer = api(self.daemon, path, **query)
            self.assertEqual((got, answer["status"]), (status, status), path)
            self.assertTrue(answer["error"] and headers["content-type"].startswith("application/json"), path)

    def test_who_may_ask_and_how(self):
        for path in ("/", "/live.js", "/api/v1/now", "/api/v1/range", "/api/v1/instant"):
            status, headers, _ = self.daemon.get(path, Origin="http://evil.example")
            self.assertEqual(status, 200, path)
            self.assertEqual([name for name in headers if name.startswith("access-control")], [], path)
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertEqual(headers["cache-control"], "no-store")
            self.assertEqual(self.daemon.get(path, Host="evil.example")[0], 403, path)
            for method in ("POST", "PUT", "DELETE", "OPTIONS"):
                status, headers, _ = self.daemon.get(path, method=method)
                self.assertEqual((status, headers["allow"]), (405, "GET, HEAD"), path)
            status, headers, body = self.daemon.get(path, method="HEAD")
            self.assertEqual((status, body), (200, b""), path)
            packed = self.daemon.get(path, Accept_Encoding="gzip")[1]
            self.assertEqual(packed.get("content-encoding"), "gzip", path)

    def test_the_process_that_reads_has_nothing_to_lose(self):
        children = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(self.daemon.pid)], stdout=subprocess.PIPE,
                                  text=True, check=True).stdout
        pid = next(line.split()[0] for line in children.splitlines() if line.split()[1] == "vigie-history")
        status = dict(line.split(":\t", 1) for line in lib.read(f"/proc/{pid}/status").splitlines() if ":\t" in line)
        self.assertEqual(int(status["CapEff"], 16) | int(status["CapBnd"], 16) | int(status["CapPrm"], 16), 0)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.assertNotIn("0", status["Uid"].split())


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.past = Past()
        cls.addClassCleanup(cls.past.remove)
        manager = serving(cls.past)
        cls.daemon = manager.__enter__()
        cls.addClassCleanup(manager.__exit__, None, None, None)
        cls.actor = Actor(LIVE.encode())
        cls.addClassCleanup(cls.actor.child.wait)
        cls.addClassCleanup(cls.actor.child.kill)
        os.setpriority(os.PRIO_PROCESS, cls.actor.pid, 10)  # the browser needs a CPU, too
        cls.actor.send("cpu", 600000)
        profile = tempfile.mkdtemp(prefix="vigie-live-browser.")
        cls.addClassCleanup(shutil.rmtree, profile, ignore_errors=True)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in (*ARGUMENTS, "--user-data-dir=" + profile):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        cls.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        cls.addClassCleanup(cls.driver.quit)
        cls.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": LISTENER})

    def setUp(self):
        self.driver.set_window_size(1400, 1000)
        self.open(self.daemon)

    def open(self, daemon, fragment=""):
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get(f"http://127.0.0.1:{daemon.port}/{fragment}")
        self.shown("then" if "t=" in fragment else "now")
        wait_for(lambda: self.run_js("return range !== null"), "the bar of the past")

    def tearDown(self):
        """Whatever a test did: the policy stopped nothing, nothing complained, no name became an element."""
        self.assertEqual(self.run_js("return window.violations"), [])
        self.assertEqual(self.driver.get_log("browser"), [])
        self.assertEqual(self.run_js("return document.querySelectorAll('#app b, #app u, #app img, #app script').length"), 0)

    def run_js(self, body, *args):
        return self.driver.execute_script(body, *args)

    def shown(self, what):
        wait_for(lambda: self.run_js("return document.documentElement.getAttribute('data-shown')") == what, what)

    def text(self, element):
        return self.run_js("return document.getElementById(arguments[0]).textContent", element)

    def wait_text(self, element, *parts):
        wait_for(lambda: all(part in self.text(element) for part in parts), f"{parts} in #{element}: {self.text(element)!r}")

    def click(self, key):
        self.run_js("document.querySelector(`[data-key=\"${CSS.escape(arguments[0])}\"]`).click()", key)

    def click_spike(self):
        bar = self.driver.find_element(By.ID, "bar")
        share, width = self.run_js("const box = bar.getBoundingClientRect();"
                                   "return [xOf(arguments[0]) / 1000, box.width];", self.past.spike + 10)
        webdriver.ActionChains(self.driver).move_to_element_with_offset(bar, round((share - 0.5) * width), 0).click().perform()
        self.shown("then")

    def test_now(self):
        wait_for(lambda: LIVE in self.text("rows"), "the process that works")
        self.assertTrue(self.text("say"))
        self.assertRegex(self.text("host"), r"Now, .* \d+ CPUs, .* % busy · load")
        self.assertIn("this host", self.text("memory"))
        self.assertRegex(self.text("self"), r"cost.*snapshots.*lost by the probes.*history.*is kept")
        self.assertTrue(self.run_js("return document.getElementById('plain').hidden"))
        ratio = self.run_js("const row = view.processes.find(r => nameOf(r).endsWith(arguments[0]));"
                            "return COLUMNS.cpu.of(row);", LIVE)
        self.assertGreater(ratio, 0.002)  # it works all the time, on a host that others use, too

    def test_the_spike_names_its_culprit(self):
        self.click_spike()
        self.assertAlmostEqual(self.run_js("return view.time"), self.past.spike + 10, delta=11)
        say = self.text("say")
        self.assertIn(f"{VICTIM}/4001 waited for a CPU 90.0 % of the time, because of {UNIT}/{HOG}/4000", say)
        row = self.run_js("return [...document.querySelectorAll('#rows tr')].map(r => r.textContent)"
                          ".find(t => t.includes(arguments[0]))", VICTIM)
        self.assertIn(f"because of {UNIT}/{HOG}/4000", row)
        self.assertRegex(row, r"2\.0.*90\.0")
        self.assertRegex(self.text("matrix"), r"4\.00 s")  # 8 tenths of 5 s
        for name in (HOG, VICTIM):
            self.assertIn(name, self.text("matrix"))
        self.wait_text("memory", UNIT, "96 %", "960 MiB of 1000 MiB")
        self.wait_text("findings", MESSAGE, "error")
        self.assertRegex(self.driver.current_url, r"#t=\d+(\.\d+)?$")
        self.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
        self.shown("now")

    def settled(self, promise):
        """Waits for a promise that the page has in a variable of its window."""
        return self.driver.execute_async_script("window[arguments[0]].then(() => arguments[1](true))", promise)

    def test_an_older_answer_overwrites_no_newer_one(self):
        ranges = [(self.past.end - 3000, self.past.end - 2000), (self.past.spike - 60, self.past.spike + 60)]
        self.run_js("""const real = window.fetch;
            let first = true;
            window.fetch = (path, how) => {
                if (!path.includes("range") || !first)
                    return real(path, how);
                first = false;
                return new Promise(resolve => window.release = () => resolve(real(path, how)));
            };
            [window.older, window.newer] = arguments[0].map(([from, to]) => {
                Object.assign(state, { from, to });
                return loadRange();
            });""", ranges)
        self.settled("newer")
        self.assertEqual(self.run_js("return range.from"), ranges[1][0])
        self.run_js("window.release()")
        self.settled("older")
        self.assertEqual(self.run_js("return [range.from, range.to]"), list(ranges[1]))

    def test_a_hidden_page_asks_for_nothing(self):
        armed = """window.armed = [];
            window.setTimeout = (run, ms) => window.armed.push(ms);
            Object.defineProperty(document, "hidden", { value: arguments[0], configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
            window.both = Promise.all([load(), loadRange()]);"""
        for hidden, want in ((True, []), (False, [3000, 60000])):
            self.run_js(armed, hidden)
            self.settled("both")
            self.assertEqual(self.run_js("return [...new Set(window.armed)].sort((a, b) => a - b)"), want, hidden)

    def test_a_group_and_a_story_by_the_address(self):
        self.open(self.daemon, "#" + urllib.parse.urlencode({"t": self.past.spike + 5, "group": f"{UNIT}\n{VICTIM}", "finding": ID}))
        self.wait_text("groupname", f"{UNIT}/{VICTIM}")
        wait_for(lambda: self.run_js("return document.querySelectorAll('#group svg').length") == 4, "four curves")
        self.assertIn("waiting for a CPU, at most 90.0 %", self.text("group"))
        self.wait_text("finding", MESSAGE, "run-queue-starvation", f"80 % {UNIT}/{HOG} pid 4000: ran while it waited", "what to do")
        link = self.driver.find_element(By.CSS_SELECTOR, "#finding a").get_attribute("href")
        self.assertTrue(link.endswith("api/v1/session?id=" + ID))
        status, headers, body = self.daemon.get("/api/v1/session?id=" + ID)
        self.assertEqual((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertRegex(headers["content-security-policy"], r"^default-src 'none'; script-src 'sha256-[^;]*; style-src 'sha256-")
        self.assertIn(b"<svg", body)
        self.driver.get(link)
        self.assertTrue(wait_for(lambda: self.run_js("return document.querySelectorAll('#graph g').length"), "the graph"))

    def test_clicks_and_keys(self):
        self.click_spike()
        self.click(f"group {UNIT}/{VICTIM}/4001")
        self.wait_text("groupname", VICTIM)
        self.click("finding " + ID)
        self.wait_text("finding", MESSAGE)
        self.assertTrue(self.run_js("return document.getElementById('groupbox').hidden"))
        bar = self.driver.find_element(By.ID, "bar")
        before = self.run_js("return state.t")
        bar.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ENTER)
        wait_for(lambda: 0 < self.run_js("return state.t") < before, "an earlier moment")
        wait_for(lambda: self.run_js("return view.time <= state.t && view.time > state.t - 60"), "its view")
        webdriver.ActionChains(self.driver).move_to_element(bar).click_and_hold().move_by_offset(200, 0).release().perform()
        wait_for(lambda: self.run_js("return state.from > 0 && range.from >= state.from - 1"), "a part of the past")
        self.run_js("document.getElementById('wider').click()")
        wait_for(lambda: self.run_js("return !state.from && document.getElementById('wider').hidden"), "all of it")

    def test_for_everybody(self):
        """Narrow, dark, printed, read aloud."""
        cdp = self.driver.execute_cdp_cmd
        light = self.run_js("return getComputedStyle(document.body).backgroundColor")
        cdp("Emulation.setDeviceMetricsOverride", {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": False})
        self.assertLessEqual(self.run_js("return document.documentElement.scrollWidth"), 360)
        cdp("Emulation.clearDeviceMetricsOverride", {})
        cdp("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        self.assertNotEqual(self.run_js("return getComputedStyle(document.body).backgroundColor"), light)
        cdp("Emulation.setEmulatedMedia", {"media": "print", "features": []})
        self.assertEqual(self.run_js("return getComputedStyle(document.querySelector('.tools')).display"), "none")
        cdp("Emulation.setEmulatedMedia", {"media": "", "features": []})
        self.assertEqual(self.run_js("""return [...document.querySelectorAll('#app :is(button, input, svg, meter, table)')]
            .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() && e.tagName == 'BUTTON')).map(e => e.outerHTML)"""), [])

    def test_without_a_script(self):
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            self.driver.get(f"http://127.0.0.1:{self.daemon.port}/?plain")
            text = self.driver.find_element(By.TAG_NAME, "body").text
        finally:
            self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        for part in ("Active findings", "Most CPU time in the last", "Health of vigie"):
            self.assertIn(part, text)
        self.open(self.daemon)

    def test_a_damaged_past_is_said(self):
        past = Past()
        self.addCleanup(past.remove)
        with open(past.segment(), "r+b") as file:
            file.seek(os.path.getsize(past.segment()) // 3)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 0x40]))
        with serving(past) as daemon:
            self.open(daemon)
            self.wait_text("damage", "places of the history are damaged and were passed over.")
            self.assertIn("M", self.run_js("return document.querySelector('#bar .cpu').getAttribute('d')"))
            self.driver.get("about:blank")
        with open(past.segment(), "r+b") as file:
            file.write(b"x" * 48)  # no segment at all
        with serving(past) as daemon:
            self.open(daemon)
            self.wait_text("damage", "1 places of the history are damaged")
            self.driver.get("about:blank")
        self.open(self.daemon)

    def test_the_policy_is_one(self):
        """Else a listener that hears nothing would prove nothing."""
        self.run_js("const s = document.createElement('script'); s.textContent = 'window.owned = 1'; document.body.append(s);"
                    "const i = document.createElement('img'); i.src = 'http://127.0.0.1:1/x'; document.body.append(i);")
        wait_for(lambda: len(self.run_js("return window.violations")) == 2, "two violations")
        self.assertIsNone(self.run_js("return window.owned"))
        self.run_js("window.violations = []")
        self.driver.get_log("browser")


def picture(path):
    setUpModule()
    Page.setUpClass()
    page, past = Page(), Past(names=("nightly-backup", "api", "shop.service"))
    try:
        with serving(past) as daemon:
            page.past = past
            page.driver.set_window_size(1000, 1240)
            page.open(daemon, f"#t={past.spike + 9}&from={past.end - 3600}&to={past.end}")
            page.driver.save_screenshot(path)
    finally:
        past.remove()
        Page.doClassCleanups()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--picture"]:
        picture(sys.argv[2])
    else:
        unittest.main()
