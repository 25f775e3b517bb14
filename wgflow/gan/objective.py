"""The interface of an objective: what the discriminator and the generator minimize."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from wgflow.gan.processes import Exchange
from wgflow.kernels.kernel import Kernel
from wgflow.record import record


@record
class Batch:
    """One process's share of a batch: real and generated samples (B, ...), and B uniform numbers in [0, 1) for interpolations."""

    real: Tensor
    fake: Tensor
    uniform: Tensor
    exchange: Exchange


class Objective(ABC):
    """Both losses, to be minimized. Whatever is averaged over the batch is gathered first (`wgflow.gan.processes`), so that the
    value is the whole batch's in every process. ``features`` is the dimension that the discriminator's output must have, None
    where any will do."""

    features: int | None

    @abstractmethod
    def discriminator_loss(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        """Returns the discriminator's loss, a scalar; ``batch.fake`` carries no gradient."""

    @abstractmethod
    def generator_loss(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        """Returns the generator's loss, a scalar; gradients reach it through ``batch.fake``."""

    @abstractmethod
    def after_step(self, discriminator: nn.Module) -> None:
        """Called after every discriminator step: clips weights, or does nothing."""

    @abstractmethod
    def kernels(self, dim: int) -> tuple[Kernel, Kernel] | None:
        """Returns the kernels that discriminator and generator work with in feature space R^dim (e - eps s and e), which are
        what theory predicts rates from; None for objectives without a kernel."""

    @abstractmethod
    def describe(self) -> str:
        """Returns one line for people: the formula's name, its kernel, strengths, and source."""
