# SPDX-License-Identifier: GPL-2.0-only
"""fleet - many hosts on one: identities, agents that scrape and send on, a central store, a wire that can be cut.

Owns: the real servers of Debian's packages and their configuration. Not here: expectations.
"""
import json
import os
import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

import lib
from lib import needs, wait_for
from scraping import free_port


def inventory(name, machine_id, *args):
    """`vigie inventory` on a host of that name and machine id, parsed."""
    with tempfile.NamedTemporaryFile("w", suffix=".machine-id") as file:
        file.write(machine_id + "\n")
        file.flush()
        script = 'hostname "$1" && mount --bind "$2" /etc/machine-id && shift 2 && exec "$@"'
        done = subprocess.run(["unshare", "-mu", "sh", "-c", script, "sh", name, file.name, lib.VIGIE, "inventory", *args],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode or done.stderr:
        raise AssertionError(f"vigie inventory: {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


class Server:
    """A program that says 200 at a path when it is ready. Subclasses say which."""
    program = ready = None

    def __init__(self, *args):
        needs(shutil.which(self.program), f"{self.program} is not installed (scripts/setup --test)")
        self.port = free_port()
        self.place = tempfile.mkdtemp(prefix="vigie-fleet-")
        self.log = open(os.path.join(self.place, "log"), "wb")
        self.child = subprocess.Popen([self.program, *self.arguments(*args)], stdin=subprocess.DEVNULL,
                                      stdout=self.log, stderr=self.log)

    def url(self, path, **query):
        return f"http://127.0.0.1:{self.port}{path}" + ("?" + urllib.parse.urlencode(query) if query else "")

    def get(self, path, **query):
        with urllib.request.urlopen(self.url(path, **query), timeout=30) as answer:
            return answer.read().decode()

    def _answers(self):
        if self.child.poll() is not None:
            raise AssertionError(f"{self.program} ended: {lib.read(self.log.name)}")
        try:
            self.get(self.ready)
        except OSError:
            return False
        return True

    def __enter__(self):
        try:
            wait_for(self._answers, f"{self.program} to be ready", every_s=0.05)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.child.terminate()
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.log.close()
        shutil.rmtree(self.place, ignore_errors=True)


class Store(Server):
    """VictoriaMetrics, one node."""
    program, ready = "victoria-metrics", "/health"

    def arguments(self):
        return [f"-storageDataPath={self.place}/data", f"-httpListenAddr=127.0.0.1:{self.port}", "-search.latencyOffset=0s",
                "-retentionPeriod=1", "-search.disableCache", "-memory.allowedBytes=128MB"]

    def query(self, promql):
        """[(labels, value)] of now, with all that has arrived."""
        self.get("/internal/force_flush")
        result = json.loads(self.get("/api/v1/query", query=promql))["data"]["result"]
        return [(one["metric"], float(one["value"][1])) for one in result]

    def by_host(self, promql):
        found = self.query(promql)
        values = {labels.get("host"): value for labels, value in found}
        if len(values) != len(found):
            raise AssertionError(f"{promql}: several series of one host: {found}")
        return values

    def samples(self, selector):
        """[(labels, values, times in ms)] of all that is stored."""
        self.get("/internal/force_flush")
        lines = self.get("/api/v1/export", **{"match[]": selector}).splitlines()
        return [(one["metric"], one["values"], one["timestamps"]) for one in map(json.loads, lines)]


class Agent(Server):
    """Prometheus that keeps nothing but what is not sent yet. Targets are the files of a directory."""
    program, ready = "prometheus", "/-/ready"
    CONFIG = """global:
  scrape_interval: 1s
  scrape_timeout: 1s
  external_labels: {{agent: {name}}}
scrape_configs:
  - job_name: vigie
    file_sd_configs: [{{files: ['{targets}/*.json'], refresh_interval: 1s}}]
remote_write:
  - url: http://127.0.0.1:{port}/api/v1/write
    queue_config: {{min_backoff: 50ms, max_backoff: 500ms, batch_send_deadline: 200ms}}
"""

    def arguments(self, name, targets, port):
        config = os.path.join(self.place, "prometheus.yml")
        lib.write(config, self.CONFIG.format(name=name, targets=targets, port=port))
        return ["--enable-feature=agent", f"--config.file={config}", f"--storage.agent.path={self.place}/wal",
                f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"]


class Wire:
    """Bytes from .port to another one of loopback; cut(): connections end, and none is made until mend()."""

    def __init__(self, port):
        self.to = port
        self.listener = None
        self.pairs = {}
        self.lock = threading.Lock()
        self.selector = selectors.DefaultSelector()
        self.port = free_port()
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.mend()
        self.thread.start()
        return self

    def mend(self):
        listener = socket.create_server(("127.0.0.1", self.port))
        with self.lock:
            self.listener = listener
            self.selector.register(listener, selectors.EVENT_READ)

    def cut(self):
        with self.lock:
            self.selector.unregister(self.listener)
            self.listener.close()
            self.listener = None
            for one in list(self.pairs):
                self._close(one)

    def _close(self, one):
        other = self.pairs.pop(one, None)
        for end in (one, other):
            if end is not None and end.fileno() >= 0:
                self.selector.unregister(end)
                end.close()
        self.pairs.pop(other, None)

    def _accept(self):
        one, _ = self.listener.accept()
        other = socket.create_connection(("127.0.0.1", self.to))
        for a, b in ((one, other), (other, one)):
            self.pairs[a] = b
            self.selector.register(a, selectors.EVENT_READ)

    def _pass_on(self, one):
        try:
            data = one.recv(1 << 16)
            if data:
                self.pairs[one].sendall(data)
                return
        except OSError:
            pass
        self._close(one)

    def _run(self):
        while not self.stopping:
            for key, _ in self.selector.select(0.05):
                with self.lock:
                    if key.fileobj is self.listener:
                        self._accept()
                    elif key.fileobj in self.pairs:
                        self._pass_on(key.fileobj)

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()
        if self.listener:
            self.cut()
        self.selector.close()
