#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The configuration file: --check-config, --print-config, who may write it, SIGHUP.

Owns: what people meet of it, on a real daemon. Not here: each bad value (tests/unit/test_serve_config,
test_yaml), the bounds of options (test_cli). The second reader of YAML is PyYAML.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import textwrap
import time
import unittest

import yaml

import lib
from lib import PATIENCE_S, ROOT, VIGIE, Serve, wait_for

DEFAULT = "/etc/vigie/vigie.yml"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
          "--inh-caps=-all"]


def serve(*args, prefix=(), **options):
    """A `vigie serve` that ends by itself."""
    return subprocess.run([*prefix, VIGIE, "serve", *args], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S,
                          check=False, **options)


def dedent(text):
    return textwrap.dedent(text).lstrip("\n")


class Place(unittest.TestCase):
    """With a directory in which everybody may look, and a file in it."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="vigie-e2e-")
        self.addCleanup(shutil.rmtree, self.directory)
        os.chmod(self.directory, 0o755)
        self.path = os.path.join(self.directory, "vigie.yml")

    def write(self, text, mode=0o644):
        """As an editor does: another file, under the same name."""
        beside = self.path + ".new"
        lib.write(beside, dedent(text))
        os.chmod(beside, mode)
        os.rename(beside, self.path)

    def check(self, *args, **options):
        return serve("--config.file", self.path, "--check-config", *args, **options)

    def printed(self, *args):
        run = serve("--config.file", self.path, "--print-config", *args)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout


BAD = """
    web:
      listen: [127.0.0.1:9838, nowhere]
    log:
      level: loud
      lvel: info
    collect:
      interval: 1h
      interval: 5s
    groups:
      max-groups: "100"
      group-by: {unit: comm}
    histroy:
      retention: 1h
