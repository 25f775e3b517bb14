"""The linear program of inverse design on finitely many wavenumbers: the cheapest nonnegative cover.

    minimize u_1 + ... + u_J   subject to   sum_j F_ij u_j >= E_i,  u_j >= 0

With any finite set of wavenumbers its value bounds the least intrusion from below: leaving wavenumbers out only relaxes.
The bound is taken from the dual: any y >= 0 with F^T y <= 1 gives E.y, whatever tolerance y was found with.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from wgflow.arithmetic.floating import Floats

_ROUNDS = 60
_SHORT = 1e-8  # of what a row needs: rows that fall shorter are repaired


class NoCover(ArithmeticError):
    """The solver found no answer: numbers too far apart for float64."""


def least_cover(covers: Floats, needed: Floats) -> tuple[Floats, float]:
    """Returns (u, bound): a cheapest cover in float64 and a lower bound of its cost.

    covers: (K, J), nonnegative.  needed: (K,); rows where nothing is needed, or beyond the doubles, are left out. Returns u
    of shape (J,). Requirements below the solver's tolerance are met by repairs, each a program for what is still short,
    in its own unit. Raises NoCover where the solver fails.

    >>> u, bound = least_cover(np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1e12]]), np.array([1.0, 1e-20, 1.0]))
    >>> u.round(24).tolist(), round(bound, 9)
    ([1.0, 5e-21], 1.0)
    """
    size = covers.max(axis=1)
    with np.errstate(all="ignore"):
        least = needed / size
    use = (needed > 0) & (size > 0) & np.isfinite(size) & np.isfinite(least) & (least > 0)
    rows, least = covers[use] / size[use, None], least[use]
    found, bound = np.zeros(covers.shape[1]), None
    for _ in range(_ROUNDS):
        short = least - rows @ found
        open_rows = short > _SHORT * least
        if not open_rows.any():
            break
        more, value = _solved(rows[open_rows], short[open_rows])
        found, bound = found + more, value if bound is None else bound
    return found, bound or 0.0


def _solved(rows: Floats, least: Floats) -> tuple[Floats, float]:
    """Returns (u, bound) of the program for rows of order one, in the unit of the largest requirement."""
    unit = least.max()
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(np.ones(rows.shape[1]), A_ub=-rows, b_ub=-least / unit, method="highs", options=options)
    if found.status != 0:
        raise NoCover(f"the linear program of {len(rows)} wavenumbers was not solved: {found.message}")
    dual = np.maximum(-found.ineqlin.marginals, 0)
    steepest = (rows.T @ dual).max()
    return np.maximum(found.x, 0) * unit, float(least @ dual / steepest) if steepest > 0 else 0.0
