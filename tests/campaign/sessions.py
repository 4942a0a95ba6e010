#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""sessions - profiling sessions of real programs, beside perf and bpftrace.

    sessions.py [-v] [TEST...]     as unittest takes them: AgainstPerf, RealPrograms.test_node

Too long for tests/e2e: ten thousand stacks each, programs of a hundred megabytes, runtimes that
compile. What is not installed is skipped and said.
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import lib  # pylint: disable=wrong-import-position
import stacks  # pylint: disable=wrong-import-position
from test_record import Session, running, samples  # pylint: disable=wrong-import-position

FIRST = "_start", "clone3", "__clone3", "__GI___clone3"


def setUpModule():
    lib.needs_watching()


class AgainstPerf(Session):
    def test_ten_thousand_stacks(self):
        lib.needs(shutil.which("perf") is not None, "perf is not installed")
        with running("unwinds", "mix", 300) as child:
            first, ours, last = stacks.compare(child.pid, 58, self.directory, hz=299)
        n = [sum(s.values()) for s in (first, ours, last)]
        same = stacks.overlap(first, last)
        got = (stacks.overlap(first, ours) + stacks.overlap(ours, last)) / 2
        leaf = stacks.overlap(stacks.leaves(first + last), stacks.leaves(ours))
        print(f"\n  stacks {n}, kinds {len(first)} {len(ours)} {len(last)}; perf-perf {same:.4f},"
              f" vigie-perf {got:.4f}, of leaves {leaf:.4f},"
              f" by chance {stacks.noise(ours, first):.4f}", file=sys.stderr)
        self.assertGreaterEqual(min(n), 10000)
        self.assertGreaterEqual(got, max(.95, same - .01))
        self.assertGreaterEqual(leaf, .97)


