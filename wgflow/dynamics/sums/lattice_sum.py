"""Sums over a lattice of Fourier modes by the non-uniform FFT, in fixed blocks of particles.

    field(x) = sum over m of c_m S_m exp(i h m.x),   S_m = sum_j w_j exp(-i h m.s_j),   h = 2 pi / period, |m_a| <= K

S is a non-uniform FFT of type 1, the field one of type 2 (Barnett, Magland and af Klinteberg 2019, SIAM J. Sci. Comput. 41).
The blocks depend on the number of particles and modes alone, each is transformed by one thread, and they are added in order:
the results do not depend on the number of threads, nor on where a block is transformed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.sum_method import Floats, SumMethod
from wgflow.record import record

Complexes = NDArray[np.complex128]
Block = tuple[int, int]
S = TypeVar("S")
T = TypeVar("T")
LEAST_BLOCK = 1 << 14
MOST_BLOCKS = 64
FINEST, COARSEST = 2e-15, 1e-3  # what is asked of one transform


def transforms(dim: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Returns finufft's transforms of type 1 and 2 in this dimension."""
    try:
        import finufft  # late: an optional package
    except ImportError:
        raise InputError("sums by the non-uniform FFT need finufft; type pip install finufft.") from None
    both = {
        1: (finufft.nufft1d1, finufft.nufft1d2),
        2: (finufft.nufft2d1, finufft.nufft2d2),
        3: (finufft.nufft3d1, finufft.nufft3d2),
    }
    return both[dim]


