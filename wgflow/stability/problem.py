"""What inverse design is asked: the kernel, the candidates, the band where the data live, and which modes must decay how fast."""

from __future__ import annotations

from fractions import Fraction

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.fourier.domain import Band
from wgflow.fourier.values import transform
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.record import record
from wgflow.stability.suggest import beyond


@record
class Problem:
    """What is designed: kernel e, candidates with positive transforms, the data's band, and the integrals of |F| over it.

    masses: of each candidate, in units of the kernel's: eps s = sum of w_j s_j has the intrusion sum of w_j masses_j.
    """

    kernel: Kernel
    candidates: tuple[Kernel, ...]
    dim: int
    role: Role
    band: Band
    masses: tuple[float, ...]


@record
class Need:
    """Every mode of ``band`` (None: of all k > 0) decays under ``kernel`` - eps s."""

    kernel: Kernel
    band: Band | None = None


def needs(problem: Problem, decay: Fraction) -> tuple[Need, ...]:
    """Returns what is asked: every mode decays; and over the band at least at the rate ``decay``, where that is not 0.

    F(coulomb)(k) = c k^-2, so that role k^2 F(e - eps s)(k) < -decay is the decay of the mode k under
    e + role (decay/c) coulomb - eps s: the same claim, with the same proof, about another kernel.
    """
    everywhere = Need(problem.kernel)
    if not decay:
        return (everywhere,)
    coulomb = parse("coulomb")
    unit = float(transform(coulomb, 1.0, problem.dim))
    if not 0 < unit < float("inf"):
        raise InputError(f"a decay rate in dim={problem.dim} is beyond the doubles; leave --decay out.")
    above = Fraction(beyond(decay / Fraction(unit) * Fraction(10**9 + 1, 10**9), 1, 6))  # float errors stay below 1e-9
    return everywhere, Need(problem.kernel + problem.role.value * above * coulomb, problem.band)
