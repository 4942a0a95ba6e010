# SPDX-License-Identifier: GPL-2.0-only
"""_shape - members of an answer, each of the kind that it has to be, or Error.

Owns: what a number, a name, a list is, and what becomes of characters that would forge a line of a log
or turn around what a terminal shows. vigie has none of them; who else answers may.
"""
import unicodedata

from ._errors import Error

ROWS_MAX = 1 << 16
TEXT_MAX = 1 << 14
PID_MAX = 1 << 31

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_OBEYED = ("Cc", "Cs", "Zl", "Zp")


def _shown(c):
    if unicodedata.category(c) in _OBEYED or c in _BIDI:
        return "\\u{%04x}" % ord(c)
    return c


def clean(text):
    """A text in which no character is obeyed by a terminal, a log or an encoder."""
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


class Shape:
    """One object of an answer; `where` names it in errors."""

    def __init__(self, where, value):
        if not isinstance(value, dict):
            raise Error(f"{where}: not an object, but {type(value).__name__}")
        self.where, self._value = where, value

    def __contains__(self, name):
        return self._value.get(name) is not None

    def _wrong(self, name, what):
        return Error(f"{self.where}: {name} is {'missing' if name not in self._value else 'not ' + what}")

    def number(self, name, least=0):
        """An int or a float, not less than `least`; no NaN and nothing infinite gets through _http."""
        value = self._value.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < least:
            raise self._wrong(name, "a number that it can be")
        return value

    def number_or_none(self, name, least=0):
        """None: this kernel does not give it, or vigie has it switched off to stay within its budget."""
        return self.number(name, least) if name in self else None

    def integer(self, name, most=1 << 64):
        value = self.number(name)
        if not isinstance(value, int) or value > most:
            raise self._wrong(name, "a whole number that it can be")
        return value

    def text(self, name):
        value = self._value.get(name)
        if not isinstance(value, str) or len(value) > TEXT_MAX:
            raise self._wrong(name, "a text that it can be")
        return clean(value)

    def inner(self, name):
        if name not in self:
            raise self._wrong(name, "an object")
        return Shape(f"{self.where}: {name}", self._value[name])

    def list(self, name):
        """As Shapes."""
        value = self._value.get(name)
        if not isinstance(value, list) or len(value) > ROWS_MAX:
            raise self._wrong(name, "a list that it can be")
        return [Shape(f"{self.where}: {name}[{i}]", entry) for i, entry in enumerate(value)]

    def numbers(self, name):
        value = self._value.get(name)
        if not isinstance(value, list) or len(value) > ROWS_MAX:
            raise self._wrong(name, "a list that it can be")
        of_list = Shape(f"{self.where}: {name}", dict(enumerate(value)))
        return [of_list.number(i) for i in range(len(value))]

    def labels(self):
        """{key: text}"""
        found = self.inner("labels")
        return {clean(key): found.text(key) for key in found._value}
