#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_record_hostile - sessions of programs whose files are meant to hurt.

Owns: ELF files, perf maps and symbol names that attack the reader, the session or whoever looks at
the result. The session ends in time, says what it lacks, names what is honest, and prints nothing
that a terminal, a browser or another parser would obey.
"""
import contextlib
import os
import re
import struct
import subprocess
import time
import unittest

import lib
import stacks
from test_record import Session, running, samples

ROUND = "-d", "2s", "--hz", "499", "--views", "cpu"
OVER_S = 25  # from the session's begin to its end: a reader that hangs costs two seconds


def setUpModule():
    lib.needs_watching()


def headers(image):
    """(e_shoff, e_shnum, {name: index}) of an ELF64 image."""
    shoff, = struct.unpack_from("<Q", image, 0x28)
    shnum, strings = struct.unpack_from("<HH", image, 0x3c)
    base, = struct.unpack_from("<Q", image, shoff + 64 * strings + 24)
    names = {}
    for i in range(shnum):
        at, = struct.unpack_from("<I", image, shoff + 64 * i)
        end = image.index(b"\0", base + at)
        names[bytes(image[base + at:end]).decode()] = i
    return shoff, shnum, names


# Where a section header of ELF64 has its fields.
OFFSET, SIZE, LINK, ENTSIZE = 24, 32, 40, 56


class Library:
    """An image of a library that runs, in which the test damages what the loader never reads."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            self.image = bytearray(f.read())
        self.shoff, self.shnum, self.sections = headers(self.image)

    def set(self, section, field, value):
        struct.pack_into("<I" if field == LINK else "<Q", self.image,
                         self.shoff + 64 * self.sections[section] + field, value)

    def get(self, section, field):
        return struct.unpack_from("<Q", self.image,
                                  self.shoff + 64 * self.sections[section] + field)[0]

    def save(self, size=None):
        with open(self.path, "wb") as f:
            f.write(self.image)
            if size:
                f.truncate(size)


def section_count(lib_):
    struct.pack_into("<H", lib_.image, 0x3c, 0xffff)


def section_offsets(lib_):
    struct.pack_into("<Q", lib_.image, 0x28, 0xfffffffffffff000)


def symbol_size(lib_):
    lib_.set(".symtab", SIZE, 1 << 62)


def symbol_entries(lib_):
    lib_.set(".symtab", ENTSIZE, 0)


def symbol_strings(lib_):
    lib_.set(".symtab", LINK, 0xffffff)


def unwind_garbage(lib_):
    begin, size = lib_.get(".eh_frame", OFFSET), lib_.get(".eh_frame", SIZE)
    lib_.image[begin:begin + size] = bytes((i * 197 + 41) & 0xff for i in range(size))


