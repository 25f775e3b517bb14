"""One training cycle: some steps of the discriminator, then one of the generator."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.random_streams import stream
from wgflow.gan.data.source import DataSource
from wgflow.gan.objective import Batch, Objective
from wgflow.gan.processes import Exchange
from wgflow.gan.training.optimizers import clip, gradient_norm
from wgflow.gan.training.players import Players
from wgflow.gan.training.settings_records import Settings
from wgflow.record import record


def lacks_memory(problem: RuntimeError) -> bool:
    """Returns whether torch says that an allocation failed: an error class of its own on GPUs, a text on CPUs."""
    return isinstance(problem, torch.OutOfMemoryError) or "can't allocate memory" in str(problem)


class NotFinite(Exception):
    """A loss or a gradient that is NaN or infinite; the text says which."""


@record
class Cycled:
    """What a cycle saw: losses and gradient norms of the last step of each player (None: it took none), and the batch of the
    generator's step, this process's share of it."""

    discriminator_loss: float | None
    discriminator_gradient: float | None
    generator_loss: float
    generator_gradient: float
    real: Tensor
    fake: Tensor


class Cycle:
    """Trains two players by an objective on a source of data.

    Everything random is drawn for the whole batch from streams keyed by the step, and each process takes its share: results do
    not depend on the number of processes, and resuming needs no state of generators.
    """

    def __init__(
        self,
        settings: Settings,
        players: Players,
        objective: Objective,
        source: DataSource,
        exchange: Exchange,
        seed: int,
        device: torch.device,
    ) -> None:
        self.settings, self.players, self.objective, self.source = settings, players, objective, source
        self.exchange, self.seed, self.device = exchange, seed, device

    def run(self, step: int) -> Cycled:
        """Carries out the cycle number ``step`` = 1, 2, ...; raises NotFinite, before a parameter takes such a value, and
        InputError where the objective cannot be trained with compiled networks."""
        try:
            return self._run(step)
        except RuntimeError as problem:
            if lacks_memory(problem):
                raise MemoryError(
                    f"a step does not fit; batch = {self.settings.training.batch} or width may be too large"
                ) from None
            second = any(words in str(problem) for words in ("double backward", "create_graph"))  # PyTorch's two ways to say it
            if self.settings.training.compile and second:
                name = self.settings.objective.name
                reason = f"{name} differentiates twice, which compiled networks cannot; type compile = false."
                raise InputError(f"training: compile = true: {reason}") from None
            raise

    def _run(self, step: int) -> Cycled:
        seen: tuple[float | None, float | None] = None, None
        self.players.discriminator.requires_grad_(True)
        count = self.settings.training.discriminator_steps
        for i in range(count):
            seen = self._discriminator_step(step, i)
        self.players.discriminator.requires_grad_(False)  # its gradients are not needed, only those through it
        batch, loss, norm = self._generator_step(step, count)
        return Cycled(*seen, loss, norm, batch.real, batch.fake.detach())

    def _discriminator_step(self, step: int, i: int) -> tuple[float, float]:
        with torch.no_grad():
            batch = self._batch(step, i)
        loss = self.objective.discriminator_loss(self.players.judge, batch)
        found = self._descend("discriminator", self.players.discriminator, loss)
        self.objective.after_step(self.players.judge)
        return found

    def _generator_step(self, step: int, i: int) -> tuple[Batch, float, float]:
        batch = self._batch(step, i)
        loss = self.objective.generator_loss(self.players.judge, batch)
        found = self._descend("generator", self.players.generator, loss)
        if self.players.averaged is not None:
            self.players.averaged.follow(self.players.generator)
        return batch, *found

    def _batch(self, step: int, i: int) -> Batch:
        """Returns the batch of update ``i`` of a cycle: real samples, generated ones, and numbers for interpolations."""
        training = self.settings.training
        updates = training.discriminator_steps + 1
        real = self.source.batch(self.seed, (step - 1) * updates + i, training.batch)
        latent = stream(self.seed, f"latent/{step}/{i}").standard_normal((training.batch, self.settings.latent), dtype=np.float32)
        uniform = stream(self.seed, f"uniform/{step}/{i}").random(training.batch, dtype=np.float32)
        fake = self.players.generate(self._share(latent))
        return Batch(self._share(real), fake, self._share(uniform), self.exchange)

    def _share(self, rows: np.ndarray) -> Tensor:
        return self.exchange.share(torch.from_numpy(rows)).to(self.device)

    def _descend(self, name: str, network: nn.Module, loss: Tensor) -> tuple[float, float]:
        """Takes one step of a player's optimizer; returns the loss, and the norm of its gradient before clipping."""
        optimizer = self.players.optimizers[name]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.exchange.add_gradients(network.parameters())
        norm = gradient_norm(network.parameters())
        value, size = torch.stack([loss.detach().double(), norm.to(loss.device)]).tolist()
        for what, number in (("loss", value), ("gradient", size)):
            if not abs(number) < float("inf"):
                raise NotFinite(f"the {name}'s {what} is {number}")
        clip(network.parameters(), size, self.settings.training.gradient_clip)
        optimizer.step()
        return value, size