class AgainstBpftrace(Session):
    """Who follows frame pointers on Debian: for contrast, and to see that the programs are hard."""

    def whole(self, pid, first):
        run = subprocess.run(
            ["bpftrace", "-e", f"profile:hz:499 /pid == {pid}/ {{ @[ustack(perf, 127)] = count(); }}"
             " interval:s:3 { exit(); }"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=60, check=True,
            env={**os.environ, "BPFTRACE_STRLEN": "64"})
        n = whole = 0
        for stack, count in re.findall(r"@\[\n?(.*?)\]: (\d+)", run.stdout, re.S):
            lines = [line.strip() for line in stack.splitlines() if line.strip()]
            n += int(count)
            whole += int(count) * (bool(lines) and bool(re.search(first, lines[-1])))
        self.assertGreater(n, 300, run.stdout[-300:] + run.stderr)
        return whole / n

    def contrast(self, program, *args, through):
        lib.needs(shutil.which("bpftrace") is not None, "bpftrace is not installed")
        with running("", *args, path=program) as child:
            theirs = self.whole(child.pid, r"\b(_start|clone3|__libc_start_\w+)\b")
            self.record("-p", child.pid, "-d", "3s", "--hz", "499", "--views", "cpu")
        session = self.json()
        n = ours = 0
        for s in samples(session, "cpu"):
            names = [session["frames"][f]["name"] for f in s["stack"]]
            n += s["count"]
            ours += s["count"] * (bool(names) and names[0] in FIRST and through in names)
        print(f"\n  reach the first function: vigie {ours / n:.1%}, bpftrace {theirs:.1%}",
              file=sys.stderr)
        self.assertGreaterEqual(ours / n, .99)
        self.assertLessEqual(theirs, .25)

    def test_called_back_from_libc(self):
        self.contrast(lib.workload("unwinds"), "sort", 60, through="run_sort")

    def test_deep(self):
        self.contrast(lib.workload("unwinds"), "deep", 60, through="run_deep")


def in_modules(session, words=None):
    """(frames of native code seen, of these with a name; the same of generated code), by stack
    entries; words: only in modules that match."""
    seen = collections.Counter()
    for s in samples(session, "cpu"):
        for f in s["stack"]:
            frame = session["frames"][f]
            if frame["kind"] not in ("native", "jit"):
                continue
            path = session["modules"][frame["module"]]["path"] if frame["kind"] == "native" else ""
            if words and not re.search(words, path or "[generated code]"):
                continue
            seen[frame["kind"], not frame["name"].startswith("[")] += s["count"]
    return seen


class RealPrograms(Session):
    def program(self, name, *more):
        for candidate in (name, *more):
            path = shutil.which(candidate)
            if path:
                return path
        raise unittest.SkipTest(f"{name} is not installed")

    def file_of(self, name, text):
        path = os.path.join(self.directory, name)
        lib.write(path, text)
        return path

    def command(self, *command, children=False, seconds=4):
        more = ["--children"] if children else []
        # node --perf-basic-prof leaves a log where it runs
        there = os.getcwd()
        os.chdir(self.directory)
        try:
            self.record(*more, "-d", f"{seconds}s", "--views", "cpu", "--hz", "199", "--",
                        *command)
        finally:
            os.chdir(there)
        return self.json()

    def judged(self, session, words=None, native=.98, jit=None):
        """Frames of these files have names. A stripped file has no names but those that it exports:
        then words are the files that have them all."""
        seen = in_modules(session, words)
        n = seen["native", True] + seen["native", False]
        named = seen["native", True] / n if n else 0
        generated = seen["jit", True] + seen["jit", False]
        q = session["quality"]
        stacks_n = sum(q["stacks"].values())
        print(f"\n  {stacks_n} stacks, incomplete {sum(q['incomplete'].values())}, native frames"
              f" named {named:.2%} of {n}, generated {seen['jit', True]} of {generated},"
              f" cost {q['cpu_ns'] / session['session']['duration_ns']:.2%}, ended {q['ended']}",
              file=sys.stderr)
        self.assertGreater(n, 200)
        self.assertGreaterEqual(named, native, self.unnamed(session))
        if jit is not None:
            self.assertGreater(generated, 100)
            self.assertGreaterEqual(seen["jit", True] / generated, jit)
        self.assertEqual(q["reader_restarts"], 0)

    @staticmethod
    def unnamed(session):
        seen = collections.Counter()
        for s in samples(session, "cpu"):
            for f in s["stack"]:
                frame = session["frames"][f]
                if frame["kind"] == "native" and frame["name"].startswith("["):
                    seen[frame["name"].split("+")[0]] += s["count"]
        return seen.most_common(5)

    def test_gcc(self):
        functions = "\n".join(f"int f{i}(int a, int b) {{ int s = {i}; for (int i = a; i < b; i++)"
                              f" s += (i * {i}) ^ (s >> 3); return s; }}" for i in range(6000))
        source = self.file_of("big.c", functions)
        session = self.command("gcc", "-O2", "-c", source, "-o", os.path.join(self.directory, "o"),
                               children=True, seconds=6)
        # cc1 is stripped to what it exports: only perf and we say so.
        self.judged(session, words=r"libc\.so|ld-linux")

    def test_python(self):
        busy = ("import time, json\nend = time.time() + 8\nwhile time.time() < end:\n"
                " sorted(json.loads(json.dumps(list(range(999)))), key=lambda x: -x)\n")
        session = self.command("/usr/bin/python3", self.file_of("busy.py", busy))
        self.judged(session, words=r"libc\.so")
        names = {f["name"] for f in session["frames"]}
        # What it exports: Debian's is stripped.
        self.assertTrue({"_PyEval_EvalFrameDefault", "PyObject_Vectorcall"} & names)

    NODE = ("function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }\n"
            "const end = Date.now() + 8000; let s = 0\n"
            "while (Date.now() < end) { s += fib(20);"
            " s += JSON.parse(JSON.stringify([...Array(99).keys()])).sort().length }\n")

    def test_node(self):
        node = self.program("node", "nodejs")
        script = self.file_of("busy.js", self.NODE)
        self.judged(self.command(node, "--perf-basic-prof", script), jit=.95)

    def test_node_without_a_map(self):
        node = self.program("node", "nodejs")
        session = self.command(node, self.file_of("busy.js", self.NODE))
        seen = in_modules(session)
        self.assertGreater(seen["jit", False], 100)
        self.assertEqual(seen["jit", True], 0)

    def test_java(self):
        java, jcmd = self.program("java"), self.program("jcmd")
        source = self.file_of("Busy.java", """
            public class Busy {
                static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
                public static void main(String[] a) {
                    long end = System.currentTimeMillis() + 40000, s = 0;
                    System.out.println("ready");
                    System.out.flush();
                    while (System.currentTimeMillis() < end) s += fib(25);
                }
            }""")
        java = os.path.join(os.path.dirname(os.path.realpath(java)), "java")
        subprocess.run([java + "c", "-d", self.directory, source], check=True)
        child = subprocess.Popen([java, "-cp", self.directory, "Busy"],
                                 stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(child.stdout.readline(), "ready\n")
            time.sleep(2)  # to be compiled
            subprocess.run([jcmd, str(child.pid), "Compiler.perfmap"], check=True,
                           stdout=subprocess.DEVNULL, timeout=30)
            self.record("-p", child.pid, "-d", "4s", "--views", "cpu", "--hz", "199")
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
            with_map = f"/tmp/perf-{child.pid}.map"
            if os.path.exists(with_map):
                os.unlink(with_map)
        session = self.json()
        seen = in_modules(session)
        print(f"\n  java: {seen}", file=sys.stderr)
        generated = seen["jit", True] + seen["jit", False]
        self.assertGreater(generated, 100)
        self.assertGreaterEqual(seen["jit", True] / generated, .95)
        self.assertTrue(any("Busy" in f["name"] and "fib" in f["name"] for f in session["frames"]))

    def test_redis(self):
        server, bench = self.program("redis-server"), self.program("redis-benchmark")
        sock = os.path.join(self.directory, "r.sock")
        child = subprocess.Popen([server, "--port", "0", "--unixsocket", sock, "--save", "",
                                  "--dir", self.directory], stdout=subprocess.DEVNULL)
        load = None
        try:
            lib.wait_for(lambda: os.path.exists(sock), "redis")
            load = subprocess.Popen([bench, "-s", sock, "-q", "-n", "100000000", "-t", "set,lrange"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.record("-p", child.pid, "-d", "4s", "--views", "cpu", "--hz", "199")
        finally:
            for process in (load, child):
                if process:
                    process.kill()
                    process.wait()
        self.judged(self.json(), words=r"libc\.so")

    def test_sqlite(self):
        sqlite = self.program("sqlite3")
        query = ("WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t LIMIT 90000000)"
                 " SELECT sum(x * x % 7) FROM t;")
        self.judged(self.command(sqlite, ":memory:", query), words=r"libc\.so|ld-linux")

    def test_go(self):
        go = self.program("go")
        source = self.file_of("busy.go", """package main
            import ("fmt"; "sort"; "time")
            func main() {
                end := time.Now().Add(8 * time.Second); s := 0
                for time.Now().Before(end) {
                    v := make([]int, 2000)
                    for i := range v { v[i] = i * 7919 % 2003 }
                    sort.Ints(v); s += v[7]
                }
                fmt.Println(s)
            }""")
        binary = os.path.join(self.directory, "busy-go")
        subprocess.run([go, "build", "-o", binary, source], check=True, cwd=self.directory,
                       env={**os.environ, "HOME": self.directory, "GO111MODULE": "off",
                            "GOFLAGS": "", "GOTOOLCHAIN": "local"})
        session = self.command(binary)
        self.judged(session)
        self.assertTrue({"main.main", "runtime.main"} <= {f["name"] for f in session["frames"]})

    def test_rust(self):
        rustc = self.program("rustc")
        source = self.file_of("busy.rs", """
            #[inline(never)]
            fn chew(v: &mut Vec<u64>) -> u64 { v.sort_by(|a, b| b.cmp(a)); v.iter().sum() }
            fn main() {
                let end = std::time::Instant::now() + std::time::Duration::from_secs(8);
                let mut s = 0u64;
                while std::time::Instant::now() < end {
                    let mut v: Vec<u64> = (0..2000).map(|i| i * 7919 % 2003).collect();
                    s ^= chew(&mut v);
                }
                println!("{}", s);
            }""")
        binary = os.path.join(self.directory, "busy-rs")
        run = subprocess.run([rustc, "-O", "-o", binary, source], check=False,
                             stderr=subprocess.PIPE)
        lib.needs(run.returncode == 0, "rustc does not work here")
        session = self.command(binary)
        self.judged(session)
        self.assertTrue(any("chew" in f["name"] for f in session["frames"]))


class Big(Session):
    def test_a_program_of_96_megabytes(self):
        """P15: within two seconds of the session's end, in 150 MB with the reader, nothing left."""
        node = shutil.which("node") or shutil.which("nodejs")
        lib.needs(node and os.path.getsize(os.path.realpath(node)) > 80 << 20,
                  "there is no node of 80 MB")
        script = os.path.join(self.directory, "busy.js")
        lib.write(script, RealPrograms.NODE.replace("8000", "30000"))
        child = subprocess.Popen([node, "--perf-basic-prof", script], cwd=self.directory)
        try:
            time.sleep(1)  # to be compiled
            peak, ended_at, ended = self.watch(child.pid, 4)
        finally:
            child.kill()
            child.wait()
            if os.path.exists(f"/tmp/perf-{child.pid}.map"):
                os.unlink(f"/tmp/perf-{child.pid}.map")
        session = self.json()
        about = session["session"]
        late = ended_at - (about["begin_unix_ns"] + about["duration_ns"]) / 1e9
        print(f"\n  {os.path.getsize(os.path.realpath(node)) >> 20} MB: result after"
              f" {late:.2f} s; peak {peak >> 20} MB;"
              f" frames {len(session['frames'])}, ended {session['quality']['ended']}",
              file=sys.stderr)
        self.assertGreater(sum(session["quality"]["stacks"].values()), 50)
        self.assertLessEqual(late, 2)
        self.assertLessEqual(peak, 150 << 20)
        self.assertEqual(os.listdir(self.directory).count("s.vigie"), 1)
        self.assertFalse([p for p in ended if os.path.exists(f"/proc/{p}")])

    def watch(self, pid, seconds):
        """(peak of vigie and its children together, in bytes; when it ended; their pids)"""
        vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(pid), "-d", f"{seconds}s",
                                  "-o", self.file], stderr=subprocess.PIPE)
        peaks = {}
        while vigie.poll() is None:
            try:
                of = lib.read(f"/proc/{vigie.pid}/task/{vigie.pid}/children").split()
                for p in (str(vigie.pid), *of):
                    peaks[p] = int(re.search(r"VmHWM:\s+(\d+)", lib.read(f"/proc/{p}/status"))[1])
            except (OSError, TypeError):
                pass
            time.sleep(.005)
        ended_at = time.time()
        self.assertEqual(vigie.returncode, 0, vigie.stderr.read())
        vigie.stderr.close()
        return sum(peaks.values()) << 10, ended_at, list(peaks)


if __name__ == "__main__":
    unittest.main()
