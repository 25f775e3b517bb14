"""The stability chart: over (learning rate, eps), which modes of training contract, in float64. A picture, no proof.

Each point of the grid is one of three: stable; slow, where a mode does not contract and already the flow that training follows
at small rates has one that does not decay (eps is too small); fast, where the flow decays and the learning rates are too large.
"""

from __future__ import annotations

import json
from math import isfinite

import numpy as np

from wgflow.arithmetic.number import InputError, integer
from wgflow.stability.update_answer import SCHEMA
from wgflow.stability.update_bounds import Training
from wgflow.stability.update_scan import Grid, at_rest, drift, eps_values, grid, moves, rate_values, scores

TYPE_CHECKING = False  # type checkers take it as true; importing xarray would cost start-up
if TYPE_CHECKING:
    from xarray import Dataset

    from wgflow.stability.update_scan import Floats
    from wgflow.stability.updates import LearningRate

MAX_POINTS = 400
STABLE, SLOW, FAST = 0, 1, 2
_AROUND = 30.0  # how far the rates reach on both sides of the threshold
_MODES = 160  # of a chart's grid of wavenumbers


def chart(found: LearningRate, points: object = 41) -> Dataset:
    """Returns the chart as a Dataset over ``learning_rate`` (the discriminator's, or the generator's alone) and ``eps``.

    points: of each axis. The ratio of the learning rates is kept. Raises InputError where nothing could be drawn.

    >>> from wgflow.stability.updates import learning_rate
    >>> data = chart(learning_rate("rbf", "rbf", eps=2, lr_d="0.1"), 9)
    >>> data.region.dims, data.region.values[0, 0].item(), data.region.values[-1, 0].item()  # eps = 0; a small rate, eps large
    (('eps', 'learning_rate'), 1, 0)
    """
    from wgflow.run import labelled  # late: xarray

    count = integer(points, "points", 2, MAX_POINTS)
    training = found.training
    rule = training.rule
    modes = _thinned(training)
    factors, strengths = _factors(found, modes, count), _strengths(found, modes, count)
    region = np.array([_regions(training, modes, eps, factors) for eps in strengths], dtype=np.int64)
    rate = float(rule.lr_d or rule.lr_g)
    ends = found.largest_lr_d if rule.lr_d else found.largest_lr_g
    return labelled(
        {
            "learning_rate": (("learning_rate",), factors * rate, "time", f"learning rate of the {_player(training)}"),
            "eps": (("eps",), strengths, "1", "strength of the stabilizer"),
            "region": (("eps", "learning_rate"), region, "1", "0 stable, 1 slow (eps too small), 2 fast (rates too large)"),
        },
        {
            "title": "Stability of training over learning rate and eps (float64, not proved)",
            "schema": SCHEMA,
            "problem": json.dumps({**training.discriminator.to_json(), "density": str(training.density)}),
            "rule": json.dumps(rule.to_json()),
            "verdict": found.verdict.value,
            "largest_rate": json.dumps(ends),
            "learning_rate_asked": rate,
            "eps_asked": float(training.discriminator.eps),
        },
    )


def _player(training: Training) -> str:
    if training.rule.is_one_player:
        return "discriminator alone" if training.rule.lr_d else "generator alone"
    ratio = float(training.rule.lr_g / training.rule.lr_d)
    return f"discriminator; the generator's is {ratio:.4g} of it"


def _thinned(training: Training) -> Grid:
    points = grid(training)
    if points.k.size > 4 * _MODES:
        chosen = np.unique(np.round(np.geomspace(1, points.k.size, _MODES)).astype(int) - 1)
        return Grid(points.k[chosen], points.kernel[chosen], points.stabilizer[chosen])
    return points


def _factors(found: LearningRate, modes: Grid, count: int) -> Floats:
    if found.largest is not None:
        middle = float(found.largest.high)
        low, high = min(middle / _AROUND, 0.5), max(middle * _AROUND / 10, 2.0)
        return np.geomspace(low, high, count)
    values = rate_values(found.training, modes)
    if values.size and isfinite(values[-1]) and not found.unbounded:
        return np.geomspace(values[-1] / 1e4, values[-1], count)
    return np.geomspace(1e-2, 1e2, count)


def _strengths(found: LearningRate, modes: Grid, count: int) -> Floats:
    typed = float(found.training.discriminator.eps)
    least = 0.0 if found.least_eps is None else float(found.least_eps.high)
    top = max(2 * abs(typed), 3 * least)
    if top == 0:
        top = float(np.median(eps_values(found.training, modes)))
    if not 0 < top < np.inf:
        raise InputError("a stability chart over eps needs a stabilizer whose transform is not zero; type --stabilizer elastic.")
    return np.linspace(0, top, count)


def _regions(training: Training, modes: Grid, eps: float, factors: Floats) -> Floats:
    """Returns the region at each factor of the learning rates."""
    alive = ~at_rest(modes)
    x, y = (np.multiply.outer(factors, each[alive]) for each in moves(training, modes, eps))
    slow, fast = scores(training.rule, x, y)
    stable = (np.minimum(slow, fast) > 0).all(axis=1)
    flow_grows = (drift(training.rule, x, y) >= 0).any(axis=1)
    return np.where(stable, STABLE, np.where(flow_grows, SLOW, FAST))