def unwind_loops(lib_):
    """Entries that say that they are as long as can be."""
    begin, size = lib_.get(".eh_frame", OFFSET), lib_.get(".eh_frame", SIZE)
    lib_.image[begin:begin + size] = (b"\xff\xff\xff\xff" + b"\xff" * 7 + b"\x7f") * (size // 12) \
        + b"\0" * (size % 12)


def many_symbols(lib_):
    """Ten million, of which the file holds none: it is as long, and empty."""
    begin = (len(lib_.image) + 4095) & ~4095
    lib_.set(".symtab", OFFSET, begin)
    lib_.set(".symtab", SIZE, 24 * 10**7)
    return begin + 24 * 10**7


DAMAGES = (section_count, section_offsets, symbol_size, symbol_entries, symbol_strings,
           unwind_garbage, unwind_loops, many_symbols)


class Hostile(Session):
    def watched(self, pid, *args, status=0):
        began = time.monotonic()
        run = self.record("-p", pid, *ROUND, *args, status=status)
        self.assertLess(time.monotonic() - began, OVER_S)
        return run

    def named(self, session):
        return {session["frames"][f]["name"] for s in samples(session, "cpu") for f in s["stack"]}

    def harmless(self):
        """No form of the result holds what a reader of it would obey."""
        for form in "text", "folded", "json", "html", "speedscope":
            out = self.report(form)
            text = out.decode()  # valid UTF-8
            self.assertNotRegex(text, r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2028]", form)
            if form == "html":
                self.assertNotIn("<img src=x", text)
                self.assertEqual(text.count("</script"), text.count("<script"))
        for line in self.report("folded").decode().splitlines():
            self.assertRegex(line, r"^[^;]+(;[^;]+)* \d+$")
        self.vigie("report", self.file, "-f", "pprof", "-o",
                   os.path.join(self.directory, "s.pb.gz"))


class Elf(Hostile):
    def test_damaged_files(self):
        """All at once, one honest library between them."""
        paths = []
        for damage in DAMAGES:
            paths.append(stacks.guest(self.directory, f"bad_{damage.__name__}"))
            library = Library(paths[-1])
            library.save(damage(library))
        paths.insert(4, stacks.guest(self.directory, "honest"))
        with running("guests", "keep", 60, *paths) as child:
            self.watched(child.pid)
        session = self.json()
        names = self.named(session)
        self.assertTrue({"honest", "guest", "main", "_start", "call_for"} <= names, names)
        # Those whose damage is not in the symbols keep their names.
        self.assertTrue({"bad_unwind_garbage", "bad_unwind_loops"} <= names, names)
        self.assertLessEqual(session["quality"]["reader_restarts"], 8)
        self.assertEqual(session["quality"]["ended"], "time")
        self.harmless()

    def test_what_unpacks_to_a_gigabyte(self):
        path = stacks.guest(self.directory, "packed", "-s")
        honest = stacks.guest(self.directory, "honest")
        bomb = os.path.join(self.directory, "bomb.xz")
        with open(bomb, "wb") as out:
            zeros = subprocess.Popen(["head", "-c", "1G", "/dev/zero"], stdout=subprocess.PIPE)
            subprocess.run(["xz", "-0", "-c"], stdin=zeros.stdout, stdout=out, check=True)
            zeros.stdout.close()
            zeros.wait()
        subprocess.run(["objcopy", "--add-section", f".gnu_debugdata={bomb}", path], check=True)
        with running("guests", "keep", 60, path, honest) as child:
            self.watched(child.pid)
        session = self.json()
        self.assertIn("honest", self.named(session))
        self.assertTrue(any(re.match(r"\[libpacked\.so\+0x", n) for n in self.named(session)))
        self.assertEqual(session["quality"]["reader_restarts"], 0)

    def test_a_debug_link_leads_nowhere_else(self):
        """To a file above, that would give every function another name."""
        inside = os.path.join(self.directory, "inside")
        os.mkdir(inside)
        path = stacks.guest(inside, "linked", "-Wl,--build-id=none")
        lure = os.path.join(self.directory, "lure")
        subprocess.run(["objcopy", "--redefine-sym", "linked=lured", path, lure], check=True)
        subprocess.run(["objcopy", "--strip-all", path], check=True)
        section = os.path.join(self.directory, "link")
        with open(section, "wb") as f:
            f.write(b"../lure\0" + b"\0" * 4)
        subprocess.run(["objcopy", "--add-section", f".gnu_debuglink={section}", path], check=True)
        with running("guests", "keep", 60, path) as child:
            self.watched(child.pid)
        names = self.named(self.json())
        self.assertNotIn("lured", names)
        self.assertTrue(any(n.startswith("[liblinked.so+0x") for n in names), names)

    def test_a_debug_file_that_is_a_pipe(self):
        """Opening it must not wait for somebody who writes."""
        path = stacks.guest(self.directory, "piped", "-Wl,--build-id=none")
        subprocess.run(["objcopy", "--only-keep-debug", path, f"{path}.debug"], check=True)
        subprocess.run(["objcopy", "--strip-all", f"--add-gnu-debuglink={path}.debug", path],
                       check=True)
        os.unlink(f"{path}.debug")
        os.mkfifo(f"{path}.debug")
        with running("guests", "keep", 60, path) as child:
            self.watched(child.pid)
        self.assertTrue({"main", "_start"} <= self.named(self.json()))

    def test_names(self):
        """Each stands where a compiler had put another name of the same length."""
        names = (b"\x1b]0;owned\x07\x1b[31m", b"a;b;c 99", b"two\nlines 7\n\r", b"\xff\xfe\xc0\xaf\xed\xa0\x80",
                 b"</script><script>alert(1)</script>", b"<img src=x onerror=alert(1)>",
                 b"%s%s%n%x", b"\xe2\x80\xae\xe2\x80\xa8bidi", b"\xc2\x9b31m",
                 b"_Z" + b"N1a" * 600, b"_ZN" + b"S_" * 900 + b"E", b"_Z1fILi" + b"9" * 2000 + b"EEvv")
        paths = []
        for i, name in enumerate(names):
            stand_in = f"w{i}_".ljust(len(name), "x")
            paths.append(stacks.guest(self.directory, f"name{i}", f"-Dname{i}={stand_in}"))
            with open(paths[-1], "rb") as f:
                image = f.read()
            self.assertIn(stand_in.encode(), image)
            lib_image = image.replace(stand_in.encode() + b"\0", name + b"\0")
            with open(paths[-1], "wb") as f:
                f.write(lib_image)
        paths.append(self.long_name(2 << 20))
        with running("guests", "keep", 60, *paths) as child:
            self.watched(child.pid)
        session = self.json()
        self.assertEqual(session["quality"]["reader_restarts"], 0)
        self.assertTrue({"main", "guest", "call_for"} <= self.named(session))
        for i in range(len(names)):
            path = f"libname{i}.so"
            self.assertTrue([f for f in session["frames"] if f["kind"] == "native" and
                             session["modules"][f["module"]]["path"].endswith(path)], path)
        self.assertLess(max(map(len, self.named(session))), 1100)
        self.assertLess(os.path.getsize(self.file), 1 << 20)
        self.harmless()

    def long_name(self, length):
        """A library in which a function's name is so many bytes long."""
        name = "n" * length
        path = os.path.join(self.directory, "liblong.so")
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-xc", "-o", path, "-"], text=True,
                       input=stacks.GUEST % (name, "", name), check=True)
        return path


