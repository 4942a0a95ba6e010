#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Three hosts, two agents that scrape them, one store: docs/scale.md as it is set up there.

Owns: that no series are mixed, that a host that dies is seen, that what was scraped while a network was cut arrives
later, all of it. The hosts are three vigies of this one, each with a name and a machine id of its own (`vigie inventory`).
"""
import contextlib
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import lib
from fleet import Agent, Store, Wire, inventory
from lib import Serve, wait_for

HOSTS = {"web-1": "0123456789abcdef0123456789abcde1", "web-2": "0123456789abcdef0123456789abcde2",
         "db-1": "0123456789abcdef0123456789abcde3"}
APPLICATION = "9d3a6f5e1c7b4e0f8a2d4b6c8e0f1a3c"
CUT_SCRAPES = 6


def setUpModule():
    lib.needs_watching()
    lib.needs_mount_namespace()


def derived(machine_id):
    """As systemd derives an id for an application, by Python's own HMAC."""
    raw = bytearray(hmac.new(bytes.fromhex(machine_id), bytes.fromhex(APPLICATION), hashlib.sha256).digest()[:16])
    raw[6], raw[8] = raw[6] & 0x0f | 0x40, raw[8] & 0x3f | 0x80
    return raw.hex()


class Inventory(unittest.TestCase):
    def test_a_host(self):
        (one,) = inventory("web-1", HOSTS["web-1"], "--label", "site=paris", "--scheme", "https")
        self.assertEqual(one["targets"], ["web-1:9838"])
        labels = one["labels"]
        self.assertEqual((labels["host"], labels["site"], labels["__scheme__"]), ("web-1", "paris", "https"))
        self.assertEqual(labels["host_id"], derived(HOSTS["web-1"]))
        self.assertNotIn(HOSTS["web-1"], json.dumps(one))
        version = subprocess.run([lib.VIGIE, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[1]
        self.assertEqual((labels["__meta_vigie_version"], labels["__meta_vigie_kernel"]), (version, os.uname().release))

    @unittest.skipUnless(shutil.which("systemd-id128"), "systemd-id128 is not installed")
    def test_systemd_derives_the_same(self):
        lib.needs(os.path.exists("/etc/machine-id") and lib.read("/etc/machine-id").strip(), "no machine id here")
        said = subprocess.run(["systemd-id128", "machine-id", f"--app-specific={APPLICATION}"], stdout=subprocess.PIPE,
                              text=True, check=True).stdout.strip()
        self.assertEqual(said, derived(lib.read("/etc/machine-id").strip()))

    def test_the_log_has_the_same(self):
        lib.needs(os.path.exists("/etc/machine-id") and lib.read("/etc/machine-id").strip(), "no machine id here")
        with tempfile.TemporaryDirectory() as place:
            shutil.chown(place, lib.doctor()["serves_as"])
            log = os.path.join(place, "events.ndjson")
            with Serve("--no-history", "--log-file", log):
                wait_for(lambda: os.path.exists(log) and lib.read(log), "a line of the log")
            host = json.loads(lib.read(log).splitlines()[0])["host"]
        self.assertEqual(host["id"], derived(lib.read("/etc/machine-id").strip()))

    def test_values_are_shown_and_names_are_checked(self):
        (one,) = inventory("web-1", HOSTS["web-1"], "--label", "note=a\"b\\c\x1b[2J\n")
        self.assertEqual(one["labels"]["note"], "a\"b\\c\\x1b[2J\\x0a")

    def test_without_a_machine_id_it_says_so(self):
        done = subprocess.run(["unshare", "-m", "sh", "-c", 'mount --bind /dev/null /etc/machine-id && exec "$0" inventory',
                               lib.VIGIE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn("no host_id", done.stderr)
        self.assertNotIn("host_id", json.loads(done.stdout)[0]["labels"])


class Fleet(unittest.TestCase):
    """One after the other, as each goes on where the one before ended: so one test."""

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.store = self.stack.enter_context(Store())
        self.wire = self.stack.enter_context(Wire(self.store.port))
        self.hosts = {name: self.stack.enter_context(Serve()) for name in HOSTS}
        self.agents = [self.agent("a", ["web-1", "web-2"], self.store.port), self.agent("b", ["db-1"], self.wire.port)]

    def agent(self, name, hosts, port):
        targets = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="vigie-targets-"))
        for host in hosts:
            document = inventory(host, HOSTS[host], "--address", f"127.0.0.1:{self.hosts[host].port}", "--label", "site=x")
            lib.write(os.path.join(targets, f"{host}.json"), json.dumps(document))
        return self.stack.enter_context(Agent(name, targets, port))

    def scrapes(self, host):
        """What vigie itself counted of them, as each arrived; gaps are scrapes that did not."""
        found = self.store.samples(f'vigie_self_scrapes_total{{host="{host}"}}')
        self.assertLessEqual(len(found), 1, found and [labels for labels, _, _ in found])
        return [int(value) for value in found[0][1]] if found else []

    def test_three_hosts(self):
        self.all_are_there_and_unmixed()
        self.one_dies()
        self.a_network_is_cut()

    def all_are_there_and_unmixed(self):
        wait_for(lambda: self.store.by_host('up{job="vigie"}') == {name: 1.0 for name in HOSTS}, "three hosts", every_s=0.2)
        wait_for(lambda: len(self.store.by_host("vigie_host_cpus")) == 3, "their figures", every_s=0.2)
        began = self.store.by_host("process_start_time_seconds")
        for name, daemon in self.hosts.items():
            self.assertAlmostEqual(began[name], float(daemon.scrape().one("process_start_time_seconds")), delta=0.01)
        self.assertEqual(len(set(began.values())), 3)
        ids = {labels["host"]: labels["host_id"] for labels, _ in self.store.query("vigie_host_cpus")}
        self.assertEqual(ids, {name: derived(machine_id) for name, machine_id in HOSTS.items()})
        # Each series is of one host, and of the agent that scrapes it.
        for labels, _ in self.store.query('{__name__=~"vigie_.*"}'):
            self.assertEqual(labels.get("agent"), "b" if labels.get("host") == "db-1" else "a", labels)
            self.assertFalse([name for name in labels if name.startswith(("__meta", "exported"))], labels)
        for name in HOSTS:
            books = self.store.query(f'sum(vigie_process_cpu_seconds_total{{host="{name}"}}) + '
                                     f'sum(vigie_retired_cpu_seconds_total{{host="{name}"}}) + '
                                     f'sum(vigie_unattributed_cpu_seconds_total{{host="{name}"}}) - '
                                     f'sum(vigie_host_cpu_seconds_total{{host="{name}"}})')
            self.assertAlmostEqual(books[0][1], 0, delta=1e-5, msg=name)

    def one_dies(self):
        self.hosts["web-1"].stop()
        wait_for(lambda: self.store.by_host('up{job="vigie"}') == {"web-1": 0.0, "web-2": 1.0, "db-1": 1.0},
                 "its end to be seen", every_s=0.2)
        stale = 'vigie_host_cpus{host="web-1"}'
        wait_for(lambda: not self.store.query(stale), "no figure of a dead host", every_s=0.2)

    def a_network_is_cut(self):
        wait_for(lambda: len(self.scrapes("db-1")) >= 3, "some scrapes", every_s=0.2)
        self.wire.cut()
        counted, before = self.counted("db-1"), len(self.scrapes("db-1"))
        wait_for(lambda: self.counted("db-1") >= counted + CUT_SCRAPES, "scrapes while it is cut", every_s=0.5)
        self.assertLessEqual(len(self.scrapes("db-1")), before + 1)  # what had just arrived
        self.wire.mend()
        wait_for(lambda: self.scrapes("db-1")[-1] >= counted + CUT_SCRAPES, "what was kept", every_s=0.2)
        seen = [number for number in self.scrapes("db-1") if number >= counted - 1]
        self.assertEqual(seen, list(range(seen[0], seen[-1] + 1)))  # each of them, once, in order
        self.assertGreaterEqual(len(seen), CUT_SCRAPES)

    def counted(self, host):
        """How often it was scraped: asked elsewhere, as each look at /metrics is a scrape."""
        status, _, body = self.hosts[host].get("/api/v1/now")
        self.assertEqual(status, 200)
        return json.loads(body)["self"]["scrapes"]


if __name__ == "__main__":
    unittest.main()
