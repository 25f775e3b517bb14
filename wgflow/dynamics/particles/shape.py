"""Shapes of particle clouds: each a map from the unit cube, so that random and low-discrepancy points give the same law."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgflow.dynamics.particles.normal_quantile import normal_quantile
from wgflow.record import record

Floats = NDArray[np.float64]
Numbers = dict[str, Any]  # name to float, or to an array of n floats for a position


@record
class Parameter:
    """A number of a shape: its name, its default, and the least value that it takes (None: any number).

    place: whether it is a position, typed as one number (on the first axis) or as ``1:0.5`` (one an axis).
    """

    name: str
    default: float
    least: float | None = None
    place: bool = False


@record
class Shape:
    """A law on R^n: ``place(u, numbers)`` maps (N, cube(n)) uniform numbers in (0, 1) to (N, n) positions.

    dims: least and largest n (None: any).
    """

    name: str
    sentence: str
    parameters: tuple[Parameter, ...]
    dims: tuple[int, int | None]
    cube: Callable[[int], int]
    place: Callable[[Floats, Numbers, int], Floats]

    @property
    def signature(self) -> str:
        """The text of the shape with its defaults."""
        inside = ", ".join(f"{p.name}={p.default:g}" for p in self.parameters)
        return f"{self.name}({inside})" if inside else self.name


def pick(u: Floats, weights: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Returns the part that each uniform number falls into, by weights of sum 1, and its place in it, uniform again."""
    edges = np.concatenate([[0.0], np.cumsum(weights)])
    part = np.clip(np.searchsorted(edges, u, side="right") - 1, 0, len(weights) - 1)
    inside = (u - edges[part]) / np.asarray(weights)[part]
    return part, np.clip(inside, 2.0**-54, 1 - 2.0**-53)


def _gaussian(u: Floats, p: Numbers, dim: int) -> Floats:
    return p["mean"] + p["std"] * normal_quantile(u)


def _uniform(u: Floats, p: Numbers, dim: int) -> Floats:
    return p["low"] + (p["high"] - p["low"]) * u


def _point(u: Floats, p: Numbers, dim: int) -> Floats:
    return np.tile(p["at"], (len(u), 1))


def _circle(turns: Floats) -> Floats:
    angle = 2 * np.pi * turns
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _ring(u: Floats, p: Numbers, dim: int) -> Floats:
    radius = p["radius"] + p["width"] * normal_quantile(u[:, 1])
    return p["center"] + radius[:, None] * _circle(u[:, 0])


def _rings(u: Floats, p: Numbers, dim: int) -> Floats:
    sizes = np.arange(1, int(p["count"]) + 1)
    which, turns = pick(u[:, 0], sizes / sizes.sum())  # as many particles a length on every ring
    radius = p["spacing"] * sizes[which] + p["width"] * normal_quantile(u[:, 1])
    return radius[:, None] * _circle(turns)


def _around(u: Floats, centers: Floats, std: float) -> Floats:
    """Equal Gaussians around ``centers``: the first uniform number also picks the center."""
    which, first = pick(u[:, 0], np.full(len(centers), 1 / len(centers)))
    return centers[which] + std * normal_quantile(np.column_stack([first, u[:, 1:]]))


def _eight(u: Floats, p: Numbers, dim: int) -> Floats:
    return _around(u, p["radius"] * _circle(np.arange(8) / 8), p["std"])


def _twenty_five(u: Floats, p: Numbers, dim: int) -> Floats:
    side = p["spacing"] * np.arange(-2, 3)
    return _around(u, np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2), p["std"])


def _swiss_roll(u: Floats, p: Numbers, dim: int) -> Floats:
    angle = 1.5 * np.pi * (1 + 2 * u[:, 0])
    roll = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (p["radius"] * angle / (4.5 * np.pi))[:, None]
    return roll + p["width"] * normal_quantile(u[:, 1:])


def _two_moons(u: Floats, p: Numbers, dim: int) -> Floats:
    which, turns = pick(u[:, 0], np.array([0.5, 0.5]))
    upper = _circle(turns / 2)
    moons = np.where((which == 0)[:, None], upper, np.array([1.0, 0.5]) - upper)
    return p["radius"] * moons + p["width"] * normal_quantile(u[:, 1:])


def _std(default: float) -> Parameter:
    return Parameter("std", default, 0)


def _place(name: str) -> Parameter:
    return Parameter(name, 0, None, True)


def _width(default: float) -> Parameter:
    return Parameter("width", default, 0)


_ANY, _PLANE = (1, None), (2, 2)
SHAPES = (
    Shape("gaussian", "a normal law", (_place("mean"), _std(1)), _ANY, lambda n: n, _gaussian),
    Shape("uniform", "uniform in a cube", (Parameter("low", -1), Parameter("high", 1)), _ANY, lambda n: n, _uniform),
    Shape("point", "every particle at one place", (_place("at"),), _ANY, lambda n: 1, _point),
    Shape(
        "ring",
        "a circle with normal width",
        (Parameter("radius", 2, 0), _width(0.1), _place("center")),
        _PLANE,
        lambda n: 2,
        _ring,
    ),
    Shape(
        "rings",
        "concentric circles of equal density",
        (Parameter("count", 3, 1), Parameter("spacing", 1, 0), _width(0.05)),
        _PLANE,
        lambda n: 2,
        _rings,
    ),
    Shape(
        "eight-gaussians",
        "eight normal laws on a circle (Gulrajani et al. 2017)",
        (Parameter("radius", 2, 0), _std(0.02)),
        _PLANE,
        lambda n: 2,
        _eight,
    ),
    Shape(
        "25-gaussians",
        "normal laws on a 5 x 5 grid (Gulrajani et al. 2017)",
        (Parameter("spacing", 2, 0), _std(0.05)),
        _PLANE,
        lambda n: 2,
        _twenty_five,
    ),
    Shape(
        "swiss-roll",
        "a spiral from a third of the radius out",
        (Parameter("radius", 2, 0), _width(0.05)),
        _PLANE,
        lambda n: 3,
        _swiss_roll,
    ),
    Shape(
        "two-moons",
        "two interleaved half circles",
        (Parameter("radius", 1, 0), _width(0.1)),
        _PLANE,
        lambda n: 3,
        _two_moons,
    ),
)
