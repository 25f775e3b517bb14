"""Laws on R^n as training data: the shapes and mixtures that particle runs start from."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import numpy as np

from wgflow.arithmetic.number import InputError, rational, rational_text, shown
from wgflow.dynamics.particles.initial import Part, parse_cloud, sample
from wgflow.dynamics.particles.shape import SHAPES
from wgflow.gan.data.source import LARGEST, Batch, DataSource, Mixture
from wgflow.gan.options import Options

PLANAR = {
    "eight-gaussians": "eight-gaussians",
    "twenty-five-gaussians": "25-gaussians",
    "rings": "rings",
    "swiss-roll": "swiss-roll",
    "two-moons": "two-moons",
}
_MODES = {"eight-gaussians": 8, "25-gaussians": 25}


class LawSource(DataSource):
    """Independent samples of a law, new ones at every step: the stream of (seed, "data/STEP")."""

    count = None

    def __init__(self, name: str, text: str, dim: int) -> None:
        parts = parse_cloud(text, dim)
        for part in parts:
            for key, value in part.numbers.items():
                if np.max(np.abs(value), initial=0) > LARGEST:
                    raise InputError(f"data {name}: {key} is beyond {LARGEST:g} in size; scale the law to about 1.")
        self.name, self.text, self.shape = name, text, (dim,)
        self.mixture = mixture_of(parts, dim)

    def batch(self, seed: int, step: int, size: int) -> Batch:
        return self._sample(seed, f"data/{step}", size)

    def reference(self, seed: int, size: int) -> Batch:
        return self._sample(seed, "reference", size)

    def provenance(self) -> dict[str, str]:
        return {"law": self.text, "dim": str(self.shape[0])}

    def _sample(self, seed: int, purpose: str, size: int) -> Batch:
        return sample(self.text, size, self.shape[0], seed, purpose).astype(np.float32)


def planar_law(name: str, options: Mapping[str, object]) -> LawSource:
    """Returns a named law in the plane; ``options`` are the numbers of its shape, exact (``std = "1/20"``).

    eight-gaussians (radius 2, std 0.02), twenty-five-gaussians (spacing 2, std 0.05; both Gulrajani et al. 2017), rings
    (count 3, spacing 1, width 0.05), swiss-roll (radius 2, width 0.05), two-moons (radius 1, width 0.1).

    >>> planar_law("eight-gaussians", {"std": "1/20"}).provenance()["law"]
    'eight-gaussians(std=1/20)'
    """
    shape = next(each for each in SHAPES if each.name == PLANAR[name])
    given = Options(f"data {name}", options)
    taken = {each.name: given.take(each.name, None) for each in shape.parameters}
    given.finish()
    numbers = (f"{key}={rational_text(rational(value, given.says(key)))}" for key, value in taken.items() if value is not None)
    inside = ", ".join(numbers)
    return LawSource(name, f"{shape.name}({inside})" if inside else shape.name, 2)


def written_law(options: Mapping[str, object]) -> LawSource:
    """Returns the law that the option ``law`` spells, in the dimension ``dim`` (2): any mixture of `initial.parse_cloud`.

    >>> written_law({"law": "gaussian(mean=-2) + gaussian(mean=2)", "dim": 1}).mixture.centres.tolist()
    [[-2.0], [2.0]]
    """
    given = Options("data law", options)
    text, dim = given.take("law", None), given.integer("dim", 2, 1, 4096)
    given.finish()
    if not isinstance(text, str):
        raise InputError(f"data 'law' needs a law, got {shown(text)}; type law = \"gaussian(mean=-2) + gaussian(mean=2)\".")
    return LawSource("law", text, dim)


def mixture_of(parts: tuple[Part, ...], dim: int) -> Mixture | None:
    """Returns the modes of a law whose components are normal, equally likely and equally wide; None for any other."""
    if len(parts) == 1 and parts[0].shape.name in _MODES:
        return _mixture(_centres(parts[0], _MODES[parts[0].shape.name]), parts[0].numbers["std"])
    if {part.shape.name for part in parts} != {"gaussian"} or len({(part.share, part.numbers["std"]) for part in parts}) > 1:
        return None
    return _mixture(np.array([part.numbers["mean"] for part in parts]), parts[0].numbers["std"])


def _mixture(centres: np.ndarray, deviation: float) -> Mixture | None:
    return Mixture(centres, deviation) if deviation > 0 and isfinite(deviation) else None


def _centres(part: Part, count: int) -> np.ndarray:
    """The shape's own map, at the median of each of its components: the centres stand in the shape alone."""
    u = np.full((count, 2), 0.5)
    u[:, 0] = (np.arange(count) + 0.5) / count
    return part.shape.place(u, {**part.numbers, "std": 0.0}, 2)
