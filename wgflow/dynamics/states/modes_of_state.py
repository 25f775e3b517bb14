"""Computes growth rates and modes about a state that is not constant."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.conventions import both_moving, growth_rate
from wgflow.dynamics.states.base_state import base_state
from wgflow.dynamics.states.curvature import curvature, curvature_at_zero
from wgflow.dynamics.states.eigenmodes import NOISE, Found, eigenvectors, refined
from wgflow.dynamics.states.essential import BAND, COMPACT, UNBOUNDED, Toward, toward_infinity
from wgflow.dynamics.states.particle_jacobian import flux_matrix
from wgflow.dynamics.states.resolutions import SIZES, grid_of, levels, values_on
from wgflow.dynamics.states.rest import Residual, residual
from wgflow.dynamics.states.state import DensityState, SampledState
from wgflow.dynamics.states.state_modes import StateModes
from wgflow.dynamics.states.state_text import Floats
from wgflow.fourier.domain import Period
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.record import replace
from wgflow.stability.answer import Verdict
from wgflow.stability.certify import certify_claim
from wgflow.stability.claim import Claim, make_claim
from wgflow.stability.stabilizer import default_stabilizer

_NOT_COMPACT = {1: 487, 2: 31, 3: 9}  # points an axis where no refinement would settle a continuous spectrum
_IMAGES = 40
NEGLIGIBLE_DENSITY = 1e-12  # of the largest value


def modes(
    kernel: object,
    state: Any = "1",
    *,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = None,
    role: object = "discriminator",
    period: object = None,
    box: object = None,
    target: Any = None,
    moves: str = "p",
    normalize: bool = False,
    bandwidth: object = None,
    count: object = 10,
    digits: object = 6,
) -> StateModes:
    """Returns the growth rates and modes of the flow about a state p0, constant or not.

    About p0 = q, v_t = role * div(p0 grad(e~ * v)) with e~ = e - eps s and role -1 for the generator, whose flux form is
    symmetric (see `wgflow.dynamics.states.linearized`): rates are real. An eigenvalue is listed where two resolutions agree in
    ``digits`` digits. Everything here is numeric, not proved, with one exception: where `wgflow.certify` proves that every
    mode about constants decays, so does every mode about every state, for F < 0 makes the quadratic form of A negative.

    state, target: see `wgflow.dynamics.states.base_state.base_state`; target: q, by default the same state.  period: a torus
    centred at 0; without it the whole space, cut off where the state is below 1e-16 of its maximum, or at box=(low, high).
    moves: "p", or "both" for q in the opposite direction.  normalize: divides the state by its mass.  count: how many
    modes of either sign. Raises InputError, OSError.

    >>> import wgflow as wg
    >>> found = wg.modes("rbf(0.5)", "1 + 0.5*cos(x)", period="2*pi", count=2)
    >>> found.verdict, found.rate.round(6), bool((found.digits > 10).all())
    (<Verdict.GROWS: 'GROWS'>, array([4.514653, 4.514653]), True)
    """
    width = None if bandwidth is None else float(rational(bandwidth, "bandwidth"))
    base = base_state(state, None if dim is None else integer(dim, "dim", 1, 3), width)
    claim = _claim(kernel, stabilizer, eps, base.dim, role, period)
    if moves not in ("p", "both"):
        raise InputError(f"moves {shown(moves)} is neither p nor both; type --moves both, say.")
    number = integer(count, "count", 1, 200)
    asked = float(rational(digits, "digits"))
    if not 1 <= asked <= 14:
        raise InputError(f"digits {asked:g} must be from 1 to 14; type --digits 6, say.")
    toward = toward_infinity(_total(claim), claim.dim)
    proved = certify_claim(claim).verdict
    if isinstance(base, SampledState):
        if target is not None or box is not None or normalize:
            raise InputError("samples are their own target and have mass 1; leave out --target, --box and --normalize.")
        return _of_samples(claim, base, moves, number, toward, proved)
    ends = _box(box, claim)
    fine = _fine(base, claim, ends)
    mass = fine[0] if normalize else 1.0
    found = refined(
        levels(_total(claim), base, _period(claim), ends, 1 / mass, _sizes(claim.dim, toward)), number, toward.kind == COMPACT
    )
    rest = None if target is None else _at_rest(claim, base, base_state(target, base.dim, width), ends, mass, moves)
    extremes = (fine[1] / mass, fine[2] / mass)
    return _answer(claim, base.text, target, moves, found, number, asked, toward, rest, proved, extremes)


def _total(claim: Claim) -> Kernel:
    return claim.kernel - claim.eps * claim.stabilizer


def _period(claim: Claim) -> float | None:
    if not isinstance(claim.domain, Period):
        return None
    return float(claim.domain.factor) * (np.pi if claim.domain.times_pi else 1.0)


def _claim(kernel: object, stabilizer: object, eps: object, dim: int, role: object, period: object) -> Claim:
    e = parse(kernel)
    e.check_dimension(dim)
    strength = rational(eps, "eps")
    if stabilizer is None:
        stabilizer = default_stabilizer(e, dim) if strength else "0*rbf"
    return make_claim(e, stabilizer, strength, dim, role, period)


def _box(box: object, claim: Claim) -> tuple[float, float] | None:
    if box is None:
        return None
    if claim.domain is not None:
        raise InputError("a box goes with the whole space; leave out --box or --period.")
    parts = box.split(",") if isinstance(box, str) else list(box) if isinstance(box, (tuple, list)) else []
    if len(parts) != 2:
        raise InputError(f"box {shown(box)} is not two numbers; type --box=-10,10, say.")
    low, high = (float(rational(part, "box end")) for part in parts)
    if not -1e100 < low < high < 1e100:
        raise InputError(f"box {shown(box)} must have LOW < HIGH; type --box=-10,10, say.")
    return low, high


def _sizes(dim: int, toward: Toward) -> tuple[int, ...]:
    most = SIZES[dim][-1] if toward.kind == COMPACT else _NOT_COMPACT[dim]
    return tuple(size for size in SIZES[dim] if size <= most)


def _fine(base: DensityState, claim: Claim, box: tuple[float, float] | None) -> tuple[float, float, float]:
    """(mass, min, max) of the state on a fine grid, which has the middle and the ends of the torus among its points."""
    grid = grid_of(base, {1: 4096, 2: 256, 3: 64}[claim.dim], 0, _period(claim), box)
    values = values_on(base, grid, _period(claim))
    least = 0.0 if claim.domain is None else float(values.min())
    return float(values.sum() * grid.cell), least, float(values.max())


def _at_rest(
    claim: Claim, base: DensityState, target: Any, box: tuple[float, float] | None, mass: float, moves: str
) -> Residual | None:
    if isinstance(target, SampledState):
        raise InputError("a target of samples has no density; give --bandwidth H, or leave out --target.")
    if moves == "both":
        raise InputError("both densities move about p0 = q only; leave out --target.")
    period = _period(claim)
    grid = grid_of(base, {1: 1097, 2: 149, 3: 43}[claim.dim], 0, period, box)
    p0 = values_on(base, grid, period) / mass
    return residual(_total(claim), grid, p0, values_on(target, grid, period, "the target"), period is not None)


def _answer(
    claim: Claim, text: str, target: Any, moves: str, found: Found, count: int, asked: float, toward: Toward,
    rest: Residual | None, proved: Verdict, extremes: tuple[float, float],
) -> StateModes:  # fmt: skip
    operator, grid = found.operator, found.operator.grid
    rates, density = _signed(claim, moves, found.value), operator.root**2
    mass = float(density.sum() * grid.cell)
    blank = StateModes(
        claim, text, None if target is None else str(target), moves, rates, found.digits, 0, np.zeros(0), grid.points, density,
        mass, extremes,
        float(_signed(claim, moves, np.array(operator.trace()))), _exact_trace(claim, moves, mass), toward, rest,
        (found.coarser, operator.unknowns), proved,
    )  # fmt: skip
    chosen = _listed(blank, asked, count)
    vectors = eigenvectors(operator, found.value[chosen])
    shapes = np.array([operator.density_mode(w) for w in vectors]).reshape(len(chosen), *grid.count)
    left_out = len(rates) - len(chosen) if toward.kind == COMPACT else 0
    return replace(blank, rate=rates[chosen], digits=found.digits[chosen], left_out=left_out, mode=shapes)


def _listed(found: StateModes, asked: float, count: int) -> NDArray[np.int64]:
    """Indices of the eigenvalues that agree and lie outside the continuous part, fastest growing first."""
    good = found.digits >= asked
    if found.toward.kind == BAND and found.band is not None:
        low, high = found.band
        margin = 1e-6 * max(abs(low), abs(high))
        good &= (found.rate < low - margin) | (found.rate > high + margin)
    chosen = np.flatnonzero(good)
    if found.toward.kind == UNBOUNDED and (
        found.toward.limit == 0 or found.extremes[0] <= NEGLIGIBLE_DENSITY * found.extremes[1]
    ):
        return np.zeros(0, dtype=np.int64)  # where p0 falls to 0, p0 k^2 F takes every value
    if found.toward.kind == UNBOUNDED:  # the fastest that a grid resolves say something of the grid alone: the slowest are kept
        chosen = chosen[np.argsort(np.abs(found.rate[chosen]), kind="stable")][:count]
    return chosen[np.argsort(-found.rate[chosen], kind="stable")]


def _signed(claim: Claim, moves: str, values: Floats) -> Floats:
    rates = growth_rate(claim.role, 1, values)
    return np.asarray(both_moving(rates) if moves == "both" else rates)


def _exact_trace(claim: Claim, moves: str, mass: float) -> float | None:
    """role * mass * (-Laplacian e(0)), of the periodized kernel on a torus; None where it is infinite or not known."""
    kernel, period = _total(claim), _period(claim)
    value = curvature_at_zero(kernel, claim.dim)
    if value is None:
        return None
    if period is not None:
        images = _images(kernel, claim.dim, period, max(abs(value), 1e-300))
        if images is None:
            return None
        value += images
    return float(_signed(claim, moves, np.array(mass * value)))


def _images(kernel: Kernel, dim: int, period: float, scale: float) -> float | None:
    """The sum of -Laplacian e over the images of 0, None where it does not converge fast."""
    total, negligible = 0.0, 0
    for radius in range(1, {1: _IMAGES, 2: 12, 3: 6}[dim] + 1):
        shell = [m for m in itertools.product(range(-radius, radius + 1), repeat=dim) if max(map(abs, m)) == radius]
        last = float(np.trace(curvature(kernel, period * np.array(shell, dtype=np.float64)), axis1=-2, axis2=-1).sum())
        total += last
        negligible = negligible + 1 if abs(last) <= 1e-17 * scale else 0
        if negligible == 3:  # one alone may be a zero of the curvature
            return total
    return None


def _of_samples(claim: Claim, base: SampledState, moves: str, count: int, toward: Toward, proved: Verdict) -> StateModes:
    from scipy.linalg import eigh  # late: scipy

    kernel, period = _total(claim), _period(claim)
    matrix = flux_matrix(kernel, base.points, base.weights, period)
    values, vectors = eigh(matrix, check_finite=False)
    rates = _signed(claim, moves, values)
    order = np.argsort(-rates, kind="stable")
    noise = NOISE * float(np.max(np.abs(rates), initial=0.0))
    grows, decays = order[rates[order] > noise], order[rates[order] < -noise]
    chosen = np.concatenate([grows[:count], decays[max(0, len(decays) - count) :]])
    shapes = vectors.T[chosen].reshape(len(chosen), *base.points.shape) / np.sqrt(np.maximum(base.weights, 1e-300))[None, :, None]
    largest = np.max(np.abs(shapes), axis=(1, 2), keepdims=True)
    unknown = np.full(len(chosen), np.nan)
    return StateModes(
        claim, base.text, None, moves, rates[chosen], unknown, 0, shapes / largest, base.points, base.weights, 1.0, (0.0, 0.0),
        float(rates.sum()), _exact_trace(claim, moves, 1.0), toward, None, (0, len(values)), proved, True,
    )  # fmt: skip