class PerfMap(Hostile):
    """The map of generated code is whatever somebody wrote to /tmp."""

    @contextlib.contextmanager
    def generating(self):
        with running("guests", "jit", 60) as child:
            address, size = child.stdout.readline().split()
            path = f"/tmp/perf-{child.pid}.map"
            with contextlib.ExitStack() as stack:
                stack.callback(lambda: os.path.lexists(path) and os.unlink(path))
                yield child.pid, path, int(address, 16), int(size, 16)

    def jitted(self, pid, expected):
        """The generated function's name as expected, and the stack below it whole."""
        self.watched(pid)
        session = self.json()
        stacks_ = [[session["frames"][f] for f in s["stack"]] for s in samples(session, "cpu")
                   if s["count"]]
        found = [s for s in stacks_ if any(f["kind"] == "jit" for f in s)]
        self.assertTrue(found)
        names = {f["name"] for s in found for f in s if f["kind"] == "jit"}
        self.assertTrue(all(re.search(expected, n) for n in names), names)
        self.assertIn("run_jit", self.named(session))
        self.assertEqual(session["quality"]["reader_restarts"], 0)
        self.harmless()

    def test_an_honest_one(self):
        with self.generating() as (pid, path, address, size):
            lib.write(path, f"{address:x} {size:x} LazyCompile:~made x.js:1\n")
            self.jitted(pid, "^LazyCompile:~made x.js:1$")

    def test_as_java_writes_it(self):
        with self.generating() as (pid, path, address, size):
            lib.write(path, f"0x{address:016x} 0x{size:016x} void Made.it(int)\n")
            self.jitted(pid, r"^void Made\.it\(int\)$")

    def test_a_million_lines(self):
        with self.generating() as (pid, path, address, size):
            with open(path, "w", encoding="ascii") as f:
                f.write(f"{address:x} {size:x} among_many\n")
                for i in range(10**6):
                    f.write(f"{i * 64:x} 40 filler_{i}\n")
            self.jitted(pid, "^among_many$")

    def test_long_lines_and_control_characters(self):
        with self.generating() as (pid, path, address, size):
            with open(path, "wb") as f:
                f.write(b"0 ffffffff " + b"l" * (2 << 20) + b"\n")
                f.write(b"not a line\n\n\xff\xff\xff\n10 zz q\n")
                f.write(f"{address:x} {size:x} ".encode() + b"\x1b[31m</script>a;b\xff\n")
            self.jitted(pid, "a")

    def test_not_the_targets(self):
        """Another user's, a link, a pipe: nobody's word for what this program does."""
        def foreign(path, line):
            lib.write(path, line)
            os.chown(path, 65534, 65534)

        def link(path, line):
            secret = os.path.join(self.directory, "secret")
            foreign(secret, line)
            os.symlink(secret, path)

        def pipe(path, line):
            os.mkfifo(path)

        def unbounded(path, line):
            lib.write(path, line)
            os.truncate(path, 10 << 30)

        for kind in foreign, link, pipe, unbounded:
            with self.subTest(kind.__name__), self.generating() as (pid, path, address, size):
                kind(path, f"{address:x} {size:x} forged\n")
                self.jitted(pid, r"^\[\[?generated code\]?\+0x")


if __name__ == "__main__":
    unittest.main()