"""
# line, column, what is said
BAD_FAULTS = [
    (2, 28, "web.listen: 'nowhere' is not ADDR:PORT, [V6ADDR]:PORT, :PORT or unix:PATH"),
    (4, 10, "log.level: 'loud' is not one of debug, info, warning, error, critical"),
    (5, 3, "log.lvel: no such key in this section; did you mean level?"),
    (8, 3, "interval: this key is here twice, first in line 7"),
    (10, 15, "groups.max-groups: a text is not a number: leave the quotes out"),
    (11, 13, "groups.group-by: a mapping is not a list"),
    (12, 1, "histroy: no such section; did you mean history?"),
]


class Check(Place):
    def faults(self, run):
        """(line, column, text) of each line, which must all be of our file."""
        found = []
        for line in run.stderr.splitlines():
            match = re.fullmatch(rf"vigie serve: {re.escape(self.path)}:(\d+):(\d+): (.*)", line)
            self.assertTrue(match, line)
            found.append((int(match[1]), int(match[2]), match[3]))
        return found

    def test_a_good_file(self):
        for text in "", "# nothing\n", "log: {level: debug}\n", "web:\nlog:\n  # level: info\n":
            self.write(text)
            run = self.check()
            self.assertEqual((run.returncode, run.stdout, run.stderr),
                             (0, f"{self.path}: good\n", ""))

    def test_needs_neither_root_nor_bpf(self):
        lib.needs(os.geteuid() == 0 and shutil.which("setpriv"), "needs root, and setpriv")
        binary = shutil.copy(VIGIE, self.directory)
        os.chmod(binary, 0o755)
        for text, status in ("log: {level: debug}\n", 0), ("log: {level: x}\n", 2):
            self.write(text)
            run = subprocess.run([*NOBODY, binary, "serve", "--config.file", self.path,
                                  "--check-config"], stdout=subprocess.PIPE, cwd="/",
                                 stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
            self.assertEqual(run.returncode, status, run.stderr)

    def test_every_fault_has_its_place(self):
        self.write(BAD)
        run = self.check()
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        found = self.faults(run)
        self.assertEqual([fault[:2] for fault in found], [fault[:2] for fault in BAD_FAULTS])
        for (_, _, said), (_, _, expected) in zip(found, BAD_FAULTS):
            self.assertTrue(said.startswith(expected), (said, expected))

    def test_serve_refuses_in_the_same_words(self):
        self.write(BAD)
        run = serve("--config.file", self.path)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (2, "", self.check().stderr))

    def test_what_is_no_yaml(self):
        for text, line, column in (("log: [\n", 2, 1), ("log:\n\tlevel: info\n", 2, 1),
                                   ("log: {level: *x}\n", 1, 14), ("a: 1\n---\nb: 2\n", 2, 1)):
            self.write(text)
            run = self.check()
            self.assertEqual(run.returncode, 2)
            self.assertEqual([f[:2] for f in self.faults(run)], [(line, column)], run.stderr)

    def test_a_hostile_file_is_no_danger_to_the_terminal(self):
        self.write('"\\e[31m\\u202e": 1\nlog: {level: "\\e[2J"}\n')
        run = self.check()
        self.assertEqual(len(self.faults(run)), 2)
        self.assertTrue(all(c.isprintable() for c in run.stderr if c != "\n"), run.stderr)

    def test_addresses_beyond_loopback(self):
        self.write("web:\n  listen: [127.0.0.1:1, 0.0.0.0:2]\n")
        run = self.check()
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr, serve("--config.file", self.path).stderr)
        self.assertIn(f"{self.path}:2:25: web.listen: '0.0.0.0:2' is not a loopback", run.stderr)
        self.assertEqual(self.check("--allow-insecure").returncode, 0)

    def test_the_example(self):
        with open(os.path.join(ROOT, "deploy/vigie.yml"), encoding="utf-8") as f:
            text = f.read()
        self.write(text)
        self.assertEqual(self.check().returncode, 0)
        self.assertEqual(yaml.safe_load(self.printed()), yaml.safe_load(text))
        self.write("")
        self.assertEqual(yaml.safe_load(self.printed())["groups"], yaml.safe_load(text)["groups"])


class Trust(Place):
    """Whose file is read: it says what a process does that starts as root."""

    def refused(self, path, *words):
        for mode in ["--check-config"], ["--print-config"], []:
            run = serve("--config.file", path, *mode)
            self.assertEqual((run.returncode, run.stdout), (2, ""), mode)
            self.assertEqual(len(run.stderr.splitlines()), 1)
            for word in (f"vigie serve: {path}: ", *words):
                self.assertIn(word, run.stderr)

    def test_who_may_write_it(self):
        for mode in 0o664, 0o646, 0o666:
            self.write("log:\n", mode)
            self.refused(self.path, f"mode {mode:04o}", "chmod go-w", self.path)
            os.chmod(self.path, 0o644)
            self.assertEqual(self.check().returncode, 0)

    def test_whom_it_belongs_to(self):
        lib.needs(os.geteuid() == 0, "needs root")
        self.write("log:\n")
        os.chown(self.path, 65534, -1)
        self.refused(self.path, "belongs to uid 65534", "chown root")
        os.chown(self.path, 0, 65534)
        self.assertEqual(self.check().returncode, 0)

    def test_what_is_no_file(self):
        os.mkfifo(self.path)
        self.refused(self.path, "not a regular file")
        self.refused(self.directory, "not a regular file")
        self.refused("/dev/zero", "not a regular file")
        self.refused("/nonexistent/vigie.yml", "-ENOENT")

    def test_what_a_link_leads_to(self):
        link = os.path.join(self.directory, "link.yml")
        os.symlink("vigie.yml", link)
        self.write("log:\n", 0o666)
        self.refused(link, "chmod go-w")
        os.chmod(self.path, 0o644)
        self.assertEqual(serve("--config.file", link, "--check-config").returncode, 0)

    def test_what_is_too_big(self):
        self.write("# " + "x" * (64 << 10) + "\n")
        self.refused(self.path, "bytes; 65536 at most")


class Default(Place):
    """/etc/vigie/vigie.yml, in an /etc of the test's own."""

    def run_there(self, text, *args):
        lib.needs(os.geteuid() == 0, "needs root")
        lib.needs_mount_namespace()
        etc = os.path.join(self.directory, "etc")
        os.makedirs(os.path.join(etc, "vigie"), exist_ok=True)
        for name in "passwd", "group", "nsswitch.conf", "ld.so.cache":
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(f"/etc/{name}", etc)
        if text is not None:
            lib.write(os.path.join(etc, "vigie/vigie.yml"), text)
            os.chmod(os.path.join(etc, "vigie/vigie.yml"), 0o644)
        return subprocess.run(["unshare", "-m", "sh", "-c", 'mount --bind "$1" /etc && shift && '
                               'exec "$@"', "sh", etc, VIGIE, "serve", *args], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=PATIENCE_S)

    def test_it_is_read_if_it_is_there(self):
        run = self.run_there(None, "--check-config")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("there is no such file", run.stdout)
        run = self.run_there("log: {level: debug}\n", "--print-config")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(yaml.safe_load(run.stdout)["log"]["level"], "debug")
        run = self.run_there("log: {level: x}\n", "--check-config")
        self.assertEqual(run.returncode, 2)
        self.assertIn(f"vigie serve: {DEFAULT}:1:14: log.level: 'x'", run.stderr)


