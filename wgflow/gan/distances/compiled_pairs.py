"""The pairs of a particle loss by compiled loops on a CPU: value and both gradients from one evaluation of every pair.

Where these loops do not apply - tensors elsewhere, no Numba, a kernel that has no slope, coordinates out of range, or so few
pairs that compiling would cost more than it saves - None is returned, and torch's own sums (`pair_tensors`) take over.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from wgflow.arithmetic.number import InputError
from wgflow.kernels.kernel import Kernel

if TYPE_CHECKING:
    from wgflow.dynamics.sums.mutual import Mutual

FEW = 64  # points of both samples together: a new kernel takes seconds to compile, which so few never earn back
MANY_DIMENSIONS = 1024  # from here on products of matrices are faster than differences


@lru_cache(maxsize=1)
def is_installed() -> bool:
    """Tells whether kernels can be compiled here: Numba and python-flint are there."""
    try:
        import_module("wgflow.dynamics.sums.mutual")  # late: a second, and only where it is used
    except ImportError:
        return False
    return True


@lru_cache(maxsize=64)
def _compiled(kernel: Kernel, dim: int, softening: float, precision: str) -> Mutual | None:
    from wgflow.dynamics.sums.mutual import Mutual

    try:
        sums = Mutual(kernel, dim, softening, precision == "float32")
        _ = sums.kernel
    except InputError:
        return None
    return sums


def mutual(kernel: Kernel, dim: int, points: Tensor, sources: Tensor, softening: float, precision: str) -> Mutual | None:
    """Returns the compiled sums, None where they do not apply; by sizes and installed packages, never by a clock."""
    on_cpu = points.device.type == sources.device.type == "cpu"
    is_worth_it = len(points) + len(sources) > FEW and 0 < dim < MANY_DIMENSIONS
    return _compiled(kernel, dim, softening, precision) if on_cpu and is_worth_it and is_installed() else None


def _array(z: Tensor) -> Any:
    return z.detach().to(torch.float64).contiguous().numpy()


def compiled_value_and_gradients(
    kernel: Kernel,
    dim: int,
    x: Tensor,
    y: Tensor,
    *,
    estimator: str = "V",
    softening: float = 0.0,
    precision: str = "float64",
    moves: tuple[bool, bool] = (True, True),
) -> tuple[Tensor, Tensor | None, Tensor | None] | None:
    """Returns D_e[p, q] and its gradients by x (N, n) and y (M, n), float64, None for a sample that does not move.

    D = a sum_ij e(x_i - x_j) + b sum_ij e(y_i - y_j) - 2/(NM) sum_ij e(x_i - y_j), a = 1/N^2, b = 1/M^2 (``estimator`` "V"), or
    1/(N(N-1)), 1/(M(M-1)) without i = j ("U"). Work (N + M)^2/2 pairs, memory of the order of the samples. A V-statistic of
    two equal samples is 0, with its gradients. None altogether where compiled sums do not apply.

    >>> from wgflow.kernels.text import parse
    >>> x, y = torch.zeros(40, 2), torch.ones(40, 2)
    >>> value, by_x, _ = compiled_value_and_gradients(parse("rbf"), 2, x, y)
    >>> round(float(value), 6), [round(part, 6) for part in by_x[0].tolist()]  # 2 - 2/e, -2/(40 e)
    (1.264241, [-0.018394, -0.018394])
    """
    sums = mutual(kernel, dim, x, y, softening, precision)
    if sums is None:
        return None
    n, m, skips = len(x), len(y), estimator == "U"
    found = sums.passed(_array(x), _array(y), moves, threads=torch.get_num_threads())
    if found is None:
        return None
    by_x, by_y = (torch.empty(z.shape, dtype=torch.float64) if moved else None for z, moved in zip((x, y), moves, strict=True))
    if not skips and x.shape == y.shape and torch.equal(x, y):  # the sums agree to rounding alone
        return torch.zeros((), dtype=torch.float64), *(None if g is None else g.zero_() for g in (by_x, by_y))  # type: ignore[return-value]
    a, b, across = 1 / (n * (n - skips)), 1 / (m * (m - skips)), 1 / (n * m)
    own_x, mixed, own_y = found.values
    itself = 0.0 if skips else sums.value_at_zero
    value = a * (own_x + n * itself) + b * (own_y + m * itself) - 2 * across * mixed
    arrays = [None if g is None else g.numpy() for g in (by_x, by_y)]
    found.put_gradients((4 * a, -4 * across), (4 * b, -4 * across), *arrays)
    return torch.tensor(value, dtype=torch.float64), by_x, by_y
