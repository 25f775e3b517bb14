"""The sums of two clouds of points, each over its own points and over the other's, in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from wgflow.gan.distances import pair_tensors
from wgflow.kernels.kernel import Kernel
from wgflow.record import record


@record
class RowSums:
    """sum_j e(x_i - s_j), (P,), and sum_j grad e(x_i - s_j), (P, n) or None, for each point x_i: float64."""

    values: Tensor
    gradients: Tensor | None


Clouds = tuple[RowSums, RowSums, RowSums, RowSums]


def cloud_sums(
    kernel: Kernel, dim: int, x: Tensor, y: Tensor, *, skip_self: bool, precision: str, moves: tuple[bool, bool]
) -> Clouds:
    """Returns the sums at x over x and over y, and those at y over y and over x.

    x: (N, n).  y: (M, n).  ``skip_self`` leaves out each point itself.  moves: which cloud needs gradients.

    >>> from wgflow.kernels.text import parse
    >>> x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[3.0]])
    >>> [s.values.tolist() for s in cloud_sums(parse("energy"), 1, x, y, skip_self=True, precision="float64", moves=(True, True))]
    [[-1.0, -1.0], [-3.0, -2.0], [0.0], [-5.0]]
    """
    if all(moves):
        return _toward_both(kernel, dim, x, y, skip_self, precision)
    sums = lambda p, s, skip, move: RowSums(  # noqa: E731
        *pair_tensors.row_sums(kernel, dim, p, s, skip_self=skip, precision=precision, gradient=move)
    )
    own_x, own_y = sums(x, x, skip_self, moves[0]), sums(y, y, skip_self, moves[1])
    if moves[1]:
        other = sums(y, x, False, True)
        return own_x, _shared(other), own_y, other
    other = sums(x, y, False, moves[0])
    return own_x, other, own_y, _shared(other)


def _shared(other: RowSums) -> RowSums:
    """The same pairs for the cloud that does not move: it needs their total alone, however that is split."""
    return RowSums(other.values, None)


def _toward_both(kernel: Kernel, dim: int, x: Tensor, y: Tensor, skip_self: bool, precision: str) -> Clouds:
    """All points toward x, then all toward y: half the operations that are started, which count in small batches."""
    points, count = torch.cat([x, y]), len(x)
    given = {"skip_self": skip_self, "precision": precision}
    u, g = pair_tensors.row_sums(kernel, dim, points, x, **given)  # type: ignore[arg-type]
    v, h = pair_tensors.row_sums(kernel, dim, points, y, first=count, **given)  # type: ignore[arg-type]
    assert g is not None and h is not None
    return (
        RowSums(u[:count], g[:count]),
        RowSums(v[:count], h[:count]),
        RowSums(v[count:], h[count:]),
        RowSums(u[count:], g[count:]),
    )
