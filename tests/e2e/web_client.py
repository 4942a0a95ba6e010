# SPDX-License-Identifier: GPL-2.0-only
"""web_client - certificates made on the spot, bcrypt, and http_fixture with a web configuration.

Owns what the tests of TLS and credentials share. No key outlives the test that made it.
"""
import base64
import ctypes
import http.client
import os
import ssl
import subprocess
import tempfile
import time

from http_client import BINARY, Case, Fixture

LIBCRYPT = ctypes.CDLL("libcrypt.so.1")
LIBCRYPT.crypt.restype = ctypes.c_char_p
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
TOKEN = "0123456789abcdef0123456789abcdef"
SALT = "X0h1gDsPszWURQaxFh.zou"


def bcrypt(password, cost=4, prefix="2y"):
    """With crypt(3), as htpasswd -B does."""
    hashed = LIBCRYPT.crypt(password.encode(), f"${prefix}${cost:02d}${SALT}".encode())
    assert hashed and len(hashed) == 60, hashed
    return hashed.decode()


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


class Place:
    """A directory with an authority's certificates and web configurations, for one test class."""

    KEY = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
           "rsa": ["-newkey", "rsa:2048"]}

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="vigie-web-")
        self.authority("ca")

    def close(self):
        self.directory.cleanup()

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def write(self, name, text, mode=0o600):
        """At once, as a careful administrator does: another file of the same name."""
        path = self.path(name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)
        return path

    def authority(self, name):
        openssl("req", "-x509", *self.KEY["ec"], "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.crt"))

    def certificate(self, name, names, ca="ca", key="ec", into=None, usage=None):
        """names: "DNS:localhost,IP:127.0.0.1"; into: the name that it replaces at once."""
        extensions = self.write(f"{name}.ext", f"subjectAltName={names}\n" +
                                (f"extendedKeyUsage={usage}\n" if usage else ""))
        fresh = [self.path(f"{name}.fresh.{e}") for e in ("key", "csr", "crt")]
        openssl("req", *self.KEY[key], "-nodes", "-subj", f"/CN={name}", "-keyout", fresh[0],
                "-out", fresh[1])
        openssl("x509", "-req", "-in", fresh[1], "-days", "2", "-extfile", extensions,
                "-CA", self.path(f"{ca}.crt"), "-CAkey", self.path(f"{ca}.key"),
                "-CAcreateserial", "-out", fresh[2])
        os.chmod(fresh[0], 0o600)
        os.rename(fresh[0], self.path(f"{into or name}.key"))
        os.rename(fresh[2], self.path(f"{into or name}.crt"))

    def client(self, certificate=None, ca="ca"):
        """What a client of ours speaks TLS with."""
        context = ssl.create_default_context(cafile=self.path(f"{ca}.crt"))
        if certificate:
            context.load_cert_chain(self.path(f"{certificate}.crt"),
                                    self.path(f"{certificate}.key"))
        return context


class WebFixture(Fixture):
    """http_fixture with --web; what it logs goes to a file."""

    @staticmethod
    def command_for(config, series=3, addresses=("127.0.0.1:0",), confine="no"):
        return [BINARY, str(series), confine, "--web", config, *addresses]

    def __init__(self, config, series=3, addresses=("127.0.0.1:0",), confine="no"):
        self.log = tempfile.TemporaryFile("w+")
        super().__init__(series, addresses, stderr=self.log,
                         command=self.command_for(config, series, addresses, confine))

    def logged(self):
        self.log.flush()
        with open(f"/proc/self/fd/{self.log.fileno()}", encoding="utf-8") as file:
            return file.read().splitlines()

    def await_line(self, part, patience_s=30):
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            found = [line for line in self.logged() if part in line]
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"no line with {part!r}: {self.logged()}")

    @property
    def port(self):
        return int(self.addresses[0].rsplit(":", 1)[1])

    def children(self):
        """{name: pid} of its helpers."""
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as file:
            pids = [int(pid) for pid in file.read().split()]
        names = {}
        for pid in pids:
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                names[file.read().strip()] = pid
        return names

    def get(self, context, path="/metrics", auth=None, method="GET", source="127.0.0.1",
            timeout=15):
        """One request on a connection of its own: (status, headers, body). context None: no TLS."""
        kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
        extra = {"context": context} if context else {}
        connection = kind("localhost", self.port, timeout=timeout, source_address=(source, 0),
                          **extra)
        try:
            connection.request(method, path, headers={"Authorization": auth} if auth else {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def close(self):
        code = super().close()
        self.log.close()
        return code


class WebCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.place = Place()
        cls.place.certificate("server", "DNS:localhost,IP:127.0.0.1")
        cls.trust = cls.place.client()

    @classmethod
    def tearDownClass(cls):
        cls.place.close()

    def serve(self, text, name="web.yml", **options):
        server = WebFixture(self.place.write(name, text), **options)
        self.addCleanup(lambda: self.assertEqual(server.close(), 0))
        return server

    def refused(self, text, name="bad.yml", mode=0o600):
        """What is said where a configuration is not taken at the start."""
        path = self.place.write(name, text, mode)
        run = subprocess.run(WebFixture.command_for(path), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
        self.assertEqual(run.returncode, 1, run)
        self.assertIn("failed web", run.stdout)
        return run.stderr.replace(self.place.directory.name + "/", "")
