#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""web - what strangers can cost a scrape: vigie and Debian's node exporter, the same certificate and user, the same attacks.

    tests/bench/web.py [-s SECONDS]     (root for vigie; with HTTPS and basic auth, on loopback)

One client that is known scrapes on a kept connection, first alone, then while an attack of tests/e2e/web_attacks.py
goes on; each attack meets a fresh process, vigie and the peer in turn. p99 of what a scrape took from asking to the last byte,
scrapes without an answer at the second try, and by how much resident memory grew. Where the peer is not installed
that is said, and its columns are empty. Not a test: it fails only where it could not measure.
"""
import argparse
import contextlib
import os
import socket
import sys
import threading
import time

import rig

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import web_attacks as attacks  # noqa: E402
from web_client import TLS, Place, bcrypt  # noqa: E402

CONFIG = TLS + f"basic_auth_users:\n  {attacks.USER}: {bcrypt(attacks.PASSWORD, cost=10)}\n"
ATTACKS = {
    "1 000 half-open handshakes": attacks.half_open_handshakes,
    "200 slow headers": attacks.slow_headers,
    "50 slow readers": attacks.slow_readers,
    "wrong passwords": attacks.guesses,
    "whole handshakes": lambda target, _, stop: attacks.whole_handshakes(target, stop),
    "10 000 connections": lambda target, _, stop: attacks.connects(target, stop),
}


class Target:
    """A server under attack."""

    def __init__(self, process, port):
        self.pid, self.port = process.pid, port

    def connect(self, timeout=5.0, receive_buffer=None):
        s = socket.socket()
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(timeout)
        s.connect(("127.0.0.1", self.port))
        return s

    def get(self, context, auth=None, source="127.0.0.1"):
        connection = attacks.http.client.HTTPSConnection("localhost", self.port, context=context, timeout=15,
                                                         source_address=(source, 0))
        try:
            connection.request("GET", "/metrics", headers={"Authorization": auth})
            return connection.getresponse().read()
        finally:
            connection.close()


def vigie_command(port, config):
    return [rig.VIGIE, "serve", "--no-history", "--listen", f"127.0.0.1:{port}", "--web.config.file", config]


def peer_command(port, config):
    return [rig.tool("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{port}",
            f"--web.config.file={config}"]


@contextlib.contextmanager
def serving(command, trust, config):
    port = rig.free_port()
    with rig.running(command(port, config), stderr=open(os.devnull, "wb")) as process:  # noqa: SIM115
        scraper = attacks.Scraper(port, trust)
        rig.wait_for(scraper.scrape, "a scrape is answered")
        yield Target(process, port), scraper


def p99(times):
    return 1e3 * rig.quantile(times, 0.99)


def beside(command, attack, trust, config, seconds):
    """(p99 alone, p99 beside it, scrapes, of them failed, MB that it grew)."""
    with serving(command, trust, config) as (target, scraper):
        scraper.scrapes(1)
        quiet = scraper.scrapes(seconds)
        before, stop = rig.memory_kib(target.pid)["VmRSS"], threading.Event()
        thread = threading.Thread(target=attack, args=(target, trust, stop), daemon=True)
        thread.start()
        time.sleep(0.5)
        scraper.failed = 0
        busy = scraper.scrapes(seconds)
        grown = rig.memory_kib(target.pid)["VmRSS"] - before
        stop.set()
        thread.join(60)
        return p99(quiet), p99(busy), len(busy), scraper.failed, grown / 1000


def cells(figures):
    if isinstance(figures, str):
        return f"{figures} | | | "
    quiet, busy, n, failed, grown = figures
    return f"{quiet:.1f} | {busy:.1f} | {failed} of {n} | {grown:+.1f}"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-s", type=float, default=8)
    options = options.parse_args()
    place = Place()
    try:
        place.certificate("server", "DNS:localhost,IP:127.0.0.1")
        trust, config = place.client(), place.write("web.yml", CONFIG)
        print("| | vigie: p99 alone, ms | beside it | failed | grown, MB | node exporter: p99 alone, ms | beside it "
              "| failed | grown, MB |")
        print("|---|---|---|---|---|---|---|---|---|")
        for name, attack in ATTACKS.items():
            ours = beside(vigie_command, attack, trust, config, options.s)
            try:
                theirs = beside(peer_command, attack, trust, config, options.s)
            except rig.Skip as e:
                theirs = f"**SKIPPED**: {e}"
            print(f"| {name} | {cells(ours)} | {cells(theirs)} |", flush=True)
    finally:
        place.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