def blocks(count: int, modes: int) -> list[Block]:
    """Returns the fixed division of ``count`` particles: blocks of about equal length, none much smaller than the transform.

    >>> blocks(100_000, 1000)
    [(0, 16666), (16666, 33333), (33333, 50000), (50000, 66666), (66666, 83333), (83333, 100000)]
    """
    number = max(1, min(MOST_BLOCKS, count // max(LEAST_BLOCK, 2 * modes)))
    edges = [count * i // number for i in range(number + 1)]
    return list(pairwise(edges))


def in_order(task: Callable[[S], T], parts: Iterable[S], most: int) -> Iterator[T]:
    """Yields task(part) in the order of the parts, computed by ``most`` threads, or for 0 by as many as Numba uses."""
    items = list(parts)
    threads = min(most or thread_count(), len(items))
    if threads < 2:
        yield from map(task, items)
        return
    yield from _pool(threads).map(task, items)


@lru_cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that stay: a step makes several sums of a few milliseconds, and starting threads takes about one."""
    return ThreadPoolExecutor(threads, thread_name_prefix="wgflow-transform")


def thread_count() -> int:
    from numba import get_num_threads  # late: some users need modes alone

    return int(get_num_threads())


class LatticeSum:
    """sum_j w_j e(x - s_j) for e(z) = sum of c_m exp(i h m.z): potential, gradient, and the modes S between.

    coefficients: the real even c_m, shape (2 K + 1,)^n, m = -K..K along each axis.  precision: what is asked of a transform.
    threads: how many are used, 0: as Numba says. The modes of a block that has not changed since the last call are used
    again, which gives the same bits.
    """

    def __init__(self, coefficients: Floats, period: float, precision: float, threads: int = 0) -> None:
        self.threads = threads
        self.coefficients = coefficients
        self.period = period
        self.precision = float(np.clip(precision, FINEST, COARSEST))
        self.dim = coefficients.ndim
        self._forward, self._backward = transforms(self.dim)
        self._last: dict[Block, tuple[Floats, Floats, Complexes]] = {}

    @property
    def wavenumber(self) -> float:
        """The smallest, h."""
        return 2 * np.pi / self.period

    def modes(self, sources: Floats, weights: Floats) -> Complexes:
        """Returns S, shape (2 K + 1,)^n, of sources (S, n) with weights (S,)."""
        total = np.zeros(self.coefficients.shape, dtype=np.complex128)
        parts = blocks(len(sources), total.size) if len(sources) else []
        kept: dict[Block, tuple[Floats, Floats, Complexes]] = {}
        each = in_order(lambda part: self._block_modes(sources, weights, part), parts, self.threads)
        for part, found in zip(parts, each, strict=True):
            kept[part] = found
            total += found[2]
        self._last = kept if total.size * len(parts) <= 2 * len(sources) + LEAST_BLOCK else {}
        return total

    def _block_modes(self, sources: Floats, weights: Floats, part: Block) -> tuple[Floats, Floats, Complexes]:
        here, mass = sources[slice(*part)], weights[slice(*part)]
        last = self._last.get(part)
        if last is not None and np.array_equal(last[0], here) and np.array_equal(last[1], mass):
            return last
        return here.copy(), mass.copy(), self.block_modes(here, mass)

    def block_modes(self, sources: Floats, weights: Floats) -> Complexes:
        """Returns the modes of one block, by one thread."""
        shape: Any = self.coefficients.shape if self.dim > 1 else self.coefficients.size
        found: Complexes = self._forward(*self._angles(sources), weights.astype(np.complex128), shape, isign=-1, **self._options)
        return found

    def potential(self, points: Floats, modes: Complexes) -> Floats:
        """Returns the field at points (P, n), (P,)."""
        return self._fields(points, [self.coefficients * modes])[:, 0]

    def gradient(self, points: Floats, modes: Complexes) -> Floats:
        """Returns the gradient of the field at points (P, n), (P, n)."""
        field = 1j * self.wavenumber * self.coefficients * modes
        return self._fields(points, [field * numbers for numbers in self._numbers()])

    def _numbers(self) -> list[Any]:
        """m_a along each axis a, shaped for broadcasting."""
        radius = self.coefficients.shape[0] // 2
        return list(np.meshgrid(*[np.arange(-radius, radius + 1.0)] * self.dim, indexing="ij", sparse=True))

    def _fields(self, points: Floats, spectra: list[Any]) -> Floats:
        """Values of real fields, two of them in one complex transform: as its real and its imaginary part."""
        result = np.empty((len(points), len(spectra)))
        packed = [spectra[i] + 1j * spectra[i + 1] if i + 1 < len(spectra) else spectra[i] for i in range(0, len(spectra), 2)]
        parts = blocks(len(points), self.coefficients.size) if len(points) else []

        def fill(job: tuple[int, int, int]) -> None:
            start, stop, pair = job
            angles = self._angles(points[start:stop])
            values = self._backward(*angles, packed[pair], isign=1, **self._options)
            result[start:stop, 2 * pair] = values.real
            if 2 * pair + 1 < len(spectra):
                result[start:stop, 2 * pair + 1] = values.imag

        for _ in in_order(fill, [(*part, pair) for part in parts for pair in range(len(packed))], self.threads):
            pass
        return result

    def _angles(self, points: Floats) -> list[Floats]:
        return [np.ascontiguousarray(points[:, axis]) * self.wavenumber for axis in range(self.dim)]

    @property
    def _options(self) -> dict[str, Any]:
        return {"eps": self.precision, "nthreads": 1, "upsampfac": 2.0}

    def seconds(self, points: int, sources: int) -> float:
        """Returns about the seconds of one gradient on one core."""
        return seconds(self.dim, self.coefficients.size, self.precision, points, sources)


def seconds(dim: int, modes: int, precision: float, points: int, sources: int) -> float:
    """Returns about the seconds of one gradient on one core (measured on a current x86-64 machine)."""
    width, fine, pairs = 1 - np.log10(precision), 2.0**dim * modes, (dim + 1) // 2
    transformed = len(blocks(sources, modes)) + pairs * len(blocks(points, modes))
    each = 5e-8 + 1.2e-9 * width**dim
    return float(each * (sources + pairs * points) + transformed * (2e-5 + 1.5e-9 * fine * np.log2(fine)))


@record
class Place:
    """A lattice sum for particles around ``centre``; ``offset`` is added to the kernel that it sums."""

    lattice: LatticeSum
    centre: Floats
    offset: float


class LatticeMethod(SumMethod):
    """A sum method whose work is that of a lattice sum: what it sums with depends on where the particles are."""

    @abstractmethod
    def place(self, low: Floats, high: Floats) -> Place | None:
        """Returns what to sum with for particles (points and sources) between ``low`` and ``high``, each (n,) and finite.

        None where the particles are all at one place and the gradient vanishes.
        """


def bounds(*positions: Floats) -> tuple[Floats, Floats] | None:
    """Returns the corners (n,) of the box around positions (N, n), at least one each; None where one is not finite."""
    axes = range(positions[0].shape[1])  # one at a time: many times faster than along the short axis
    low = np.array([np.min([each[:, axis].min() for each in positions]) for axis in axes])  # NaN stays
    high = np.array([np.max([each[:, axis].max() for each in positions]) for axis in axes])
    return (low, high) if np.isfinite(low).all() and np.isfinite(high).all() else None


def gradient(method: LatticeMethod, points: Floats, sources: Floats, weights: Floats) -> Floats:
    """Returns the gradient at points; NaN where a position is not finite, so that a run that blows up is seen to."""
    if not len(points) or not len(sources):
        return np.zeros(points.shape)
    box = bounds(points, sources)
    if box is None:
        return np.full(points.shape, np.nan)
    place = method.place(*box)
    if place is None:
        return np.zeros(points.shape)
    return place.lattice.gradient(points - place.centre, place.lattice.modes(sources - place.centre, weights))
