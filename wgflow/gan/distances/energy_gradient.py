"""D_e of two samples as one node of torch's graph: value and gradient in one pass over the pairs, twice differentiable.

    D = sum_i [a_xx sum_j e(x_i - x_j) - a_xy sum_j e(x_i - y_j)] + sum_i [a_yy sum_j e(y_i - y_j) - a_xy sum_j e(y_i - x_j)]

with a = 1/N^2, 1/M^2, 1/(NM), and for the U-statistic no pairs i = j within x and within y, whose sums are divided by N(N-1) and
M(M-1) (Gretton et al. 2012, JMLR 13, lemma 6). Where x = y, both sums in a bracket are made of the same operations, so that
value and gradient of the V-statistic are 0 to the last bit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from wgflow.gan.distances.cloud_sums import RowSums, cloud_sums
from wgflow.gan.distances.compiled_pairs import compiled_value_and_gradients
from wgflow.gan.distances.pair_tensors import curvature_sums
from wgflow.kernels.kernel import Kernel
from wgflow.record import record


@record
class PairLoss:
    """What is summed: a kernel in R^dim, "V" or "U", and the precision of the pairs."""

    kernel: Kernel
    dim: int
    estimator: str
    precision: str

    @property
    def skips(self) -> bool:
        return self.estimator == "U"

    def within(self, count: int) -> float:
        """Returns a_xx."""
        return 1 / (count * (count - 1) if self.skips else count * count)

    def value_and_gradients(self, x: Tensor, y: Tensor, moves: tuple[bool, bool]) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Returns D and its gradients by x and y (None where that sample does not move), in float64."""
        compiled = compiled_value_and_gradients(
            self.kernel, self.dim, x, y, estimator=self.estimator, precision=self.precision, moves=moves
        )
        if compiled is not None:
            return compiled
        if self.precision == "float32":
            x, y = _about_centre(x, y)
        asked = {"skip_self": self.skips, "precision": self.precision, "moves": moves}
        own_x, other_x, own_y, other_y = cloud_sums(self.kernel, self.dim, x, y, **asked)  # type: ignore[arg-type]
        across = 1 / (len(x) * len(y))
        value_x, by_x = _less(self.within(len(x)), own_x, across, other_x)
        value_y, by_y = _less(self.within(len(y)), own_y, across, other_y)
        return value_x + value_y, by_x if moves[0] else None, by_y if moves[1] else None

    def hessian_rows(self, x: Tensor, y: Tensor, v: Tensor, w: Tensor) -> Tensor:
        """Returns the rows of x of the Hessian of D applied to the moves v of x and w of y: (N, n) float64."""
        own = curvature_sums(self.kernel, self.dim, x, x, (v, v), skip_self=self.skips)
        mixed = curvature_sums(self.kernel, self.dim, x, y, (v, w))
        return 2 * (self.within(len(x)) * own - mixed / (len(x) * len(y)))


def _about_centre(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Returns both samples less the median of each coordinate, float64: far from 0 float32 would round distances away.

    A median, as one far sample would move the mean far from all others.
    """
    x, y = x.detach().to(torch.float64), y.detach().to(torch.float64)
    both = torch.cat([x, y]).sort(dim=0).values
    centre = both[len(both) // 2]
    return (x - centre, y - centre) if bool(torch.isfinite(centre).all()) else (x, y)


def _less(a: float, own: RowSums, across: float, other: RowSums) -> tuple[Tensor, Tensor | None]:
    """Returns a point's own cloud less the other one: the share of D, and the gradient where both have one."""
    value = a * own.values.sum() - across * other.values.sum()
    if own.gradients is None or other.gradients is None:
        return value, None
    return value, 2 * (a * own.gradients - across * other.gradients)


class _Gradient(torch.autograd.Function):
    """The gradients that the value's pass has found, as functions of x and y, so that they can be differentiated again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, by_x: Tensor, by_y: Tensor, loss: PairLoss) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(x, y)
        ctx.loss = loss
        return by_x.clone(), by_y.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, v: Tensor, w: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved_tensors
        by_x = ctx.loss.hessian_rows(x, y, v, w).to(x.dtype) if ctx.needs_input_grad[0] else None
        by_y = ctx.loss.hessian_rows(y, x, w, v).to(y.dtype) if ctx.needs_input_grad[1] else None
        return by_x, by_y, None, None, None


class _Value(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, loss: PairLoss, moves: tuple[bool, bool]) -> Tensor:
        value, by_x, by_y = loss.value_and_gradients(x, y, moves)
        # A sample that does not move gets zeros that take no memory, and no gradient.
        parts = [x.new_zeros(()).expand_as(z) if g is None else g.to(z.dtype) for z, g in ((x, by_x), (y, by_y))]
        ctx.save_for_backward(x, y, *parts)
        ctx.loss, ctx.moves = loss, moves
        return value.to(torch.promote_types(x.dtype, y.dtype))

    @staticmethod
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor | None, ...]:
        x, y, by_x, by_y = ctx.saved_tensors
        if torch.is_grad_enabled():
            by_x, by_y = _Gradient.apply(x, y, by_x, by_y, ctx.loss)
        return outer * by_x if ctx.moves[0] else None, outer * by_y if ctx.moves[1] else None, None, None


def pair_distance(x: Tensor, y: Tensor, loss: PairLoss) -> Tensor:
    """Returns D_e of the samples x (N, n) and y (M, n), a scalar of their type; sums are float64."""
    asked = torch.is_grad_enabled()
    with torch.autocast(x.device.type, enabled=False):  # it would halve the digits of float32 pairs
        return _Value.apply(x, y, loss, (asked and x.requires_grad, asked and y.requires_grad))
