"""A table of options, read by hand: each value is checked where it is taken, and names that nobody takes are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from wgflow.arithmetic.number import InputError, integer, rational, shown

LARGEST = 10**30  # numbers are computed with in float32, sooner or later


class Options:
    """The options of one part, such as an objective. Take every one that the part knows, then call `finish`.

    >>> options = Options("objective wgan", {"clip": 0.01})
    >>> options.number("clip", "1/100", positive=True), options.switch("verbose", False)
    (Fraction(1, 100), False)
    >>> options.finish()
    """

    def __init__(self, owner: str, given: Mapping[str, object] | None) -> None:
        self.owner = owner
        self.given = {str(name).replace("_", "-"): value for name, value in (given or {}).items()}
        self.known: list[str] = []

    def take(self, name: str, default: object) -> object:
        """Returns the value of an option as it was given, or its default."""
        if name not in self.known:
            self.known.append(name)
        return self.given.get(name, default)

    def says(self, name: str) -> str:
        """Returns what an error message calls the option."""
        return f"{self.owner}: {name}"

    def number(self, name: str, default: object, *, positive: bool = False) -> Fraction:
        """Returns an exact number >= 0, or > 0 where ``positive``, and at most 10^30. Raises InputError otherwise."""
        value = rational(self.take(name, default), self.says(name))
        if value < 0 or (positive and value == 0) or value > LARGEST:
            wanted = f"a number {'>' if positive else '>='} 0{' and at most 1e30' if value > LARGEST else ''}"
            raise InputError(f"{self.says(name)} = {shown(value)} is out of range; type {wanted}, such as {name} = 1.")
        return value

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Returns a whole number in [least, most]. Raises InputError otherwise."""
        return integer(self.take(name, default), self.says(name), least, most)

    def switch(self, name: str, default: bool) -> bool:
        """Returns true or false. Raises InputError for anything else."""
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise InputError(f"{self.says(name)} = {shown(value)} is neither true nor false; type {name} = true.")
        return value

    def word(self, name: str, default: str, choices: Sequence[str]) -> str:
        """Returns one of the choices. Raises InputError with their list otherwise."""
        value = self.take(name, default)
        if value not in choices:
            raise InputError(f"{self.says(name)} = {shown(value)} is not known; type one of {', '.join(choices)}.")
        return str(value)

    def finish(self) -> None:
        """Raises InputError where an option was given that nobody took."""
        strange = [name for name in self.given if name not in self.known]
        if strange:
            known = f"it takes {', '.join(self.known)}" if self.known else "it takes none"
            raise InputError(f"{self.owner} has no option {shown(strange[0])}; {known}.")