class Print(Place):
    FILE = """
        web:
          listen: [127.0.0.1:1, "unix:/run/a b"]
        collect: {interval: 250ms}
        metrics:
          families:
            - vigie_host_*
            - vigie_process_swap_bytes
        log:
          level: error
          format: "it's: %(message)s"
    """
    FLAGS = ["--interval", "2s", "--max-groups", "7", "--no-history", "--no-families",
             "vigie_host_load1,vigie_host_load5"]

    def test_flag_over_file_over_default(self):
        self.write(self.FILE)
        text = self.printed(*self.FLAGS)
        read = yaml.safe_load(text)
        self.assertEqual(read["web"]["listen"], ["127.0.0.1:1", "unix:/run/a b"])
        self.assertIs(read["web"]["allow-insecure"], False)
        self.assertEqual(read["collect"]["interval"], "2s")
        self.assertEqual(read["collect"]["slow-wait"], "1ms")
        self.assertEqual(read["groups"]["max-groups"], 7)
        self.assertEqual(read["history"]["enabled"], False)
        self.assertEqual(read["metrics"], {
            "families": ["vigie_host_*", "vigie_process_swap_bytes"],
            "no-families": ["vigie_host_load1", "vigie_host_load5"]})
        self.assertEqual(read["log"], {"level": "error", "format": "it's: %(message)s"})

    def test_each_has_its_source(self):
        self.write(self.FILE)
        text = self.printed(*self.FLAGS)
        for line in ("  interval: 2s  # flag --interval", "  slow-wait: 1ms  # default",
                     "  level: error  # file, line 9", "  enabled: false  # flag --no-history",
                     "  # user:  # default: vigie where it exists, else nobody"):
            self.assertIn(line + "\n", text)
        for line in text.splitlines():
            if line.startswith("  "):
                self.assertRegex(line, r"  # (default(: .*)?|file, line \d+|flag --[a-z-]+)$")

    def test_it_reads_back(self):
        self.write(self.FILE)
        first = self.printed(*self.FLAGS)
        lib.write(self.path, first)
        second = self.printed()
        self.assertEqual(yaml.safe_load(first), yaml.safe_load(second))
        self.assertNotIn("# flag", second)
        self.assertEqual(self.check().returncode, 0)

    def test_in_effect_is_what_is_printed(self):
        """The history's bound and the families, seen from outside."""
        lib.needs_watching()
        self.write("metrics: {families: [vigie_host_load1, vigie_self_snapshots]}\n")
        with Serve("--config.file", self.path) as daemon:
            names = {name for name, _ in daemon.scrape().samples}
        self.assertEqual(names, {"vigie_host_load1", "vigie_self_snapshots_total"})


