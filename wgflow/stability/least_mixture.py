"""The least intrusive mixture of candidates that meets given needs: cutting planes between floats and proofs.

A linear program on finitely many wavenumbers proposes weights and a lower bound; `certify` answers for all wavenumbers,
and where it proves modes to grow, they join the program. The proposal's weights are rounded to short decimals first, and
the last word on its strength is the proved interval of feasible eps, so the answer is exact and certified.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import inf

import numpy as np

from wgflow.arithmetic.floating import Floats
from wgflow.conventions import growth_rate
from wgflow.kernels.kernel import ZERO, Kernel
from wgflow.record import record
from wgflow.stability.answer import Verdict
from wgflow.stability.certificate import Certificate
from wgflow.stability.certify import certify_claim
from wgflow.stability.claim import make_claim
from wgflow.stability.cover import NoCover, least_cover
from wgflow.stability.intrusion import float_transform, slowest_decay
from wgflow.stability.problem import Need, Problem
from wgflow.stability.suggest import beyond

ROUNDS = 12
GOAL = 2e-4  # of the intrusion: the program is refined until the answer is this close to its lower bound
RATIO_DIGITS, EPS_DIGITS = 4, (5, 4, 3, 2)
_LEAST_SHARE, _FAR = 1e-9, 1.01  # shares below are left out, unless the answer is then this far from its bound
_SHARES_OF_ALL = (0.0, 1e-9, 1e-6, 1e-4, 1e-2, 1.0)
_A_DECADE, _AROUND, _BEYOND = 200, 120, 1000.0


@record
class Direction:
    """A stabilizer of any strength: the weight that intrudes most is 1. intrusion: at eps = 1.  strength: a proposed eps."""

    stabilizer: Kernel
    intrusion: float
    strength: Fraction


@record
class Mixture:
    """An answer. certificates: one for each need, all DECAYS; or, without a stabilizer, the one that says why (see reason).

    intrusion and lower_bound are in float64; no mixture of the candidates that meets the needs is below lower_bound.
    """

    stabilizer: Kernel | None
    eps: Fraction
    intrusion: float
    lower_bound: float
    certificates: tuple[Certificate, ...]
    reason: str | None = None

    @property
    def verdict(self) -> Verdict:
        """DECAYS: found and proved. GROWS: proved that no mixture meets the needs. UNDECIDED: neither."""
        if self.stabilizer is not None:
            return Verdict.DECAYS
        return Verdict.GROWS if self.lower_bound == inf else Verdict.UNDECIDED

    def slowest_decay(self, problem: Problem) -> tuple[float, float] | None:
        """Returns (k, rate) of the band's mode that decays most slowly (float64), None without a stabilizer."""
        if self.stabilizer is None:
            return None
        return slowest_decay(problem.kernel - self.eps * self.stabilizer, problem.dim, problem.role, problem.band)

    def to_json(self, problem: Problem) -> dict[str, object]:
        """Returns the answer as plain data; the stabilizer and eps are exact text, null where there is none."""
        found, slowest = self.stabilizer is not None, self.slowest_decay(problem)
        return {
            "verdict": self.verdict.value,
            "reason": self.reason,
            "stabilizer": str(self.stabilizer) if found else None,
            "eps": str(self.eps) if found else None,
            "intrusion": self.intrusion if found else None,
            "lower_bound": self.lower_bound if self.lower_bound < inf else None,
            "slowest_decay": None if slowest is None else {"wavenumber": slowest[0], "rate": slowest[1]},
        }


def least_mixture(problem: Problem, needs: Sequence[Need]) -> Mixture:
    """Returns the least intrusive mixture that meets the needs, or the reason why none does."""
    everything = _direction(problem, np.ones(len(problem.candidates))).stabilizer
    start = _certificates(problem, needs, everything, Fraction(0))
    if all(c.verdict is Verdict.DECAYS for c in start):
        first = problem.role.value * problem.candidates[0]
        return Mixture(first, Fraction(0), 0.0, 0.0, _certificates(problem, needs, first, Fraction(0)))
    if (refusal := next((c for c in start if _least(c) is None), None)) is not None:
        return Mixture(None, Fraction(0), inf, inf if _is_refuted(refusal) else 0.0, (refusal,), _why_not(refusal))
    try:
        direction, least, bound = _refined(problem, needs)
    except NoCover as failure:
        return Mixture(None, Fraction(0), inf, 0.0, start, str(failure))
    return _settled(problem, needs, direction, least, bound)


