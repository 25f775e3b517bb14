"""The action of phi functions of a matrix by Krylov subspaces, where the matrix can only be applied to vectors.

Inner products and small matrices are NumPy's own sums, not BLAS's: their rounding would depend on the number of threads, and
for matrices of ten rows starting the threads costs more than the product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record

MAX_DIMENSION = 40  # vectors kept at a time
MAX_SUBSTEPS = 100
LARGEST_GROWTH = 1e100  # beyond it a step is an explosion
TAYLOR_DEGREE = 12  # 4^-13 / 13! < 1e-17
ROUNDING = 1e-13  # of the forcing: no smaller error is asked for
MOST_HALVINGS = 60
NEGLIGIBLE = 1e-14  # a new direction so much smaller than the image it came from is rounding: the subspace is invariant


def phi_sum(apply: Callable[[Floats], Floats], vectors: Sequence[Floats], t: float, allowed: float) -> Floats:
    """Returns sum_k t^k phi_k(t J) b_k for vectors b_1, b_2, ...; ``apply`` is v -> J v, and phi_k(z) is the integral over
    0 <= s <= 1 of exp((1 - s) z) s^(k-1) / (k-1)!.

    This is y(t) of y' = J y + sum_k s^(k-1)/(k-1)! b_k, y(0) = 0, a linear system with a few components more (Al-Mohy and
    Higham 2011, theorem 2.1). Its exponential is applied by Arnoldi's method, in as many substeps as the tolerance asks.

    vectors: arrays of one shape.  allowed: the permitted root-mean-square error of the result (an estimate, Saad 1992).
    Returns that shape; NaN where it grows beyond LARGEST_GROWTH or MAX_SUBSTEPS do not suffice.

    >>> import numpy as np
    >>> y = phi_sum(lambda v: -v, [np.ones(1)], 2.0, 1e-12)  # 2 phi_1(-2) = 1 - exp(-2)
    >>> bool(abs(y[0] - (1 - np.exp(-2))) < 1e-14)
    True
    """
    shape, size = vectors[0].shape, vectors[0].size  # a forcing is a vector with its power of t: below, time ends at 1
    forcing = tuple(np.ravel(b) * t**k for k, b in enumerate(vectors, start=1))
    scale = max(norm(b) for b in forcing)
    if not scale:
        return np.zeros(shape)
    system = _Extended(lambda v: t * np.ravel(apply(v.reshape(shape))), forcing, scale)
    state, left = system.start(), 1.0
    for _ in range(MAX_SUBSTEPS):
        state, used = _substep(system.times, state, left, max(allowed * np.sqrt(size), ROUNDING * scale))
        if used == left:
            return state[:size].reshape(shape)
        if not used or not np.abs(state).max() < LARGEST_GROWTH * scale:
            break
        left -= used
    return np.full(shape, np.nan)


def norm(v: Floats) -> float:
    return float(np.sqrt(np.sum(v * v)))


@record
class _Extended:
    """The system y' = J y + sum_k w_k b_k / scale, w_1' = 0, w_2' = w_1, ... over 0 <= s <= 1, for z = (y, w)."""

    apply: Callable[[Floats], Floats]
    forcing: tuple[Floats, ...]
    scale: float  # w starts as (scale, 0, ...), as large as the b_k, so that neither drowns the other

    def start(self) -> Floats:
        z = np.zeros(self.forcing[0].size + len(self.forcing))
        z[self.forcing[0].size] = self.scale
        return z

    def times(self, z: Floats) -> Floats:
        """Returns z' for z."""
        size = self.forcing[0].size
        y, w = z[:size], z[size:]
        out = np.zeros_like(z)
        if y.any():  # the first direction has no y: one product saved
            out[:size] = self.apply(y)
        for factor, b in zip(w, self.forcing, strict=True):
            out[:size] += (factor / self.scale) * b
        out[size + 1 :] = w[:-1]
        return out


def _substep(times: Callable[[Floats], Floats], state: Floats, left: float, allowed: float) -> tuple[Floats, float]:
    """Returns (exp(s A) state, s) for the largest s <= left, halved as often as needed, with an estimated error <= s allowed;
    s = 0 where there is none.
    """
    beta = norm(state)
    basis, h = [state / beta], np.zeros((MAX_DIMENSION + 1, MAX_DIMENSION))
    for m in range(1, MAX_DIMENSION + 1):
        image = times(basis[-1])
        if not np.isfinite(image).all():
            return state, 0.0
        size = norm(image)
        for i, direction in enumerate(basis):  # modified Gram-Schmidt
            h[i, m - 1] = np.sum(direction * image)
            image -= h[i, m - 1] * direction
        h[m, m - 1] = norm(image)
        whole = h[m, m - 1] <= NEGLIGIBLE * size  # the subspace is invariant
        if whole:
            h[m, m - 1] = 0.0
        used, column = _longest(h, m, left, allowed / beta, MOST_HALVINGS if m == MAX_DIMENSION else 0)
        if used or whole:
            return sum((c * v for c, v in zip(beta * column, basis, strict=True)), np.zeros_like(state)), used
        basis.append(image / h[m, m - 1])
    return state, 0.0


def _longest(h: Floats, m: int, left: float, allowed: float, halvings: int) -> tuple[float, Floats]:
    """Returns (s, the first column of exp(s H_m)) for the first s = left/2^j, j <= halvings, whose estimated error is at most
    s allowed; s = 0 if there is none.

    The error is about h_(m+1,m) |last entry of s phi_1(s H_m) e_1| (Saad 1992, section 5).
    """
    block = np.zeros((m + 1, m + 1))  # exp(s [H e_1; 0 0]) has the columns exp(s H) e_1 and s phi_1(s H) e_1
    block[:m, :m], block[0, m] = h[:m, :m], 1.0
    used = left
    for _ in range(halvings + 1):
        power = small_exponential(used * block)
        if np.isfinite(power).all() and h[m, m - 1] * abs(power[m - 1, m]) <= used * allowed:
            return used, power[:m, 0]
        used /= 2
    return 0.0, block[:m, 0]


def small_exponential(matrix: Floats) -> Floats:
    """Returns exp(A) of a small matrix (m, m): Taylor's polynomial of A / 2^s, 1-norm at most 1/4, squared s times.

    Entries that overflow are inf or NaN.

    >>> bool(abs(small_exponential(np.array([[1.0]]))[0, 0] - np.e) < 1e-15)
    True
    """
    size = float(np.abs(matrix).sum(axis=0).max())
    if not np.isfinite(size):
        return np.full_like(matrix, np.nan)
    squarings = max(int(np.frexp(size)[1]) + 2, 0)
    scaled, one = np.ldexp(matrix, -squarings), np.eye(len(matrix))
    power = one
    with np.errstate(all="ignore"):
        for k in range(TAYLOR_DEGREE, 0, -1):
            power = one + np.einsum("ij,jk->ik", scaled, power) / k
        for _ in range(squarings):
            power = np.einsum("ij,jk->ik", power, power)
    return power
