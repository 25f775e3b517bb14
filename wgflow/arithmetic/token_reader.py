"""Text as tokens that are taken one by one: what the parsers of user text share. Nothing that a user types is ever run."""

from __future__ import annotations

from wgflow.arithmetic.number import InputError, shown

TYPE_CHECKING = False  # type checkers take it as true; importing re for a type would cost start-up
if TYPE_CHECKING:
    from re import Pattern


class TokenReader:
    """The tokens of a text, the place reached, and errors that say what was read and what to type.

    pattern: matches one token, in one of three groups (number, name, sign), with blanks before it. Raises InputError for text
    that has anything else.

    >>> import re
    >>> reader = TokenReader("sum", "2 + x", re.compile(r"\\s*(?:([0-9]+)|([a-z]+)|([+]))"), "type 1 + x, say.")
    >>> reader.take(), reader.peek(), reader.take("+"), reader.take(), reader.peek()
    ('2', '+', '+', 'x', '')
    """

    def __init__(self, what: str, text: str, pattern: Pattern[str], example: str) -> None:
        self.what, self.text, self.example, self.at = what, text, example, 0
        self.tokens: list[str] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = pattern.match(text, position)
            if match is None:
                bad = text[position:].strip()[0]
                raise InputError(f"{what} {shown(text)} has {bad!r}, which is not understood; {example}")
            self.tokens.append(match[1] or match[2] or match[3])
            position = match.end()

    def error(self, problem: str) -> InputError:
        return InputError(f"{self.what} {shown(self.text)}: {problem}; {self.example}")

    def peek(self) -> str:
        """Returns the next token, empty at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        """Returns the next token and goes past it; raises InputError at the end, or where it is not the expected one."""
        token = self.peek()
        if not token or (expected and token != expected):
            raise self.error(f"expected {expected!r}" + (f" before {token!r}" if token else " at the end"))
        self.at += 1
        return token
