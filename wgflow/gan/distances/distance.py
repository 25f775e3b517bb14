"""The interface of a distance between samples that a GAN trains with: e for the generator, e - eps s for the discriminator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import final

from torch import Tensor, nn

from wgflow.conventions import HALF_IN_ENERGY, Role
from wgflow.kernels.kernel import Kernel


class Distance(nn.Module, ABC):
    """D_e[p, q] of two samples of features, with the losses of both players; it has no parameters to train.

    ``kernel`` e, ``stabilizer`` s (None where eps = 0), ``eps``, and ``dim``, the features' dimension (None: not known yet).
    """

    kernel: Kernel
    stabilizer: Kernel | None
    eps: Fraction
    dim: int | None

    @abstractmethod
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Returns D_e[p, q] of the plain kernel, a scalar; x (N, n) samples of p, y (M, n) samples of q."""

    @abstractmethod
    def stabilized(self, x: Tensor, y: Tensor) -> Tensor:
        """Returns D_{e - eps s}[p, q], a scalar."""

    @abstractmethod
    def moving_kernel(self, role: Role) -> Kernel:
        """Returns the kernel that drives a player: e - eps s for the discriminator, e for the generator."""

    @final
    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Returns what the discriminator minimizes, -E[e - eps s] with E = D/2: it ascends the energy of the stabilized kernel.

        real: (M, n), features of data.  fake: (N, n), features of what was generated. Both move.
        """
        return self.stabilized(fake, real) * float(-Role.DISCRIMINATOR.value * HALF_IN_ENERGY)

    @final
    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Returns what the generator minimizes, E[e] = D_e/2: it descends the energy of the plain kernel."""
        return self(fake, real) * float(-Role.GENERATOR.value * HALF_IN_ENERGY)