def _is_refuted(certificate: Certificate) -> bool:
    return certificate.feasible is not None and certificate.feasible.empty is not None


def _why_not(certificate: Certificate) -> str:
    """What holds for the sum of all candidates holds for every mixture: each is below a multiple of the sum at every k."""
    found = certificate.feasible
    if found is not None and found.empty is not None:
        return f"{found.empty}, even where the stabilizer is the sum of all candidates, and so for every mixture of them"
    return certificate.reason or "the feasible eps are beyond the doubles"


# --- floats propose -----------------------------------------------------------------------------------------------


def _refined(problem: Problem, needs: Sequence[Need]) -> tuple[Direction, float, float]:
    """Returns (direction, its least eps, lower bound): the best that the rounds of cutting planes find."""
    covers, needed = _program(problem, needs, [_grid(problem, need) for need in needs])
    found: list[tuple[float, Direction, float]] = []
    bound = 0.0
    for _ in range(ROUNDS):
        shares, value = least_cover(covers, needed)
        last, bound = bound, max(bound, value)
        direction, least, certificates = _feasible_direction(problem, needs, shares, bound)
        found.append((least * direction.intrusion, direction, least))
        cuts = [_growing_places(c) for c in certificates]
        settled = bound <= last and len(found) > 1 and found[-1][0] >= found[-2][0]
        if found[-1][0] <= bound * (1 + GOAL) or settled or not any(cuts):
            break
        rows, least_there = _program(problem, needs, [np.array(cut) for cut in cuts])
        covers, needed = np.concatenate([covers, rows]), np.concatenate([needed, least_there])
    cost, direction, least = min(found, key=lambda f: f[0])
    return direction, least, min(bound, cost)


def _grid(problem: Problem, need: Need) -> Floats:
    """Wavenumbers of the need: the data's band, and three decades around it, less densely, unless the band is all it asks."""
    low, high = float(problem.band.low), float(problem.band.high)
    inside = np.geomspace(low, high, int(np.clip(_A_DECADE * np.log10(high / low), 200, 3000)))
    if need.band is not None:
        return inside
    around = [np.geomspace(end, end * factor, _AROUND) for end, factor in ((low, 1 / _BEYOND), (high, _BEYOND))]
    return np.concatenate([inside, *around])


