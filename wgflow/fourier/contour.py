"""Integrals of a profile against spherical waves along contours that are made of straight pieces."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from wgflow.arithmetic.complex_floating import EPS
from wgflow.fourier.profile import Profile
from wgflow.fourier.waves import evanescent, mean_wave, mean_wave_envelope, outgoing, sphere
from wgflow.record import record

FINE, COARSE = 16, 12  # Gauss points on a panel; the difference of the two is part of the error
PHASE = 8.0  # the widest panel, in radians of the wave: 16 points integrate that to rounding
MOST_PANELS = 12_000
_WAVE_ERROR = 40 * EPS  # of SciPy's Bessel functions, near their largest values
_BLOCK = 1 << 20


class TooManyPanels(Exception):
    """A path that would take too long."""


@record
class Piece:
    """z = start + direction * x, for x in panels between ``breaks``. ``kind``: "standing" (the real axis, against J),
    "outgoing" (against the Hankel function, real part taken) or "evanescent" (up the imaginary axis from 0)."""

    kind: str
    start: complex
    direction: complex
    breaks: Any
    sign: int = 1


@record
class Path:
    """Pieces in a row. ``unit``: a length that |z| is measured in; ``lift``: the least Im z of all that is integrated;
    ``corner``: where the path goes on along Im z = constant, a part that is left out."""

    pieces: tuple[Piece, ...]
    unit: float
    lift: float = 0.0
    corner: complex | None = None


@lru_cache(maxsize=8)
def gauss(count: int) -> tuple[Any, Any, Any]:
    """Returns (nodes, weights, matrix from values at the nodes to Legendre coefficients) on [-1, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    degrees = np.arange(count)
    matrix = (np.polynomial.legendre.legvander(nodes, count - 1) * weights[:, None]) * (degrees + 0.5)
    return nodes, weights, matrix


def panels(function: Callable[[Any], Any], breaks: Any, widest: Callable[[Any], Any]) -> Any:
    """Returns edges (P, 2), in order, of panels on which a function is resolved to rounding by Legendre polynomials.

    function: x -> (values, error bounds). A panel is halved while its highest coefficients show in the integral of
    |function| over everything and above its own rounding, or where it would be wider than ``widest`` of its start.
    """
    nodes, weights, matrix = gauss(FINE)
    edges = np.stack((breaks[:-1], breaks[1:]), axis=1)
    edges = _divided(edges, np.ceil((edges[:, 1] - edges[:, 0]) / widest(edges[:, 0])))
    done, total = [], 0.0
    for _ in range(400):
        width = edges[:, 1] - edges[:, 0]
        values, doubts = function(edges.mean(axis=1, keepdims=True) + width[:, None] / 2 * nodes)
        finite = np.isfinite(values) & np.isfinite(doubts)
        values, doubts = np.where(finite, values, 0.0), np.where(finite, doubts, 0.0)
        sizes = (np.abs(values) @ weights) * width / 2
        tails = np.abs((values @ matrix)[:, -3:]).max(axis=1)
        rough = (tails * width > EPS / 2 * (total + float(sizes.sum()))) & (tails > 2 * doubts.max(axis=1))
        done.append(edges[~rough])
        total += float(sizes[~rough].sum())
        edges = edges[rough]
        if not len(edges):
            break
        if sum(map(len, done)) + len(edges) > MOST_PANELS:
            raise TooManyPanels
        edges = _halves(edges)
    found = np.concatenate([*done, edges])
    return found[np.argsort(found[:, 0])]


def _divided(edges: Any, parts: Any) -> Any:
    """Returns every panel cut into equal parts."""
    if not np.sum(parts) <= MOST_PANELS:
        raise TooManyPanels
    count = np.maximum(1, parts).astype(int)
    which = np.repeat(np.arange(len(edges)), count)
    place = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    width = (edges[which, 1] - edges[which, 0]) / count[which]
    low = edges[which, 0] + place * width
    return np.stack((low, low + width), axis=1)


def _halves(edges: Any) -> Any:
    middle = edges.mean(axis=1)
    return np.stack((edges[:, 0], middle, middle, edges[:, 1]), axis=1).reshape(-1, 2)


def adapted(profile: Profile, n: int, path: Path, least: float, most: float) -> Path:
    """Returns a path whose pieces are cut into panels that resolve the profile, for wavenumbers from least to most."""

    def cut(piece: Piece) -> Piece:
        def integrand(x: Any) -> Any:
            z = piece.start + piece.direction * x
            value, doubt = profile.at(z)
            if piece.kind == "standing":
                value, weight = value.real, (x / path.unit) ** (n - 1)
            elif piece.kind == "evanescent":
                value, weight = value.imag, (x / path.unit) ** min(1, n - 1) * np.exp(-least * x)
            else:
                weight = np.exp((n - 1) / 2 * np.log(np.abs(z) / path.unit) - least * (z.imag - path.lift))
            return value * weight, doubt * weight

        def widest(x: Any) -> Any:
            size = np.full(np.shape(x), PHASE / most)
            return (
                size if piece.kind != "outgoing" or n in (1, 3) else np.minimum(size, np.abs(piece.start + piece.direction * x))
            )

        with np.errstate(all="ignore"):
            breaks = _graded(piece.breaks, n) if piece.kind == "evanescent" and n % 2 == 0 else piece.breaks
            return Piece(piece.kind, piece.start, piece.direction, panels(integrand, breaks, widest), piece.sign)

    return Path(tuple(map(cut, path.pieces)), path.unit, path.lift, path.corner)


def beside(found: Path, first: Path, second: Path) -> Path:
    """Returns the path ``second`` with the panels that were found for ``first``: stretched to its pieces, and on the real
    axis, where e may have features of any width, kept and continued."""

    def moved(done: Piece, old: Piece, new: Piece) -> Piece:
        breaks, end, last = done.breaks, new.breaks[-1], old.breaks[-1]
        if new.kind != "standing":
            breaks = breaks * (end / last)
        elif end > last:
            width = breaks[-1, 1] - breaks[-1, 0]
            breaks = np.concatenate((breaks, _divided(np.array([[last, end]]), np.array([np.ceil((end - last) / width)]))))
        return Piece(new.kind, new.start, new.direction, breaks, new.sign)

    return Path(tuple(map(moved, found.pieces, first.pieces, second.pieces)), second.unit, second.lift, second.corner)


def _graded(breaks: Any, n: int) -> Any:
    """Panels halved toward 0, where the wave has a term t^{n-1} log t."""
    return np.concatenate(([0.0], breaks[-1] * np.exp2(np.arange(-60 // n - 1, 1))))


def line_size(profile: Profile, n: int, path: Path, k: Any) -> Any:
    """Returns the size of the part that a path leaves out beyond its corner, in the units of `integrate`."""
    if path.corner is None:
        return np.zeros(len(k))
    x = profile.scale * np.exp2(np.arange(-320, 1281) / 32)
    extent = profile.extent(n)
    x = x[x <= (max(8 * extent, 64 * path.corner.imag) if extent < np.inf else 1e3 * profile.scale)]  # beyond, the path turns up
    z = path.corner + x
    with np.errstate(all="ignore"):
        size = np.log(np.abs(profile.at(z)[0])) + (n - 1) / 2 * np.log(np.abs(z) / path.unit) + np.log(x)
        size = np.logaddexp.reduce(np.where(np.isnan(size), np.inf, size)) + np.log(np.log(2) / 32)
        waves = n / 2 * np.log(2 * np.pi) - (n - 1) / 2 * np.log(k * path.unit) + 0.5 * np.log(2 / np.pi) - np.log(path.unit)
        return np.exp(size + waves - k * (path.corner.imag - path.lift))


def integrate(profile: Profile, n: int, path: Path, k: Any, points: int) -> tuple[Any, Any, Any]:
    """Returns (sum, rounding error, size of the last panel) of an adapted path for each k, where
    F(k) = sum * unit^n * exp(-k lift)."""
    total, error, last = np.zeros(len(k)), np.zeros(len(k)), np.zeros(len(k))
    nodes, weights, _ = gauss(points)
    for piece in path.pieces:
        half = (piece.breaks[:, 1:] - piece.breaks[:, :1]) / 2
        x = (piece.breaks.mean(axis=1, keepdims=True) + half * nodes).ravel()
        w = (half * weights).ravel()
        value, doubt = profile.at(piece.start + piece.direction * x)
        value, doubt = np.where(np.isfinite(value), value, 0.0), np.where(np.isfinite(doubt), doubt, 0.0)
        step = max(1, _BLOCK // len(x))
        for start in range(0, len(k), step):
            block = slice(start, start + step)
            terms, doubts = _terms(n, path, piece, k[block, None], x, value, doubt)
            total[block] += piece.sign * (terms @ w)
            error[block] += doubts @ w
            if piece.kind == "outgoing" and (piece.direction != 1 or piece is path.pieces[-1]):
                last[block] += np.abs(terms[:, -points:]) @ w[-points:]
    return total, error, last


def _terms(n: int, path: Path, piece: Piece, k: Any, x: Any, value: Any, doubt: Any) -> tuple[Any, Any]:
    """Returns (integrand, bound of its rounding error), (K, N), in units of the path."""
    with np.errstate(all="ignore"):
        if piece.kind == "standing":
            front = np.exp(sphere(n) - np.log(path.unit)) * (x / path.unit) ** (n - 1)
            wave = mean_wave(n, k * x)
            doubts = doubt * np.abs(wave) + np.abs(value) * mean_wave_envelope(n, k * x) * (_WAVE_ERROR + EPS * k * x)
            return front * value.real * wave, front * doubts
        scale = np.exp(n / 2 * np.log(2 * np.pi) - n * np.log(k * path.unit)) * k
        if piece.kind == "evanescent":
            wave = -2 / np.pi * scale * evanescent(n, k * x)
            return value.imag * wave, np.abs(wave) * (doubt + np.abs(value.imag) * (_WAVE_ERROR + EPS * k * x))
        z = k * (piece.start + piece.direction * x)
        wave = scale * outgoing(n, z, k * path.lift) * piece.direction
        doubts = np.abs(wave) * (doubt + np.abs(value) * (_WAVE_ERROR + 2 * EPS * np.abs(z)))
        return (value * wave).real, doubts
