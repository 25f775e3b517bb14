"""Eigenvalues of the linearized flow, accepted only where two resolutions agree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wgflow.dynamics.states.block_lanczos import ends_of_spectrum
from wgflow.dynamics.states.linearized import FluxOperator
from wgflow.dynamics.states.state_text import Floats
from wgflow.record import record

DENSE = 2000  # unknowns; beyond, the ends of the spectrum by block Lanczos iteration with FFTs
WANTED_DIGITS = 10.0  # at which refinement stops
_FOLLOWED = 1e-4  # of the largest eigenvalue: smaller ones are left out where the matrix is not made
_ROUNDING = 3e-15  # of the largest eigenvalue: differences below it say nothing
NOISE = 1e-13  # of the largest eigenvalue: smaller ones have no sign
MOST_DIGITS = 15.0


@record
class Found:
    """Eigenvalues of A of one resolution that were also seen at the one before.

    value: ascending, (K,).  digits: agreement with the coarser resolution, in decimal digits, (K,).  settled: whether every
    one has `WANTED_DIGITS`, or agrees to rounding.
    """

    operator: FluxOperator
    coarser: int
    value: Floats
    digits: Floats
    settled: bool


def refined(levels: list[Callable[[], FluxOperator]], count: int, at_ends: bool) -> Found:
    """Returns eigenvalues of the first resolution that agrees with the one before it, or of the last.

    at_ends: the spectrum is discrete at its ends: up to ``count`` eigenvalues of each sign, the largest in size, matched by
    rank. Otherwise any eigenvalues, matched with the nearest.
    """
    before, coarser = None, 0
    for make in levels:
        operator = make()
        if operator.unknowns <= DENSE or before is None:
            values = eigenvalues(operator)
        else:
            values = ends_of_spectrum(operator, *_followed(before, count))[0]
        if before is not None:
            found = _compare(operator, coarser, values, before, count, at_ends)
            if found.settled:
                break
        before, coarser = values, operator.unknowns
    return found


def eigenvalues(operator: FluxOperator) -> Floats:
    """Returns all eigenvalues ascending, from the matrix."""
    from scipy.linalg import eigvalsh  # late: scipy

    return np.asarray(eigvalsh(operator.matrix(), check_finite=False, overwrite_a=True))


def _followed(values: Floats, count: int) -> tuple[int, int]:
    """How many eigenvalues of either end Lanczos iteration is asked for: those that stand out of the many around 0."""
    least = _FOLLOWED * float(np.max(np.abs(values), initial=0.0))
    return min(count, int(np.sum(values < -least))), min(count, int(np.sum(values > least)))


def _compare(operator: FluxOperator, coarser: int, values: Floats, before: Floats, count: int, at_ends: bool) -> Found:
    largest = float(np.max(np.abs(values), initial=0.0))
    noise = NOISE * largest
    if at_ends:
        chosen, partners = (np.concatenate(_ends(each, noise, count)) for each in (values, before))
        keep = chosen != 0
        chosen, partners = chosen[keep], partners[keep]
    else:
        chosen = values[np.abs(values) > noise]
        partners = before[np.abs(chosen[:, None] - before[None, :]).argmin(axis=1)]
    error = np.abs(chosen - partners)
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = np.clip(-np.log10(error / np.abs(chosen)), 0.0, MOST_DIGITS)
    settled = bool(np.all((digits >= WANTED_DIGITS) | (error <= _ROUNDING * largest)))
    return Found(operator, coarser, chosen, digits, settled)


def _ends(values: Floats, noise: float, count: int) -> tuple[Floats, Floats]:
    """The ``count`` lowest below -noise and the ``count`` highest above noise, with 0 where there are fewer."""
    low, high = values[values < -noise][:count], values[values > noise][-count:]
    return np.pad(low, (0, count - len(low))), np.pad(high, (count - len(high), 0))


def eigenvectors(operator: FluxOperator, values: Floats) -> Floats:
    """Returns the eigenvectors of eigenvalues that `refined` found, (K, unknowns)."""
    if not len(values):
        return np.zeros((0, operator.unknowns))
    if operator.unknowns <= DENSE:
        from scipy.linalg import eigh  # late: scipy

        every, basis = eigh(operator.matrix(), check_finite=False, overwrite_a=True)
    else:
        every, basis = ends_of_spectrum(operator, int(np.sum(values < 0)), int(np.sum(values > 0)))
    used: list[int] = []
    for value in values:  # equal eigenvalues have a vector each
        order = np.argsort(np.abs(every - value), kind="stable")
        used.append(int(next(i for i in order if i not in used)))
    return np.asarray(basis[:, used].T)
