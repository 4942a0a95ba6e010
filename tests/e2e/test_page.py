#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which groups the page of `vigie serve` shows when there are more than it has places for.

Owns: that who matters is among them at once. The truth is what a program measured of itself
and what its cgroup counted. Not here: that all sums are exact (test_books).
"""
import html.parser
import os
import re
import signal
import subprocess
import unittest
from decimal import Decimal

import lib
from lib import Cgroup, Serve, wait_for
from scraping import OPENMETRICS, Actor

OTHER = "(all other processes)"
CPU, KILLS = "vigie_process_cpu_seconds_total", "vigie_process_oom_kills_total"
CROWD = 120  # more than the hundred places there are by default


def setUpModule():
    lib.needs_watching()


def groups(page):
    return {labels for labels in page.all("vigie_process_processes")}


class FullPage(unittest.TestCase):
    """A daemon that begins on a host with more groups than places."""

    @classmethod
    def setUpClass(cls):
        cls.crowd = Actor(b"crowd")
        cls.addClassCleanup(cls.crowd.close)
        for i in range(CROWD):
            cls.crowd.spawn(b"crowd%03d" % i)

    def start(self, *args):
        daemon = Serve(*args)
        self.enterContext(daemon)
        page = daemon.scrape()
        self.assertGreater(page.sum("vigie_process_processes", comm=OTHER), 20)
        return daemon, page

    def balance(self, page):
        self.assertEqual(page.unbalanced(), [])

    def test_a_hog_has_its_series_at_the_next_scrape(self):
        daemon, before = self.start()
        with Actor(b"sudden-hog") as hog:
            spent = hog.do("cpu", 1000)
            page = daemon.scrape()
            own = page.sum(CPU, comm="sudden-hog")
            self.assertTrue(page.all(CPU, comm="sudden-hog"), "no series of its own")
            self.balance(page)
            spent = hog.do("cpu", 20000)
            page = daemon.scrape()
            own = page.sum(CPU, comm="sudden-hog")
        truth = spent[1] + spent[2]
        self.assertGreater(own, truth * Decimal("0.95"))
        self.assertLess(own, truth * Decimal("1.05"))
        self.balance(page)
        self.assertEqual(len(groups(page)), len(groups(before)))

    def test_a_kill_is_counted_for_its_own_service(self):
        """However small it is: all places are taken by far larger ones."""
        lib.needs_field("OOM kills")
        for i in range(6):
            large = self.enterContext(Actor(b"large%d" % i))
            large.do("hold", 96)
        daemon, _ = self.start("--max-groups", "4")
        with Cgroup("memory", "vigie-oom") as cgroup:
            unit = os.path.basename(cgroup.path)
            limit = "memory.max" if cgroup.v2 else "memory.limit_in_bytes"
            cgroup.set(limit, 4 << 20)
            if cgroup.v2:
                cgroup.set("memory.swap.max", 0)
            with Actor(b"small-service", cgroup) as service:
                service.send("hold", 64)
                self.assertEqual(service.child.wait(lib.PATIENCE_S), -signal.SIGKILL)
                service.child.stdin.close()
                service.child.stdout.close()
            self.assertEqual(self.kills_of(cgroup), 1)
            page = wait_for(lambda: self.page_with_kill(daemon), "the kill on the page")
        self.assertEqual(page.sum(KILLS, comm="small-service", unit=unit), 1)
        self.assertEqual(page.sum(KILLS, comm=OTHER), 0)
        self.balance(page)

    @staticmethod
    def page_with_kill(daemon):
        page = daemon.scrape()
        return page if page.sum(KILLS) else None

    @staticmethod
    def kills_of(cgroup):
        """What the kernel counted for that cgroup."""
        file = "memory.events" if cgroup.v2 else "memory.oom_control"
        return int(re.search(r"^oom_kill (\d+)$", cgroup.get(file), re.M).group(1))


class Delays(unittest.TestCase):
    """More victims than pairs are shown, all of one hog on one CPU."""

    TRIFLES = 70
    DELAY = "vigie_delay_seconds_total"

    def pinned(self, name):
        actor = self.enterContext(Actor(name))
        os.sched_setaffinity(actor.pid, {self.cpu})
        return actor

    def waited(self, page, comm):
        return sum(value for labels, value in page.all(self.DELAY).items()
                   if dict(labels)["victim"].endswith("/" + comm))

    @staticmethod
    def run_delay(actor):
        return Decimal(int(lib.read(f"/proc/{actor.pid}/schedstat").split()[1])) / 10**9

    def test_an_incident_among_trifles_is_its_own_pair(self):
        self.cpu = max(os.sched_getaffinity(0))
        daemon = self.enterContext(Serve("--slow-wait", "100us"))
        hog = self.pinned(b"the-hog")
        self.addCleanup(hog.child.kill)
        hog.send("cpu", 600000)
        for i in range(self.TRIFLES):
            self.pinned(b"trifle%d" % i).do("cpu", 8)
        page = daemon.scrape()
        self.assertGreater(len(page.all(self.DELAY)), 45)  # they do fill the table
        service = self.pinned(b"the-service")
        before = self.run_delay(service)
        while self.run_delay(service) - before < 5:
            service.do("cpu", 500)
            daemon.scrape()
        truth = self.run_delay(service)
        page = daemon.scrape()
        # Less what it waited for others than the hog, and below the threshold.
        self.assertGreater(self.waited(page, "the-service"), truth * Decimal("0.8"))
        self.assertLess(self.waited(page, "the-service"), truth * Decimal("1.02"))
        everything = page.sum(self.DELAY) + page.one("vigie_retired_delay_seconds_total")
        # The trifles' and what else waits on a host that others use, too.
        self.assertLess(page.one(self.DELAY, victim=OTHER, culprit=OTHER),
                        everything / 2)


class Families(unittest.TestCase):
    """--families and --no-families, served and printed."""

    @staticmethod
    def names(text):
        return set(re.findall(r"^# TYPE (\S+) ", text, re.M))

    def served(self, *args, until):
        """Its names, once they are so: a unit's are read beside the first pages."""
        with Serve(*args) as daemon:
            def names():
                found = self.names(daemon.get(Accept=OPENMETRICS)[2].decode())
                return found if until(found) else None
            return wait_for(names, f"its families with {args}", every_s=.2)

    def test_served(self):
        pages = []
        whole = self.served(until=lambda names: pages.append(names) or pages[-6:] == 6 * [names])
        self.assertIn("vigie_process_cpu_seconds", whole)
        only = {name for name in whole if name == "vigie_host_cpus" or
                re.fullmatch("vigie_process_.*_bytes", name)}
        self.served("--families", "vigie_process_*_bytes,vigie_host_cpus", until=only.__eq__)
        less = {name for name in whole if not name.startswith(("vigie_self_", "process_"))}
        self.served("--no-families", "vigie_self_*,process_*", until=less.__eq__)

    def test_printed(self):
        run = subprocess.run([lib.VIGIE, "once", "-i", "100ms", "--format", "openmetrics",
                              "--families", "vigie_host_memory_bytes"],
                             stdout=subprocess.PIPE, check=True)
        self.assertEqual(self.names(run.stdout.decode()), {"vigie_host_memory_bytes"})
        run = subprocess.run([lib.VIGIE, "once", "--families", "vigie_host_memory_bytes"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual((run.returncode, run.stdout), (2, b""))
        self.assertIn(b"--format openmetrics", run.stderr)


class Reader(html.parser.HTMLParser):
    """What a browser makes of a page: its elements and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.cells, self.inside = set(), [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag == "td":
            self.cells.append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "td"

    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data


class Index(unittest.TestCase):
    """What a browser gets at /."""

    KNOWN = {"html", "head", "meta", "title", "body", "h1", "h2", "p", "a", "table", "tr", "th",
             "td", "ul", "li", "code", "main", "div", "script", "link"}
    OURS = ("/metrics", "/-/healthy", "/-/ready", "live.js", "live.css", "live.svg")

    def test_it_names_the_hog_and_loads_only_what_is_ours(self):
        evil = b"<b>&'\"</b>"
        with Serve() as daemon, Actor(evil) as hog:
            hog.do("cpu", 300)
            status, headers, body = daemon.get("/")
            page = Reader(body.decode())
            head = daemon.get("/", "HEAD")
            scrapes = daemon.scrape().one("vigie_self_scrapes_total")
        self.assertEqual(status, 200)
        self.assertEqual(headers["content-type"].split(";")[0], "text/html")
        self.assertIn("default-src 'none'", headers["content-security-policy"])
        self.assertEqual((head[0], head[2]), (200, b""))
        self.assertEqual(head[1]["content-security-policy"], headers["content-security-policy"])
        self.assertLessEqual(page.tags, self.KNOWN)
        self.assertIn(evil.decode(), page.cells)
        self.assertNotIn("unsafe", headers["content-security-policy"])
        for link in page.links:
            self.assertIn(link, self.OURS)
        self.assertEqual(scrapes, 0)  # a look at the page is none


if __name__ == "__main__":
    unittest.main()
