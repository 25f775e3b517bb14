"""The two networks of a run with their optimizers and the average: everything that training changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.random_streams import stream
from wgflow.gan.networks.names import make_discriminator, make_generator
from wgflow.gan.training.averages import Averaged
from wgflow.gan.training.checkpoint import Checkpoint, flat_optimizer, restore_optimizer
from wgflow.gan.training.optimizers import make_optimizer
from wgflow.gan.training.settings_records import Settings

_OPTIMIZERS = ("discriminator", "generator")


class Players:
    """``generator`` (B, latent) -> (B, *shape), ``discriminator`` (B, *shape) -> (B, features) and ``averaged``, the generator's
    moving average or None; ``generate`` and ``judge`` call the two in the precision that was asked for, compiled on request."""

    def __init__(self, settings: Settings, shape: tuple[int, ...], features: int, seed: int, device: torch.device) -> None:
        training = settings.training
        self.generator = _seeded(
            seed, "generator", lambda: make_generator(settings.generator.name, shape, settings.latent, settings.generator.options)
        ).to(device)
        self.discriminator = _seeded(
            seed,
            "discriminator",
            lambda: make_discriminator(settings.discriminator.name, shape, features, settings.discriminator.options),
        ).to(device)
        self.averaged = Averaged(self.generator, training.ema) if training.ema else None
        self.optimizers = {
            "discriminator": make_optimizer(training.discriminator_optimizer, self.discriminator.parameters()),
            "generator": make_optimizer(training.generator_optimizer, self.generator.parameters()),
        }
        self.generate = _called(self.generator, training.precision, training.compile)
        self.judge = _called(self.discriminator, training.precision, training.compile)

    @property
    def shown(self) -> nn.Module:
        """The generator that samples are drawn from: the average where there is one."""
        return self.generator if self.averaged is None else self.averaged.network

    def checkpoint(self, step: int, further: Mapping[str, object]) -> Checkpoint:
        """Returns everything that training goes on from, with ``further`` in the JSON part."""
        model = {f"{name}.{key}": value for name, network in self._networks() for key, value in network.state_dict().items()}
        tensors: dict[str, Tensor] = {}
        plain: dict[str, object] = {}
        for name in _OPTIMIZERS:
            found, plain[name] = flat_optimizer(name, self.optimizers[name])
            tensors |= found
        return Checkpoint(step, model, tensors, {**further, "optimizers": plain})

    def restore(self, found: Checkpoint) -> None:
        """Takes everything back from a checkpoint; raises InputError where it belongs to other networks."""
        plain: Mapping[str, Mapping[str, object]] = found.state["optimizers"]  # type: ignore[assignment]
        try:
            for name, network in self._networks():
                network.load_state_dict(
                    {key[len(name) + 1 :]: value for key, value in found.model.items() if key.startswith(name + ".")}
                )
            for name in _OPTIMIZERS:
                restore_optimizer(name, self.optimizers[name], found.optimizer, plain[name])
        except (RuntimeError, ValueError, KeyError) as problem:
            line = str(problem).split("\n")[0]
            raise InputError(
                f"the checkpoint does not fit the networks of its settings ({line}); start the run anew elsewhere."
            ) from None

    def _networks(self) -> list[tuple[str, nn.Module]]:
        both: list[tuple[str, nn.Module]] = [("generator", self.generator), ("discriminator", self.discriminator)]
        return both if self.averaged is None else [*both, ("averaged", self.averaged.network)]


class Autocast(nn.Module):
    """A network computed in bfloat16 where that is safe, its result in float32 again: losses are formed in full precision."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, rows: Tensor) -> Tensor:
        with torch.autocast(rows.device.type, dtype=torch.bfloat16):
            found: Tensor = self.network(rows)
        return found.float()


def _called(network: nn.Module, precision: str, compiled: bool) -> nn.Module:
    wrapped = Autocast(network) if precision == "bf16" else network
    if not compiled:
        return wrapped
    found: nn.Module = torch.compile(wrapped)  # type: ignore[assignment]
    return found


def _seeded(seed: int, purpose: str, make: Callable[[], nn.Module]) -> nn.Module:
    """Returns a network whose first parameters depend on seed and purpose alone; torch's own generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(stream(seed, f"parameters/{purpose}").integers(2**63)))
        return make()