def _program(problem: Problem, needs: Sequence[Need], grids: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Returns what each candidate at an intrusion of one covers at every wavenumber, and what is needed there."""
    covers, needed = [], []
    for need, k in zip(needs, grids, strict=True):
        needed.append(growth_rate(problem.role, 1, float_transform(need.kernel, k, problem.dim)))
        parts = zip(problem.candidates, problem.masses, strict=True)
        with np.errstate(over="ignore"):
            covers.append(np.stack([float_transform(c, k, problem.dim) / mass for c, mass in parts], axis=1))
    return np.concatenate(covers), np.concatenate(needed)


def candidates_alone(problem: Problem, needs: Sequence[Need]) -> list[float]:
    """Returns the intrusion of each candidate that meets the needs by itself, on the program's first grid (float64)."""
    covers, needed = _program(problem, needs, [_grid(problem, need) for need in needs])
    use = (needed > 0) & np.isfinite(covers).all(axis=1)
    with np.errstate(all="ignore"):
        ratios = np.nan_to_num(needed[use, None] / covers[use], nan=0.0, posinf=inf)
    return [float(most) for most in ratios.max(axis=0, initial=0.0)]


def _growing_places(certificate: Certificate) -> list[float]:
    """Wavenumbers inside the bands that a certificate proves to grow, to be cut off; moderate doubles only."""
    places = []
    for band in certificate.growing_bands:
        low = band.start[1] or (band.end[0] / 100 if band.end else 1.0)
        high = band.end[0] if band.end else 100 * low
        places += [low, (low * high) ** 0.5, high]
    if certificate.witness is not None and isinstance(certificate.witness.wavenumber, float):
        places.append(certificate.witness.wavenumber)
    return [k for k in places if 1e-150 < k < 1e150]


def _direction(problem: Problem, shares: Floats, least_share: float = 0.0) -> Direction:
    """Returns shares of intrusion, without those below a part of their sum, as a kernel with short weights."""
    weights = shares / np.array(problem.masses)
    top = float(weights[shares.argmax()])
    total, intrusion = ZERO, 0.0
    for candidate, mass, weight, share in zip(problem.candidates, problem.masses, weights, shares, strict=True):
        if share > least_share * shares.sum():
            ratio = Fraction(f"{weight / top:.{RATIO_DIGITS}g}")
            total, intrusion = total + ratio * candidate, intrusion + float(ratio) * mass
    return Direction(problem.role.value * total, intrusion, Fraction(f"{top:.12g}"))


# --- proofs decide ------------------------------------------------------------------------------------------------


def _feasible_direction(
    problem: Problem, needs: Sequence[Need], shares: Floats, bound: float
) -> tuple[Direction, float, tuple[Certificate, ...]]:
    """Returns (direction, its least eps, its certificates at the proposed strength) for proposed shares of intrusion.

    Tiny shares are left out at first. Where the answer is then far from its bound they are put back; where an end of the
    spectrum asks for what floats do not see, a little of every candidate is added.
    """
    found: list[tuple[float, Direction, float, tuple[Certificate, ...]]] = []
    equal = np.full(len(shares), max(bound, float(shares.sum())) / len(shares))
    for part, floor in ((0.0, _LEAST_SHARE), *((part, 0.0) for part in _SHARES_OF_ALL)):
        direction = _direction(problem, (1 - part) * shares + part * equal, floor)
        certificates = _certificates(problem, needs, direction.stabilizer, direction.strength)
        leasts = [_least(c) for c in certificates]
        if None not in leasts:
            least = max(v for v in leasts if v is not None)
            found.append((least * direction.intrusion, direction, least, certificates))
            if found[-1][0] <= _FAR * bound or found[-1][0] > found[0][0]:
                break
    if not found:
        raise NoCover("the linear program's weights, rounded to short decimals, have no feasible eps")
    return min(found, key=lambda f: f[0])[1:]


def _certificates(problem: Problem, needs: Sequence[Need], stabilizer: Kernel, eps: Fraction) -> tuple[Certificate, ...]:
    asked = (make_claim(n.kernel, stabilizer, eps, problem.dim, problem.role, None, n.band) for n in needs)
    return tuple(map(certify_claim, asked))


def _least(certificate: Certificate) -> float | None:
    """The least eps >= 0 from its outer side, None where there is none or it is beyond the doubles."""
    found = certificate.feasible
    if found is None or found.empty is not None:
        return None
    least = max(0.0, certificate.least_eps[1]) if certificate.least_eps else 0.0
    return least if least < inf else None


def _settled(problem: Problem, needs: Sequence[Need], direction: Direction, least: float, bound: float) -> Mixture:
    """Returns the mixture at the shortest exact eps next to its least one that is proved to do."""
    nearest = Fraction(f"{least:.{EPS_DIGITS[0]}g}")  # an attained end is often such a number
    above = [Fraction(beyond(Fraction(least), 1, digits)) for digits in EPS_DIGITS]
    reason = None
    for eps in [*([nearest] if abs(float(nearest) - least) <= 1e-12 * least else []), *above]:
        certificates = _certificates(problem, needs, direction.stabilizer, eps)
        if all(c.verdict is Verdict.DECAYS for c in certificates):
            intrusion = float(eps) * direction.intrusion
            return Mixture(direction.stabilizer, eps, intrusion, min(bound, intrusion), certificates)
        reason = next(c for c in certificates if c.verdict is not Verdict.DECAYS).reason
    return Mixture(None, Fraction(0), inf, bound, certificates, reason or "no short eps next to the least one is proved to do")
