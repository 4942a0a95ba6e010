#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Manual pages and completions: they have what the program has, and the tools take them.

Owns: the pages against what `vigie COMMAND --help` prints, completion in real shells. What is
witness here is the program itself: it knows nothing of the generator.
"""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(ROOT, os.environ.get("O", "build"))
VIGIE = os.path.join(BUILD, "vigie")
MANUAL = os.path.join(BUILD, "manual")


def run(*argv, **options):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, **options)


def commands():
    text = run(VIGIE, "--help").stdout
    return re.findall(r"^  (\w+) +\w", text.split("Examples:")[0], re.M)


def options(command):
    """{"--format": "FORMAT"} as the program's own help has it."""
    text = run(VIGIE, command, "--help").stdout.split("Give a short usage message")[0]
    found = re.findall(r"^  (?:-., |    )(--[\w.-]+)(?:=(\S+))?", text + "\n      --usage", re.M)
    assert len(found) >= 2, text
    return dict(found)


class Pages(unittest.TestCase):
    def test_one_each(self):
        names = {os.path.basename(path) for path in glob.glob(f"{MANUAL}/*.8")}
        self.assertEqual(names, {"vigie.8"} | {f"vigie-{name}.8" for name in commands()})

    def test_options_are_those_of_the_program(self):
        for command in commands():
            with self.subTest(command), open(f"{MANUAL}/vigie-{command}.8", encoding="utf-8") as page:
                text = page.read().replace("\\-", "-")
                found = dict(re.findall(r"^.*\\fB(--[\w.-]+)\\fR(?:=\\fI(\S+)\\fR)?$", text, re.M))
                self.assertEqual(found, options(command))

    def test_formatters_have_nothing_to_say(self):
        for path in sorted(glob.glob(f"{MANUAL}/*.[58]")):
            with self.subTest(path):
                for tool in (("man", "--warnings", "-l", "-Tutf8", "-Z", path),
                             ("mandoc", "-T", "lint", "-W", "warning", path)):
                    if not shutil.which(tool[0]):
                        self.skipTest(f"{tool[0]} is not installed (scripts/setup --test)")
                    done = run(*tool, env={**os.environ, "LC_ALL": "C.UTF-8"})
                    said = done.stderr + (done.stdout if tool[0] == "mandoc" else "")
                    self.assertEqual((said, done.returncode), ("", 0))

    def test_examples_are_shown_as_they_are(self):
        shown = run("man", "-l", "-Tutf8", f"{MANUAL}/vigie-once.8",
                    env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100"}).stdout
        shown = re.sub(".\x08", "", shown)  # bold and underlined
        examples = re.findall(r"^  (vigie once .*)$", run(VIGIE, "once", "--help").stdout, re.M)
        self.assertGreaterEqual(len(examples), 3)
        for example in examples:
            self.assertIn(example, shown)


class Settings(unittest.TestCase):
    """vigie.yml(5) against what --print-config says is in effect where nothing is said."""

    @staticmethod
    def shown():
        text = run("man", "-l", "-Tutf8", f"{MANUAL}/vigie.yml.5",
                   env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "600"}).stdout
        return re.sub(".\x08", "", text).split("\nKEYS\n")[1]

    def described(self):
        """{"web.listen": ["--listen", "[127.0.0.1:9838]"]}"""
        found, section = {}, None
        for line in self.shown().splitlines():
            if match := re.match(r" {3}(\w+)$", line):
                section = match[1]
            elif match := re.match(r" {7}(\S+) \((--\S+)\)$", line):
                found[f"{section}.{match[1]}"] = entry = [match[2]]
            elif match := re.match(r" +Default: (.*)\.$", line):
                entry.append(match[1])
        return found

    def test_keys_and_defaults_are_those_of_the_program(self):
        with tempfile.NamedTemporaryFile(suffix=".yml") as empty:
            done = run(VIGIE, "serve", "--config.file", empty.name, "--print-config")
        section, effective = None, {}
        for line in done.stdout.splitlines():
            if match := re.match(r"(\w+):$", line):
                section = match[1]
            elif match := re.match(r"  # (\S+):  # default: (.*)", line):
                effective[f"{section}.{match[1]}"] = match[2]
            elif match := re.match(r"  (\S+): (.*)  # default$", line):
                effective[f"{section}.{match[1]}"] = match[2]
        self.assertGreater(len(effective), 20, done.stderr)
        plain = str.maketrans("", "", "' ")
        self.assertEqual({name: told[1].translate(plain) for name, told in self.described().items()},
                         {name: value.translate(plain) for name, value in effective.items()})

    def test_options_are_those_of_serve(self):
        known = options("serve")
        for name, (option, *_) in self.described().items():
            with self.subTest(name):
                self.assertIn(option, known)

    def test_the_example_is_good(self):
        text = run("man", "-l", "-Tutf8", f"{MANUAL}/vigie.yml.5",
                   env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100"}).stdout
        example = re.sub(".\x08", "", text).split("\nEXAMPLES\n")[1].split("\nKEYS\n")[0]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write(re.sub(r"^ {7}", "", example, flags=re.M))
            file.flush()
            done = run(VIGIE, "serve", "--config.file", file.name, "--check-config")
        self.assertEqual((done.returncode, done.stderr), (0, ""))


BASH = """
set -u
source "$1"; shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_vigie
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash(*words):
    """What bash would offer for the last word; a = is a word of its own, as readline has it."""
    done = run("bash", "--norc", "-c", BASH, "bash", f"{MANUAL}/vigie.bash", "vigie", *words)
    assert not done.stderr, done.stderr
    return [line for line in done.stdout.split("\n") if line]


class Bash(unittest.TestCase):
    def test_it_is_registered(self):
        done = run("bash", "--norc", "-c", 'source "$1"; complete -p vigie', "bash",
                   f"{MANUAL}/vigie.bash")
        self.assertEqual((done.stdout, done.stderr), ("complete -F _vigie vigie\n", ""))

    def test_commands(self):
        self.assertEqual(bash(""), ["--help", "--version", *commands()])
        self.assertEqual(bash("rep"), ["replay", "report"])

    def test_options(self):
        for command in commands():
            with self.subTest(command):
                self.assertEqual(set(bash(command, "--")), set(options(command)))

    def test_every_value_that_is_offered_is_taken(self):
        offered = 0
        for command in commands():
            for option, arg in options(command).items():
                if not arg or arg in ("FILE", "DIR") or arg.startswith("PID"):
                    continue
                values = bash(command, option, "=", "")
                offered += bool(values)
                for value in values:
                    with self.subTest(f"vigie {command} {option}={value}"):
                        done = run(VIGIE, command, f"{option}={value}", "--help")
                        self.assertEqual((done.stderr, done.returncode), ("", 0))
        self.assertGreaterEqual(offered, 12)

    def test_values(self):
        formats = ["table", "json", "openmetrics", "csv"]
        for words in (("--format", ""), ("--format", "="), ("--format", "=", ""), ("-f", "")):
            self.assertEqual(bash("once", *words), formats)
        self.assertEqual(bash("serve", "--capture", "=", "o"), ["off"])
        self.assertEqual(bash("serve", "--interval", ""), [])
        self.assertEqual(bash("verdict", "ccc305f212bb", ""), ["benign", "malicious", "revoked"])

    def test_lists(self):
        self.assertEqual(bash("once", "--group-by", "c"), ["comm", "cgroup"])
        self.assertEqual(bash("once", "--group-by", "comm,u"), ["comm,unit", "comm,user"])
        self.assertEqual(bash("once", "--group-by", "unit,comm,c"), ["unit,comm,cgroup"])
        self.assertIn(f"1,{os.getpid()}", bash("record", "-p", "1," + str(os.getpid())[0]))

    def test_paths(self):
        with tempfile.TemporaryDirectory() as where:
            for name in ("a session", "a * star"):
                with open(f"{where}/{name}", "w", encoding="ascii"):
                    pass
            os.mkdir(f"{where}/directory")
            self.assertEqual(sorted(bash("report", f"{where}/a")),
                             [f"{where}/a * star", f"{where}/a session"])
            self.assertEqual(bash("serve", "--state-dir", "=", f"{where}/"),
                             [f"{where}/directory"])
            self.assertEqual(bash("replay", f"{where}/"), [f"{where}/directory"])

    def test_another_command(self):
        self.assertIn("bash", bash("record", "--children", "--", "bas"))
        self.assertIn("/etc/passwd", bash("record", "--", "cat", "/etc/passw"))


# A terminal of its own: what a person would see who types that and presses tab twice.
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= RPS1=; unsetopt zle_bracketed_paste 2>/dev/null; stty columns 200"
zpty -w shell "fpath=('$1' \$fpath); autoload -Uz compinit; compinit -u -D; bindkey '^I' complete-word"
zpty -w shell "zstyle ':completion:*' insert-tab false; print -r -- be'gin'"
zpty -r shell line '*begin*'
zpty -w -n shell "$2"$'\t'
sleep 1
zpty -w -n shell $'\x15'"print -r -- en'd'"$'\n'
zpty -r shell line '*end*'
print -r -- "$line"
zpty -d shell
"""


def zsh(typed):
    if not shutil.which("zsh"):
        raise unittest.SkipTest("zsh is not installed (scripts/setup --test)")
    done = run("zsh", "-f", "-c", ZSH, "zsh", MANUAL, typed, timeout=60,
               env={"PATH": os.environ["PATH"], "TERM": "dumb", "LC_ALL": "C.UTF-8", "HOME": "/"})
    return done.stdout


class Zsh(unittest.TestCase):
    def test_commands(self):
        shown = zsh("vigie re")
        for name in ("replay", "record", "report"):
            self.assertIn(name, shown)

    def test_options_and_values(self):
        self.assertIn("--retention=", zsh("vigie serve --rete"))
        self.assertIn("--format=openmetrics", zsh("vigie once --format=op"))
        self.assertIn("malicious", zsh("vigie verdict ccc305f212bb m"))
        self.assertIn("unit,comm", zsh("vigie once --group-by=unit,com"))


if __name__ == "__main__":
    unittest.main()
