"""What a kernel on a line is made of, for sums by sorting: polynomials in r times exp(-a r), on the line or on a circle.

On the circle lengths are measured in periods. Its kernel is given by the Fourier coefficients F(e)(2 pi m), m not 0. For
r^m exp(-a r) these are the coefficients of the sum over all images; for an odd power r^{2p-1} those of -B_{2p}(r)/p with
Bernoulli's polynomial on 0 <= r <= 1 (DLMF 24.8.1); an even power has none.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb, factorial, isqrt

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.exponential_polynomial import NotSortable, expanded
from wgflow.kernels.kernel import Kernel, spell
from wgflow.record import record

Floats = NDArray[np.float64]
Table = dict[tuple[float, int], float]

SLOW = 2.0  # a rate for which the sum over images would lose digits to its mean; the series in a^2/k^2 takes over
MOST_DEGREE = 40
MOST_TURNS = 64
CANCELLED = 1e-14  # coefficients that cancel to this are zero: the odd powers that a smooth kernel does not have


@record
class Part:
    """(sum over m of coefficients[m] r^m) exp(-rate r), up to the radius where there is one (then rate = 0)."""

    rate: float
    coefficients: Floats
    radius: float | None = None

    def slope(self) -> Part:
        """Returns the derivative for r > 0."""
        rising = np.append(np.arange(1, self.coefficients.size) * self.coefficients[1:], 0.0)
        with np.errstate(over="ignore", invalid="ignore"):
            return _finite(Part(self.rate, rising - self.rate * self.coefficients, self.radius)).trimmed()

    def trimmed(self) -> Part:
        """Returns the same without leading zeros."""
        nonzero = np.flatnonzero(self.coefficients)
        return Part(self.rate, self.coefficients[: nonzero[-1] + 1 if nonzero.size else 0], self.radius)

    def is_constant(self) -> bool:
        return self.rate == 0 and self.coefficients.size == 1 and self.radius is None

    def mass(self) -> float:
        """Returns the integral over r > 0, for rate > 0 or up to the radius."""
        if self.radius is not None:
            return float(sum(c * self.radius ** (m + 1) / (m + 1) for m, c in enumerate(self.coefficients)))
        return float(sum(c * factorial(m) / self.rate ** (m + 1) for m, c in enumerate(self.coefficients)))


def line_parts(kernel: Kernel, dim: int) -> tuple[Part, ...]:
    """Returns e as parts, one for a rate; raises InputError for a kernel that sorting does not sum."""
    if dim != 1:
        raise InputError(
            f"sorting sums kernels on a line; got --dim {dim}: type --method direct, or sliced for an energy kernel."
        )
    kernel.check_dimension(1)
    table, windows = _line_table(kernel)
    return _gathered(table) + windows


def circle_parts(kernel: Kernel, dim: int, period: float) -> tuple[Part, ...]:
    """Returns the kernel of a circle as parts in units of the period; those of rate > 0 are to be summed over all images."""
    if dim != 1:
        return line_parts(kernel, dim)
    kernel.check_dimension(1)
    table: Table = {}
    lines, windows = _line_table(kernel)
    for (rate, power), value in lines.items():
        table[rate * period, power] = table.get((rate * period, power), 0.0) + value * _power(period, power)
    fast = {key: value for key, value in table.items() if key[0] >= SLOW}
    for slow in sorted({rate for rate, _ in table if rate < SLOW}):
        odd = _odd_powers({power: value for (rate, power), value in table.items() if rate == slow}, slow)
        for power, value in _bernoulli_sum(odd).items():
            fast[0.0, power] = fast.get((0.0, power), 0.0) + value
    return _gathered(fast) + tuple(_turned(window, period) for window in windows)


def _turned(window: Part, period: float) -> Part:
    radius = (window.radius or 0.0) / period
    if radius > MOST_TURNS:
        raise InputError(
            f"a kernel of {radius:.3g} periods winds around the circle too often; type a period nearer to its radius."
        )
    powers = {m: value * _power(period, m) for m, value in enumerate(window.coefficients.tolist())}
    return _part(powers, radius=radius)


def power_part(kernel: Kernel, dim: int) -> Part:
    """Returns a kernel in R^dim as a polynomial in r, for slicing; raises InputError where it is none."""
    kernel.check_dimension(dim)
    table, windows = _line_table(kernel, dim)
    parts = _gathered(table)
    if windows or any(part.rate for part in parts):
        raise InputError(f"{kernel} is no sum of whole powers of r; slicing takes kernels such as energy: type --method direct.")
    return parts[0] if parts else Part(0.0, np.zeros(0))


def _line_table(kernel: Kernel, dim: int = 1) -> tuple[Table, tuple[Part, ...]]:
    """Returns the coefficients of r^m exp(-a r) by (a, m), and the terms that end at a radius."""
    table: Table = {}
    windows: list[Part] = []
    for term in kernel.terms:
        name = spell(term)[1]
        try:
            unit, ends = expanded(term.family, dim)
        except NotSortable as reason:
            raise InputError(
                f"{name} is no polynomial in r times exponentials ({reason}), so sorting cannot sum it; type --method direct."
            ) from None
        length = _root(term.scale2)
        if ends:
            windows.append(_window(name, unit, float(term.weight), length))
            continue
        for (rate, power), value in unit.items():
            if power > MOST_DEGREE:
                raise InputError(f"{name} has the power r**{power}; sorting takes powers up to {MOST_DEGREE}.")
            key = (rate * _power(length, -1), power)
            table[key] = table.get(key, 0.0) + float(term.weight) * value * _power(length, -power)
    return table, tuple(windows)


def _window(name: str, unit: Table, weight: float, length: float) -> Part:
    if abs(sum(unit.values())) > 1e-9 * max(map(abs, unit.values())):
        raise InputError(f"{name} jumps where it ends, so sorting has no slope to sum; type another kernel such as wendland(1).")
    return _part({m: value * weight * _power(length, -m) for (_, m), value in unit.items()}, radius=length)


def _root(value: Fraction) -> float:
    """Returns the square root of an exact positive number, also of one that is outside of the doubles."""
    top, bottom = value.numerator, value.denominator
    return float(Fraction(isqrt(top * bottom << 128), bottom << 64))


def _power(length: float, exponent: int) -> float:
    """length**exponent, infinite where it leaves the doubles."""
    with np.errstate(over="ignore", divide="ignore"):
        return float(np.float64(length) ** exponent)


def _gathered(table: Table) -> tuple[Part, ...]:
    parts = []
    for rate in sorted({rate for rate, _ in table}):
        powers = {power: value for (a, power), value in table.items() if a == rate}
        parts.append(_part(powers, rate))
    return tuple(parts)


def _part(powers: dict[int, float], rate: float = 0.0, radius: float | None = None) -> Part:
    coefficients = np.array([powers.get(m, 0.0) for m in range(max(powers) + 1)])
    return _finite(Part(rate, coefficients, radius))


def _finite(part: Part) -> Part:
    if not (np.isfinite(part.coefficients).all() and np.isfinite(part.rate)):
        raise InputError("a length of the kernel is outside of the doubles, so sorting cannot sum it; type a moderate one.")
    return part


def _odd_powers(powers: dict[int, float], rate: float) -> dict[int, float]:
    """Returns the odd powers of r^m exp(-rate r) as a series, up to where it no longer counts: F = sum of a^2i/k^2i terms."""
    odd: dict[int, float] = {}
    top, most = 0.0, max(powers, default=0)
    for power in range(1, MOST_DEGREE, 2):
        values = [
            c * (-rate) ** (power - m) / factorial(power - m) for m, c in powers.items() if power >= m and (rate or power == m)
        ]
        total = sum(values)
        if values and abs(total) > CANCELLED * max(map(abs, values)):
            odd[power] = total
            size = abs(total) * factorial(power) / (2 * np.pi) ** power
            top = max(top, size)
            if power > most and size < 1e-18 * top:
                break
    return odd


def _bernoulli_sum(odd: dict[int, float]) -> dict[int, float]:
    """Returns the polynomial sum of c * (-B_{2p}(r)/p) for the odd powers c r^{2p-1}."""
    result: dict[int, float] = {}
    for power, value in odd.items():
        half = (power + 1) // 2
        for m, coefficient in enumerate(bernoulli_polynomial(2 * half)):
            result[m] = result.get(m, 0.0) - value * float(coefficient / half)
    return result


def bernoulli_polynomial(degree: int) -> list[Fraction]:
    """Returns the coefficients of B_degree(x), lowest first (DLMF 24.2).

    >>> bernoulli_polynomial(2)
    [Fraction(1, 6), Fraction(-1, 1), Fraction(1, 1)]
    """
    numbers: list[Fraction] = []
    for n in range(degree + 1):
        rest = sum((comb(n + 1, k) * numbers[k] for k in range(n)), Fraction(0))
        numbers.append((1 - rest if n == 0 else -rest) / (n + 1))
    return [comb(degree, k) * numbers[degree - k] for k in range(degree + 1)]
