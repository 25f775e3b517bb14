"""The particle-based distance as a loss: any kernel, V- and U-statistics, float64 sums, gradients finite at coincident points."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from wgflow.arithmetic.number import InputError, shown
from wgflow.conventions import Role
from wgflow.gan.distances.distance import Distance
from wgflow.gan.distances.energy_gradient import PairLoss, pair_distance
from wgflow.gan.distances.pair_tensors import PRECISIONS
from wgflow.gan.distances.softened import unbounded_part
from wgflow.gan.distances.trained_kernels import trained_kernels
from wgflow.kernels.kernel import Kernel

ESTIMATORS = {"V": "all pairs", "U": "no particle with itself"}


class ParticleDistance(Distance):
    """D_e[p, q] = mean e(x_i - x_j) + mean e(y_i - y_j) - 2 mean e(x_i - y_j), and the same for e - eps s.

    For a positive definite e this is MMD^2 (Gretton et al. 2012, JMLR 13), for e = -r the energy distance (Szekely and Rizzo
    2013); the stabilized loss is that of Chen, Wu and Xiang 2023 (arXiv 2307.01879).

    kernel, stabilizer: text or Kernel of the catalogue ('rbf(1) + rbf(2)'), or an expression in r. eps: a number or text,
    exact, or "auto": 11/10 of the certified least one; a stabilizer needs it. dim: the dimension of the features; without it
    the first batch tells, where no kernel depends on it. estimator: "V" (all pairs; 0 where p = q) or "U" (no particle with
    itself: unbiased; at least two samples a side). softening: a length h; r^2 becomes r^2 + h^2 in the terms that are
    unbounded at r = 0, exactly, so that `kernel` and `stabilizer` are what is trained. precision: of the pairs; "float32" is
    faster and keeps about 6 digits, partial sums are joined in float64. certificate: a file of `wgflow certify --certificate`
    with the verdict DECAYS, from which kernel, stabilizer, eps and dim are read where they are not given; what is trained
    must be what it speaks about.

    Samples are (N, n) and (M, n), float32 or float64, on one device; the result is a scalar of their type. It can be
    differentiated twice. Raises InputError for input that does not fit.

    >>> distance = ParticleDistance("rbf(1) + rbf(2)", stabilizer="rbf(1/2)", eps="0.2")
    >>> x, y = torch.zeros(4, 2, requires_grad=True), torch.ones(4, 2)
    >>> loss = distance.discriminator_loss(real=y, fake=x)
    >>> loss.backward()
    >>> round(loss.item(), 4), x.grad.shape
    (-0.657, torch.Size([4, 2]))
    """

    def __init__(
        self,
        kernel: object = None,
        stabilizer: object = None,
        eps: object = None,
        dim: object = None,
        *,
        estimator: str = "V",
        softening: object = 0,
        precision: str = "float64",
        certificate: object = None,
    ) -> None:
        super().__init__()
        for name, value, known in (("estimator", estimator, ESTIMATORS), ("precision", precision, PRECISIONS)):
            if value not in known:
                raise InputError(f"{name} {shown(value)} is not known; type one of {', '.join(known)}.")
        found = trained_kernels(kernel, stabilizer, eps, dim, softening, certificate)
        self.kernel, self.stabilizer, self.eps, self.dim = found.kernel, found.stabilizer, found.eps, found.dim
        self.estimator, self.precision = estimator, precision
        self._driving = {Role.GENERATOR: found.kernel, Role.DISCRIMINATOR: found.stabilized}
        if self.dim is not None:
            self._check_bounded(self.dim)

    def moving_kernel(self, role: Role) -> Kernel:
        return self._driving[role]

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self._distance(Role.GENERATOR, x, y)

    def stabilized(self, x: Tensor, y: Tensor) -> Tensor:
        return self._distance(Role.DISCRIMINATOR, x, y)

    def _distance(self, role: Role, x: Tensor, y: Tensor) -> Tensor:
        x, y = samples(x, y, self.dim)
        if self.dim is None:
            self._check_bounded(x.shape[1])
            self.dim = x.shape[1]
        if self.estimator == "U" and min(len(x), len(y)) < 2:
            raise InputError(f"the U estimator needs two samples a side, got {len(x)} and {len(y)}; type estimator='V'.")
        return pair_distance(x, y, PairLoss(self._driving[role], self.dim, self.estimator, self.precision))

    def _check_bounded(self, dim: int) -> None:
        """Raises InputError where a particle would meet itself in a kernel without a value at r = 0."""
        for kernel in self._driving.values():
            kernel.check_dimension(dim)
            part = unbounded_part(kernel, dim)
            if part.terms and self.estimator == "V":
                raise InputError(
                    f"{part} is unbounded at r = 0 in dim {dim}; give softening='0.01', say, or estimator='U', which leaves "
                    "pairs of coincident points out."
                )

    def extra_repr(self) -> str:
        shown_stabilizer = "" if self.stabilizer is None else f", stabilizer={str(self.stabilizer)!r}, eps={str(self.eps)!r}"
        return f"{str(self.kernel)!r}{shown_stabilizer}, dim={self.dim}, estimator={self.estimator!r}"


def samples(x: Any, y: Any, dim: int | None) -> tuple[Tensor, Tensor]:
    """Returns both samples as tensors of float32 or float64; raises InputError where they are no (N, n) and (M, n)."""
    for name, z in (("x", x), ("y", y)):
        if not isinstance(z, Tensor) or z.ndim != 2 or not z.is_floating_point():
            got = f"{tuple(z.shape)} of {z.dtype}" if isinstance(z, Tensor) else type(z).__name__
            raise InputError(f"sample {name} is {got}; give a float tensor (samples, dim), such as features.flatten(1).")
        if not len(z):
            raise InputError(f"sample {name} is empty; a distance takes one sample at least on both sides.")
    if x.shape[1] != y.shape[1] or x.shape[1] != (dim or x.shape[1]) or not x.shape[1]:
        wanted = f"dim={dim}" if dim else "one dimension of at least 1"
        raise InputError(f"samples have the shapes {tuple(x.shape)} and {tuple(y.shape)}; features of {wanted} are needed.")
    if x.device != y.device:
        raise InputError(f"samples are on {x.device} and {y.device}; move them to one device.")
    wide = (torch.float32, torch.float64)
    return x if x.dtype in wide else x.float(), y if y.dtype in wide else y.float()
