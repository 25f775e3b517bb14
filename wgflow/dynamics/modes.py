"""Modes of a torus as integer vectors, and the Fourier modes of weighted particles at them."""

from __future__ import annotations

from math import fsum

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError, integer, shown

Floats = NDArray[np.float64]
Mode = tuple[int, ...]

LARGEST = 10**6  # of a mode's components: beyond it a double keeps fewer than ten digits of the phase
MOST_MODES = 1000
_BLOCK = 8192
_EXAMPLE = "type for example --modes 1,2,3,5 (along the first axis) or --modes 1:0,1:1 (one integer an axis)."


def parse_modes(text: object, dim: int) -> tuple[Mode, ...]:
    """Returns the integer vectors that ``text`` spells: ``1,2,3,5`` along the first axis, or ``1:0,1:1``.

    The wavevector of m on a torus of period L is 2 pi m / L. Raises InputError for no mode, for the zero vector (the
    mass, which is conserved) and where m or -m comes twice (their modes are complex conjugates).

    >>> parse_modes("1,3", 2), parse_modes("1:0,-1:2", 2)
    (((1, 0), (3, 0)), ((1, 0), (-1, 2)))
    """
    if not isinstance(text, str):
        raise InputError(f"modes are given as text, not as {type(text).__name__}; {_EXAMPLE}")
    parts = text.split(",")
    if len(parts) > MOST_MODES:
        raise InputError(f"modes: {len(parts)} are given; at most {MOST_MODES} are followed.")
    modes: list[Mode] = []
    for part in parts:
        mode = _vector(part, dim)
        if not any(mode):
            raise InputError(f"mode {shown(part.strip())} is the mass, which no flow changes; {_EXAMPLE}")
        if mode in modes or tuple(-m for m in mode) in modes:
            raise InputError(f"mode {shown(part.strip())} comes twice (a mode and its negative are conjugates); leave one out.")
        modes.append(mode)
    return tuple(modes)


def _vector(text: str, dim: int) -> Mode:
    parts = text.strip().split(":")
    if parts == [""]:
        raise InputError(f"a mode is missing; {_EXAMPLE}")
    if len(parts) not in (1, dim):
        raise InputError(f"mode {shown(text.strip())} has {len(parts)} components in dimension {dim}; {_EXAMPLE}")
    found = [integer(part, "mode", -LARGEST, LARGEST) for part in parts]
    return tuple(found + [0] * (dim - len(found)))


def mode_text(mode: Mode) -> str:
    """Returns the text that `parse_modes` reads back.

    >>> mode_text((3,)), mode_text((1, -2))
    ('3', '1:-2')
    """
    return ":".join(map(str, mode))


def wavevectors(modes: tuple[Mode, ...], period: float) -> Floats:
    """Returns xi = 2 pi m / period, in 1/length. modes: K vectors of n integers. Returns (K, n)."""
    return 2 * np.pi * np.array(modes, dtype=np.float64) / period


def torus_modes(points: Floats, modes: tuple[Mode, ...], period: float, weights: Floats | None = None) -> NDArray[np.complex128]:
    """Returns the modes of weighted particles on a torus: m_j = sum_i w_i exp(-2 pi i m_j . x_i / period).

    points: (N, n).  modes: K vectors of n integers.  weights: (N,), 1/N without.  Returns (K,) complex. One sine and one
    cosine a particle and axis, then powers; sums in blocks of fixed size, so that the result depends on nothing else. The
    error is about 1e-16 max|m| times the sum of |w_i|, much less where roundings average out.

    >>> torus_modes(np.array([[0.0], [0.5]]), ((1,), (2,)), 1.0).real.round(12)
    array([0., 1.])
    """
    count, dim = points.shape
    w = np.full(count, 1 / max(count, 1)) if weights is None else weights
    blocks = range(0, count, _BLOCK)
    sums = np.zeros((len(modes), len(blocks)), dtype=np.complex128)
    for column, at in enumerate(blocks):
        turns = points[at : at + _BLOCK].T / period
        angles = (2 * np.pi) * (turns - np.floor(turns))
        powers = [_Powers(np.cos(angle) - 1j * np.sin(angle)) for angle in angles]
        for row, mode in enumerate(modes):
            wave = w[at : at + _BLOCK].astype(np.complex128)
            for axis in range(dim):
                if mode[axis]:
                    wave *= powers[axis].of(mode[axis])
            sums[row, column] = wave.sum()  # NumPy sums pairwise within the block
    return np.array([complex(fsum(row.real), fsum(row.imag)) for row in sums])


class _Powers:
    """Integer powers of numbers on the unit circle, each computed once, with about log2 m multiplications' rounding."""

    def __init__(self, base: NDArray[np.complex128]) -> None:
        self.known = {1: base}

    def of(self, exponent: int) -> NDArray[np.complex128]:
        if exponent < 0:
            return self.of(-exponent).conj()
        if exponent not in self.known:
            half = exponent // 2
            self.known[exponent] = self.of(half) * self.of(exponent - half)
        return self.known[exponent]