class Reload(Place):
    """SIGHUP, on a daemon that has given up its privileges."""

    def setUp(self):
        super().setUp()
        lib.needs_watching()

    def serve(self, text, *args):
        self.write(text)
        return Serve("--config.file", self.path, *args)

    @staticmethod
    def state(daemon):
        page = daemon.scrape()
        return (page.one("vigie_self_config_last_reload_successful"),
                page.one("vigie_self_config_last_reload_success_timestamp_seconds"))

    def hup(self, daemon, good=True):
        """The page after the file was read anew."""
        _, before = self.state(daemon)
        daemon.child.send_signal(signal.SIGHUP)
        if good:
            wait_for(lambda: self.state(daemon)[1] > before, "the file to be taken")
            self.assertEqual(self.state(daemon)[0], 1)
        else:
            wait_for(lambda: self.state(daemon)[0] == 0, "the file to be refused")
            self.assertEqual(self.state(daemon)[1], before)

    def test_what_changes_at_once(self):
        with self.serve("log: {level: info}\n") as daemon:
            began = time.time()
            self.assertEqual(self.state(daemon)[0], 1)
            self.assertLess(abs(float(self.state(daemon)[1]) - began), PATIENCE_S)
            self.assertTrue(daemon.scrape().all("vigie_host_load1"))
            self.write("log: {level: debug, format: 'NOW %(message)s'}\n"
                       "metrics: {no-families: [vigie_host_load1]}\ngroups: {linger: 10m}\n")
            self.hup(daemon)
            self.assertFalse(daemon.scrape().all("vigie_host_load1"))
            self.assertTrue(daemon.scrape().all("vigie_host_load5"))
            self.write("log: {level: info, format: 'THEN %(message)s'}\n")
            self.hup(daemon)
            self.assertTrue(daemon.scrape().all("vigie_host_load1"))
        said = daemon.stderr
        self.assertIn("NOW configuration read anew, changed: groups.linger, metrics.no-families, "
                      "log.level, log.format\n", said)
        self.assertIn("THEN configuration read anew, changed: groups.linger, metrics.no-families, "
                      "log.level, log.format\n", said)
        self.assertIn("THEN stopping\n", said)

    def test_the_interval(self):
        def snapshots_beside_scrapes():
            before = daemon.scrape().one("vigie_self_snapshots_total")
            time.sleep(1.5)
            return daemon.scrape().one("vigie_self_snapshots_total") - before

        with self.serve("collect: {interval: 60s}\n") as daemon:
            self.assertLessEqual(snapshots_beside_scrapes(), 2)
            self.write("collect: {interval: 100ms}\n")
            self.hup(daemon)
            wait_for(lambda: snapshots_beside_scrapes() > 5, "snapshots ten times a second")

    def test_how_long_a_gone_group_stays(self):
        def there():
            return daemon.scrape().all("vigie_process_cpu_seconds_total", comm="goner")

        with self.serve("groups: {linger: 1d}\ncollect: {interval: 200ms}\n") as daemon:
            with subprocess.Popen(["sh", "-c", "printf goner > /proc/$$/comm; while :; do :; done"]) \
                    as goner:
                wait_for(there, "its series", every_s=0.2)
                goner.kill()
            time.sleep(3)
            self.assertTrue(there())
            self.write("groups: {linger: 1s}\ncollect: {interval: 200ms}\n")
            self.hup(daemon)
            wait_for(lambda: not there(), "its series to end", every_s=0.2)

    def history(self):
        """(directory of the segments, what is in it by name)."""
        ring = os.path.join(self.directory, "state", "ring")
        sizes = {}
        for name in sorted(os.listdir(ring)):
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                if name.endswith(".seg"):
                    sizes[name] = os.stat(os.path.join(ring, name)).st_size
        return ring, sizes

    def serve_history(self, keys, *args):
        """Whose only snapshots are those that a scrape asks for."""
        return self.serve(f"history: {keys}\ncollect: {{interval: 60s}}\n", "--state-dir",
                          os.path.join(self.directory, "state"), *args)

    def test_the_historys_size(self):
        """What finds no room any more goes at once, the oldest first; the rest stays as it is."""
        with self.serve_history("{max-size: 64MiB}"):
            pass
        ring, _ = self.history()
        size, numbers = 3 << 20, range(101, 108)
        for number in numbers:
            with open(os.path.join(ring, f"{number:08x}.seg"), "wb") as f:
                f.truncate(size)
        with self.serve_history("{max-size: 64MiB}") as daemon:
            wait_for(lambda: daemon.scrape().one("vigie_self_recording_entries_total"), "an entry")
            self.assertLessEqual({f"{n:08x}.seg" for n in numbers}, set(self.history()[1]))
            entries = daemon.scrape().one("vigie_self_recording_entries_total")
            self.write("history: {max-size: 8MiB}\ncollect: {interval: 60s}\n")
            daemon.child.send_signal(signal.SIGHUP)
            wait_for(lambda: sum(self.history()[1].values()) <= 8 << 20, "the oldest to be gone")
            self.assertEqual([n for n in numbers if f"{n:08x}.seg" in self.history()[1]],
                             list(numbers)[-2:])
            self.assertLessEqual(daemon.scrape().one("vigie_self_recording_disk_bytes"), 8 << 20)
            # And is held from then on, and nothing was lost on the way.
            wait_for(lambda: daemon.scrape().one("vigie_self_recording_entries_total") > entries,
                     "an entry", every_s=0.3)
            self.assertEqual(daemon.scrape().sum("vigie_self_recording_lost_total"), 0)
        self.assertIn("configuration read anew, changed: history.max-size", daemon.stderr)
        self.assertNotIn("needs a restart", daemon.stderr)

    def test_the_historys_retention(self):
        """A segment that ended a minute ago goes as a minute is all that is kept."""
        with self.serve_history("{max-size: 64MiB, retention: 1h}") as daemon:
            def entries(more):
                before = daemon.scrape().one("vigie_self_recording_entries_total")
                wait_for(lambda: daemon.scrape().one("vigie_self_recording_entries_total") >=
                         before + more, "entries", every_s=0.3)

            entries(2)
            # Other bounds end a segment: so there is one more.
            self.write("history: {max-size: 63MiB, retention: 1h}\ncollect: {interval: 60s}\n")
            self.hup(daemon)
            ended = time.monotonic()
            entries(1)
            first, second = self.history()[1]
            wait_for(lambda: time.monotonic() > ended + 62, "a minute to pass", 90, every_s=1)
            entries(1)
            self.assertEqual(list(self.history()[1]), [first, second])
            self.write("history: {max-size: 63MiB, retention: 1m}\ncollect: {interval: 60s}\n")
            daemon.child.send_signal(signal.SIGHUP)
            wait_for(lambda: first not in self.history()[1], "the old one to be gone")
            self.assertIn(second, self.history()[1])
            entries(1)
            self.assertEqual(daemon.scrape().sum("vigie_self_recording_lost_total"), 0)
        self.assertIn("configuration read anew, changed: history.retention", daemon.stderr)

    def test_the_logs_level(self):
        """What is below it is in neither log any more; what is said is what the level lets through."""
        log = os.path.join(self.directory, "events.ndjson")
        os.chmod(self.directory, 0o777)

        def lines():
            return lib.read(log).count("\n")

        with self.serve("log: {level: info}\n", "--log-file", log) as daemon:
            self.write("log: {level: debug}\n")
            self.hup(daemon)
            wait_for(lambda: "config-changed" in lib.read(log), "the change in the log")
            self.write("log: {level: error}\n")
            self.hup(daemon)
            before = lines()
            self.write("log: {level: error}\ncollect: {slow-wait: 2ms}\n")  # a warning
            self.hup(daemon)
            self.write("log: {level: x}\n")  # an error
            self.hup(daemon, good=False)
            wait_for(lambda: lines() >= before + 2, "the fault in the log")
        self.assertNotIn("collect.slow-wait", daemon.stderr + lib.read(log))
        self.assertEqual(daemon.stderr.count("configuration read anew"), 1)
        self.assertIn("is not one of debug, info", lib.read(log))

    def test_what_needs_a_restart_is_named(self):
        with self.serve("log: {level: info}\n") as daemon:
            self.write("collect: {slow-wait: 2ms}\nweb: {listen: [127.0.0.1:1]}\n"
                       "history: {retention: 1440m}\nprocess: {user: no such user}\n")
            for _ in range(2):
                self.hup(daemon)
        for name in "collect.slow-wait", "process.user":
            self.assertEqual(daemon.stderr.count(f"{name}: needs a restart"), 2, daemon.stderr)
        self.assertNotIn("web.listen", daemon.stderr)  # a flag says where
        self.assertNotIn("history.retention", daemon.stderr)  # 1440 minutes are 24 hours
        self.assertIn("configuration read anew, nothing changes at once", daemon.stderr)

    def test_a_broken_file_keeps_the_old(self):
        with self.serve("metrics: {no-families: [vigie_host_load1]}\n") as daemon:
            self.write("metrics: {no-families: [vigie_host_load5]}\nlog: {level: loud}\nx:\n")
            self.hup(daemon, good=False)
            page = daemon.scrape()
            self.assertFalse(page.all("vigie_host_load1"))
            self.assertTrue(page.all("vigie_host_load5"))
            os.unlink(self.path)
            self.hup(daemon, good=False)
            self.write("", mode=0o666)
            self.hup(daemon, good=False)
            self.write("metrics: {no-families: [vigie_host_load5]}\n")
            self.hup(daemon)
            self.assertFalse(daemon.scrape().all("vigie_host_load5"))
        for line in (f"{self.path}:2:14: log.level: 'loud' is not one of debug, info",
                     f"{self.path}:3:1: x: no such section",
                     "configuration not taken, 2 faults: what was in effect goes on; mend "
                     f"{self.path} and send SIGHUP again",
                     f"{self.path}: cannot be opened: -ENOENT",
                     f"{self.path}: may be written by others than its owner"):
            self.assertIn(line, daemon.stderr)

    def test_a_file_that_who_serves_may_not_read(self):
        """Root reads it at the start; the process without privileges says what to do."""
        self.write("log: {level: info}\n", mode=0o600)
        with Serve("--config.file", self.path) as daemon:
            self.hup(daemon, good=False)
            os.chmod(self.path, 0o644)
            self.hup(daemon)
        self.assertIn(f"SIGHUP will not change anything: {self.path}: who serves must be able",
                      daemon.stderr)
        self.assertIn(f"{self.path}: cannot be opened: -EACCES; who serves must be able to read "
                      "it: chmod 0644", daemon.stderr)

    def test_a_flag_stays(self):
        with self.serve("", "--no-families", "vigie_host_load1") as daemon:
            self.write("metrics: {families: ['vigie_host_load*', 'vigie_self_*']}\n")
            self.hup(daemon)
            page = daemon.scrape()
            self.assertFalse(page.all("vigie_host_load1"))
            self.assertTrue(page.all("vigie_host_load5"))
            self.assertFalse(page.all("vigie_host_boot_time_seconds"))

    def test_without_a_file(self):
        """SIGHUP is for the log, too: it is no mistake that there is no file."""
        lib.needs(not os.path.exists(DEFAULT), f"this host has {DEFAULT}")
        with Serve() as daemon:
            self.hup(daemon)
        self.assertEqual(daemon.status, 0)

    def test_many_signals_and_scrapes(self):
        """No scrape fails or waits while the file is read over and over, good and broken."""
        with self.serve("log: {level: info}\n") as daemon:
            for i in range(50):
                self.write("log: {level: x}\n" if i % 2 else "log: {level: critical}\n")
                daemon.child.send_signal(signal.SIGHUP)
                self.assertEqual(daemon.get()[0], 200)

            def descriptors():
                return len(os.listdir(f"/proc/{daemon.pid}/fd"))
            fds = descriptors()
            self.hup(daemon, good=False)
            self.write("log: {level: critical}\n")
            self.hup(daemon)
            # A connection may be closed a moment later than its client has seen the end.
            lib.wait_for(lambda: descriptors() <= fds, f"descriptors to be {fds}")


if __name__ == "__main__":
    unittest.main()
