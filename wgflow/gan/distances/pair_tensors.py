"""Sums over all pairs of points and sources in torch, on any device, in blocks of rows: memory O(block), not O(P S).

In few dimensions the differences of the coordinates are taken directly. In many, |x - s|^2 = |x|^2 + |s|^2 - 2 x.s about the
common centre by one matrix product, and close pairs, which that form loses, are computed anew from their differences.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wgflow.gan.distances.radial_profile import Profile, profile_of
from wgflow.kernels.kernel import Kernel
from wgflow.record import record

BLOCK = {"cpu": 1 << 17, "cuda": 1 << 25}  # pairs that are held at a time
DIRECT = 8  # the most dimensions in which differences are taken directly
CLOSE = {torch.float64: 1e-4, torch.float32: 1e-2}  # of |x|^2 + |s|^2: below, the product form loses too many digits
MANY = 16  # where more than one pair in so many is close, the whole block is computed directly
SINGLE_RANGE = 1e15  # float32 holds the squares of these
PRECISIONS = {"float64": torch.float64, "float32": torch.float32}


def row_sums(
    kernel: Kernel,
    dim: int,
    points: Tensor,
    sources: Tensor,
    *,
    skip_self: bool = False,
    first: int = 0,
    precision: str = "float64",
    gradient: bool = True,
) -> tuple[Tensor, Tensor | None]:
    """Returns u_i = sum_j e(x_i - s_j), (P,), and g_i = sum_j grad e(x_i - s_j), (P, n), float64; g is None unless asked for.

    points: x, (P, n).  sources: s, (S, n).  ``skip_self`` leaves out the pairs i = first + j: the points from the first-th on are
    the sources then.  precision: "float64", or "float32" for the pairs, whose totals are float64 all the same. A pair of
    coincident points adds e(0) where that is finite and no gradient.

    >>> from wgflow.kernels.text import parse
    >>> u, g = row_sums(parse("energy"), 2, torch.zeros(1, 2), torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    >>> u.tolist(), g.tolist()
    ([-2.0], [[1.0, 0.0]])
    """
    pairs = _pairs(kernel, dim, points, sources, precision)
    order = 1 if gradient else 0
    totals, slopes = [], []
    for rows in pairs.blocks():
        q, close = pairs.squares(rows)
        found = pairs.profile.values(q, order)
        if skip_self:
            _clear_own(found, rows, first)
        totals.append(found[0].sum(1, dtype=torch.float64))
        if gradient:
            slopes.append(pairs.pushed(rows, found[1], close))
    return torch.cat(totals), torch.cat(slopes) if gradient else None


def curvature_sums(
    kernel: Kernel, dim: int, points: Tensor, sources: Tensor, moves: tuple[Tensor, Tensor], *, skip_self: bool = False
) -> Tensor:
    """Returns h_i = sum_j H(x_i - s_j) (v_i - w_j) with the Hessian H of e and ``moves`` = (v (P, n), w (S, n)): (P, n) float64.

    H(d) u = 2 e' u + 4 e'' (d.u) d, with the derivatives e', e'' of e by r^2: what second derivatives of a loss are made of.
    """
    pairs = _pairs(kernel, dim, points, sources, "float64")
    v, w = (x.detach().to(torch.float64) for x in moves)
    out = []
    for rows in pairs.blocks():
        q, _ = pairs.squares(rows, direct=True)
        _, slope, second = pairs.profile.values(q, 2)
        if skip_self:
            _clear_own([slope, second], rows, 0)
        along = torch.zeros_like(q)
        for a in range(dim):
            along += pairs.difference(rows, a) * (v[rows, a, None] - w[None, :, a])
        second = 4 * second * along
        parts = [(2 * slope * (v[rows, a, None] - w[None, :, a]) + second * pairs.difference(rows, a)).sum(1) for a in range(dim)]
        out.append(torch.stack(parts, 1))
    return torch.cat(out)


def _clear_own(blocks: list[Tensor], rows: slice, first: int) -> None:
    """Sets the pairs of a point with itself to 0: the point i is the source i - first."""
    sources = blocks[0].shape[1]
    own = torch.arange(max(rows.start, first), min(rows.stop, first + sources), device=blocks[0].device)
    for block in blocks:
        block[own - rows.start, own - first] = 0.0


@record
class Pairs:
    """Points and sources of one sum: as they are, and about the common centre with their squared norms (many dimensions)."""

    profile: Profile
    points: Tensor
    sources: Tensor
    centred: tuple[Tensor, Tensor, Tensor, Tensor] | None

    def blocks(self) -> list[slice]:
        """Returns the rows of each block; they depend on nothing but the sizes."""
        size = max(1, BLOCK.get(self.points.device.type, BLOCK["cpu"]) // max(1, len(self.sources)))
        return [slice(i, min(i + size, len(self.points))) for i in range(0, len(self.points), size)]

    def difference(self, rows: slice, a: int) -> Tensor:
        return self.points[rows, a, None] - self.sources[None, :, a]

    def squares(self, rows: slice, direct: bool = False) -> tuple[Tensor, Tensor | None]:
        """Returns r^2 (rows, S), and which pairs are close (row, column), None where all differences are to be taken directly."""
        if self.centred is None or direct:
            return self._direct(rows), None
        x, s, x2, s2 = self.centred
        sizes = x2[rows, None] + s2[None, :]
        q = torch.addmm(sizes, x[rows], s.T, alpha=-2)
        close = torch.nonzero(q < CLOSE[q.dtype] * sizes)
        if len(close) * MANY > q.numel():
            return self._direct(rows), None
        difference = self.points[rows][close[:, 0]] - self.sources[close[:, 1]]
        q[close[:, 0], close[:, 1]] = difference.square().sum(1)
        return q, close

    def _direct(self, rows: slice) -> Tensor:
        q = self.difference(rows, 0).square_()
        for a in range(1, self.points.shape[1]):
            q += self.difference(rows, a).square_()
        return q

    def pushed(self, rows: slice, slope: Tensor, close: Tensor | None) -> Tensor:
        """Returns the sum over j of 2 slope_ij (x_i - s_j): (rows, n) float64."""
        if self.centred is None or close is None:
            parts = [(slope * self.difference(rows, a)).sum(1, dtype=torch.float64) for a in range(self.points.shape[1])]
            return 2 * torch.stack(parts, 1)
        i, j = close[:, 0], close[:, 1]
        near = slope[i, j, None] * (self.points[rows][i] - self.sources[j])
        slope[i, j] = 0.0
        x, s, _, _ = self.centred
        total = (x[rows] * slope.sum(1, keepdim=True) - slope @ s).to(torch.float64)
        return 2 * total.index_add(0, i, near.to(torch.float64))


def _pairs(kernel: Kernel, dim: int, points: Tensor, sources: Tensor, precision: str) -> Pairs:
    x, s = points.detach().to(torch.float64), sources.detach().to(torch.float64)
    dtype = PRECISIONS[precision]
    if dtype == torch.float32 and not float(torch.maximum(x.abs().max(), s.abs().max())) < SINGLE_RANGE:
        dtype = torch.float64
    centred = None
    if dim > DIRECT:
        centre = (x.mean(0) + s.mean(0)) / 2
        a, b = (x - centre).to(dtype), (s - centre).to(dtype)
        centred = (a, b, a.square().sum(1), b.square().sum(1))
    return Pairs(profile_of(kernel, dim, dtype), x.to(dtype), s.to(dtype), centred)
