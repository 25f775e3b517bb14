"""Whether a density flow is well posed in its direction: what the rates of ever finer modes do, and how far doubles carry."""

from __future__ import annotations

import enum
from fractions import Fraction
from math import inf, log

import numpy as np

from wgflow.arithmetic import ball
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.fourier.asymptotics import Undecidable, expand
from wgflow.fourier.local import NO_RATE, End
from wgflow.record import record
from wgflow.stability import confined
from wgflow.stability.claim import Claim

LAPLACIAN = 2  # the power of k in a rate beside the transform
TERMS = 3  # of the expansion
ROUNDING = 1e-16  # relative, of the modes of a density in double precision
VISIBLE = 1e-3  # relative size at which amplified rounding is seen


class Posedness(enum.Enum):
    """What the rates of a flow about a constant state do toward k = infinity."""

    BOUNDED = "bounded"  # they tend to 0: all modes together obey one bound
    NEUTRAL = "neutral"  # they tend to a constant
    SMOOTHING = "smoothing"  # they tend to minus infinity
    ILL_POSED = "Hadamard ill-posed"  # they tend to infinity: finer disturbances grow faster, without bound
    UNKNOWN = "not known"


_MEANING = {
    Posedness.BOUNDED: "well posed: the rates of fine modes tend to 0",
    Posedness.NEUTRAL: "well posed, neutral: the rates of fine modes tend to a constant",
    Posedness.SMOOTHING: "well posed, smoothing: fine modes decay without bound, steps are stiff",
    Posedness.ILL_POSED: "Hadamard ill-posed: fine modes grow without bound, the finer the faster",
    Posedness.UNKNOWN: "whether it is well posed is not known",
}


@record
class Statement:
    """What is said before a run.

    power: of k in the rates toward infinity, times exp(-b k^q) where ``exponential``; None where not known.  growth: the largest
    rate of a resolved mode, in 1/time; None where not known.  horizon: the time after which its rounding error is as large as
    VISIBLE; infinite where nothing grows.
    """

    posedness: Posedness
    power: Fraction | None
    exponential: bool
    growth: float | None
    horizon: float | None

    @property
    def text(self) -> str:
        """One line for people."""
        how = ""
        if self.power is not None:
            how = ", exponentially" if self.exponential else f", like k^{self.power}" if self.power else ""
        return _MEANING[self.posedness] + how + self._limit()

    def _limit(self) -> str:
        if self.growth is None or self.horizon is None:
            return ""
        if self.horizon == inf:
            return "; no resolved mode grows"
        return f"; the fastest resolved mode grows at {self.growth:.4g}: rounding reaches {VISIBLE:g} at time {self.horizon:.4g}"

    def to_json(self) -> dict[str, object]:
        """Returns plain data; an infinite horizon is None."""
        return {
            "posedness": self.posedness.value,
            "power": None if self.power is None else str(self.power),
            "exponential": self.exponential,
            "growth": self.growth,
            "horizon": self.horizon if self.horizon is not None and self.horizon < inf else None,
        }


def well_posed(claim: Claim, rates: Floats | None, diffusion: Fraction = Fraction(0), is_smoothed: bool = False) -> Statement:
    """Returns the statement about a flow with these rates of its resolved modes (1/time, any shape; None: unknown).

    The rates s C k^2 F(e - eps s)(k) - nu k^2 toward infinity follow from the exact leading term of the transform
    (`wgflow.fourier.asymptotics.expand`), terms that cancel exactly included. Expressions are not looked into.
    is_smoothed: a Gaussian of k multiplies the transform, which itself grows like a power of k at most.

    >>> from wgflow.stability.claim import make_claim
    >>> for kernel in ("rbf", "coulomb", "elastic"):
    ...     print(well_posed(make_claim(kernel, "0", role="discriminator"), None).text)
    well posed: the rates of fine modes tend to 0, exponentially
    well posed, neutral: the rates of fine modes tend to a constant
    Hadamard ill-posed: fine modes grow without bound, the finer the faster, like k^1
    >>> print(round(well_posed(make_claim("rbf", "0"), np.array([0.5, 1.0])).horizon, 2))  # ln(1e-3 / 1e-16)
    29.93
    """
    smoothing = (Posedness.SMOOTHING, Fraction(2), False) if diffusion else (Posedness.BOUNDED, Fraction(2), True)
    posedness, power, exponential = smoothing if is_smoothed else _toward_infinity(claim, diffusion)
    if rates is None:
        return Statement(posedness, power, exponential, None, None)
    fastest = float(np.max(rates, initial=0.0))
    horizon = log(VISIBLE / ROUNDING) / fastest if fastest > 0 else inf
    return Statement(posedness, power, exponential, fastest, horizon)


def _toward_infinity(claim: Claim, diffusion: Fraction) -> tuple[Posedness, Fraction | None, bool]:
    if confined.is_needed(claim.kernel, claim.stabilizer):
        return Posedness.UNKNOWN, None, False
    try:
        expansion = expand(claim.growth, End.INFINITY, TERMS)
    except Undecidable:
        return Posedness.UNKNOWN, None, False
    leading = expansion.leading
    exponential = leading is not None and leading[0] != NO_RATE
    power = None if leading is None else leading[1] + LAPLACIAN
    if diffusion and (not expansion.groups or exponential or (power is not None and power < LAPLACIAN)):
        return Posedness.SMOOTHING, Fraction(LAPLACIAN), False
    if not expansion.groups:
        return Posedness.NEUTRAL, Fraction(0), False
    if leading is None and not diffusion:
        power = max(rest.power for group in expansion.groups for rest in group.rests) + LAPLACIAN  # a bound: signs alternate
        return (Posedness.BOUNDED if power < 0 else Posedness.UNKNOWN), power if power < 0 else None, False
    if leading is None or power is None or (diffusion and not power > LAPLACIAN):
        return Posedness.UNKNOWN, None, False
    if exponential or power < 0:
        return Posedness.BOUNDED, power, exponential
    if power == 0:
        return Posedness.NEUTRAL, power, False
    grows = ball.sign(leading[3])
    if grows is None:
        return Posedness.UNKNOWN, power, False
    return (Posedness.ILL_POSED if grows > 0 else Posedness.SMOOTHING), power, False
