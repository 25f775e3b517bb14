"""The distance of features on a torus, as a sum over its Fourier modes: every catalogue kernel, singular ones too.

    D = sum over m != 0, |m| <= reach, of F(e)(k) exp(-h^2 k^2/2) / L^n |w_m|^2,   k = 2 pi |m| / L,
    w_m = mean exp(-i k_m.x) - mean exp(-i k_m.y)

is D_e of the kernel that is repeated with period L, without its mean, which moves nothing. With the smoothing length h > 0 it
is that of the kernel averaged over a Gaussian of variance h^2, so that the rate of the mode k is exp(-h^2 k^2/2) times that of e.
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wgflow.arithmetic.number import InputError, integer, rational
from wgflow.conventions import Role
from wgflow.gan.distances.distance import Distance
from wgflow.gan.distances.particle_distance import samples
from wgflow.gan.distances.trained_kernels import trained_kernels
from wgflow.kernels.kernel import Kernel

Floats = NDArray[np.float64]

FARTHEST = {1: 1 << 14, 2: 160, 3: 28}  # the largest reach in each dimension: up to some 50,000 pairs of modes
NOTHING = 1e-17  # of the sum of the terms: what is left out adds up to less than rounding
PHASES = 1 << 20  # of rows times modes that are held at a time


class PeriodicDistance(Distance):
    """The distance of features on the torus of period L in dim 1 to 3, a loss like `ParticleDistance`; python-flint is needed.

    kernel, stabilizer, eps as there ("auto" speaks about the modes of this torus).  period: L, a number or text such as
    "2*pi".  softening: the smoothing length h >= 0.  reach: the largest |m|; without it so many that what is left out is below
    rounding, which kernels that are not smooth have only with h > 0 (InputError otherwise).

    Samples (N, n) and (M, n) are positions on the torus, up to multiples of L. Differentiable twice; no sums over pairs.

    >>> distance = PeriodicDistance("rbf(1/2)", "elastic", "0.7", 1, "2*pi", softening="0.2")
    >>> x = torch.linspace(0, 5, 6, dtype=torch.float64)[:, None]
    >>> distance(x, x + 6.283185307179586).item() < 1e-28, distance(x, x + 3).item() > 0
    (True, True)
    """

    dim: int

    def __init__(
        self,
        kernel: object,
        stabilizer: object = None,
        eps: object = None,
        dim: object = 1,
        period: object = "2*pi",
        *,
        softening: object = 0,
        reach: object = None,
    ) -> None:
        super().__init__()
        n = integer(dim, "dim", 1, 3)
        found = trained_kernels(kernel, stabilizer, eps, n, period=period)
        self.kernel, self.stabilizer, self.eps, self.dim = found.kernel, found.stabilizer, found.eps, n
        self.period = _length(period)
        self.softening = rational(softening, "softening")
        if self.softening < 0:
            raise InputError(f"softening {self.softening} must be a length >= 0; type softening='0.05', say.")
        self._driving = {Role.GENERATOR: found.kernel, Role.DISCRIMINATOR: found.stabilized}
        most = FARTHEST[n] if reach is None else integer(reach, "reach", 1, FARTHEST[n])
        self.reach = self._least_reach(most) if reach is None else most
        modes = half_lattice(n, self.reach)
        self.waves = torch.tensor(2 * pi / self.period * modes, dtype=torch.float64)  # (K, n); one of each pair m, -m
        self._weights = {role: torch.tensor(self._weight(role, (modes**2).sum(1))) for role in Role}

    def moving_kernel(self, role: Role) -> Kernel:
        """Returns the kernel that drives a player, without the smoothing: see `transform`."""
        return self._driving[role]

    def transform(self, role: Role, wavenumbers: object) -> Floats:
        """Returns the transform of what drives a player, F(e - eps s)(k) or F(e)(k), times exp(-h^2 k^2/2)."""
        from wgflow.fourier.values import transform  # late: needs python-flint

        k = np.asarray(wavenumbers, dtype=np.float64)
        return transform(self._driving[role], k, self.dim) * np.exp(-float(self.softening**2) * k**2 / 2)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self._distance(Role.GENERATOR, x, y)

    def stabilized(self, x: Tensor, y: Tensor) -> Tensor:
        return self._distance(Role.DISCRIMINATOR, x, y)

    def _distance(self, role: Role, x: Tensor, y: Tensor) -> Tensor:
        x, y = samples(x, y, self.dim)
        if self.waves.device != x.device:  # no buffers, which module.float() would round
            self.waves = self.waves.to(x.device)
            self._weights = {each: weights.to(x.device) for each, weights in self._weights.items()}
        w = means(x.to(torch.float64), self.waves) - means(y.to(torch.float64), self.waves)
        return (self._weights[role] * w.square().sum(0)).sum().to(torch.promote_types(x.dtype, y.dtype))

    def _weight(self, role: Role, squares: Floats) -> Floats:
        """2 F(k)/L^n exp(-h^2 k^2/2): m and -m add the same."""
        distinct, where = np.unique(squares, return_inverse=True)
        values = self.transform(role, 2 * pi / self.period * np.sqrt(distinct))
        return 2 * values[where.reshape(-1)] / self.period**self.dim

    def _least_reach(self, most: int) -> int:
        """Returns the least reach beyond which all terms together are below rounding, in e and in e - eps s."""
        squares = np.sort((half_lattice(self.dim, most) ** 2).sum(1))
        found = 1
        for role in Role:
            sizes = np.abs(self._weight(role, squares))
            if not sizes.any():
                continue
            beyond = np.cumsum(sizes[::-1])[::-1]
            inside = squares[beyond > NOTHING * beyond[0]]
            needed = int(np.ceil(np.sqrt(inside[-1]))) if len(inside) else 1
            if needed >= most:
                h = self.period * 10 / (2 * pi * most)
                raise InputError(
                    f"the modes of {self._driving[role]} on a torus of period {self.period:.6g} do not become small within "
                    f"|m| <= {most}; give softening='{h:.2g}', or reach={most // 2} to stop there."
                )
            found = max(found, needed)
        return found


def _length(period: object) -> float:
    try:
        from wgflow.fourier.domain import parse_period  # late: needs python-flint
    except ImportError as problem:
        raise InputError(f"a distance on a torus needs python-flint ({problem}): pip install python-flint.") from None
    found = parse_period(period)
    return float(found.factor) * (pi if found.times_pi else 1.0)


def half_lattice(n: int, reach: int) -> Floats:
    """Returns one of each pair m, -m of nonzero integer vectors with |m| <= reach: (K, n).

    >>> half_lattice(2, 1).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    axis = np.arange(-reach, reach + 1.0)
    m = np.stack(np.meshgrid(*[axis] * n, indexing="ij"), -1).reshape(-1, n)[(2 * reach + 1) ** n // 2 + 1 :]
    return m[(m**2).sum(1) <= reach**2]  # in the order of the grid, m comes as far after 0 as -m before it


class _Means(torch.autograd.Function):
    """mean cos(k.x) and mean sin(k.x) over the rows of x, (2, K), in blocks of rows: phases are not kept."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, waves: Tensor) -> Tensor:
        ctx.save_for_backward(x, waves)
        total = x.new_zeros(2, len(waves))
        for rows in _blocks(len(x), len(waves)):
            phase = x[rows] @ waves.T
            total += torch.stack([phase.cos().sum(0), phase.sin().sum(0)])
        return total / len(x)

    @staticmethod
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None]:
        """Plain differentiable operations, so that autograd can go through them again."""
        x, waves = ctx.saved_tensors
        parts = []
        for rows in _blocks(len(x), len(waves)):
            phase = x[rows] @ waves.T
            parts.append((outer[1] * phase.cos() - outer[0] * phase.sin()) @ waves)
        return torch.cat(parts) / len(x), None


def means(x: Tensor, waves: Tensor) -> Tensor:
    """Returns the means over the rows of x (N, n) of cos(k.x) and sin(k.x) for the wavevectors k (K, n): (2, K)."""
    return _Means.apply(x, waves)


def _blocks(count: int, modes: int) -> list[slice]:
    size = max(1, PHASES // max(1, modes))
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]
