"""What is measured while a run trains: losses, spread, metrics, feature modes, sample sheets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.random_streams import stream
from wgflow.gan.data.source import DataSource
from wgflow.gan.metrics.measured import measurable, measure
from wgflow.gan.objective import Objective
from wgflow.gan.probing.probe import SpectrumProbe
from wgflow.gan.processes import Exchange
from wgflow.gan.training.cycle import Cycled
from wgflow.gan.training.players import Players
from wgflow.gan.training.settings_records import Settings
from wgflow.gan.training.sheets import save_sheet

AT_ONCE = 500  # samples that are drawn together
SHOWN = 1000  # points of a sheet
PROBED = 1024  # samples of each side that the probe sees


class Watch:
    """The process that writes files measures; all random numbers have streams of their own, so that measuring changes nothing."""

    def __init__(
        self,
        settings: Settings,
        players: Players,
        objective: Objective,
        source: DataSource,
        features: int,
        seed: int,
        device: torch.device,
        sheets: Path | None,
    ) -> None:
        self.settings, self.players, self.source, self.seed, self.device, self.sheets = (
            settings, players, source, seed, device, sheets,
        )  # fmt: skip
        self.probe = _probe(settings, players, objective, features, seed) if settings.measure.probe else None
        self.space = measurable(settings.measure.features, source)  # now: after hours of training would be late to refuse it
        self.complained = False

    def row(self, step: int, seen: Cycled, spread: float | None) -> dict[str, object]:
        """Returns the line of the log for a step, with whatever is due then; draws a sheet where one is due."""
        wanted, last = self.settings.measure, step == self.settings.training.steps
        row: dict[str, object] = {
            "step": step,
            "discriminator_loss": seen.discriminator_loss,
            "generator_loss": seen.generator_loss,
            "discriminator_gradient": seen.discriminator_gradient,
            "generator_gradient": seen.generator_gradient,
            "spread": spread,
        }
        if self.probe is not None and step % wanted.probe_every == 0:
            row["modes"] = self._modes(step, self.probe)
        if last or (wanted.every and step % wanted.every == 0):
            row["metrics"] = self.metrics()
        if self.sheets is not None and (last or (wanted.sheets_every and step % wanted.sheets_every == 0)):
            self._sheet(step, self.sheets)
        return row

    def metrics(self) -> dict[str, float]:
        """Returns the metrics of as many generated samples as the settings say; where some are not finite, only their share."""
        wanted = self.settings.measure
        found = self.samples(wanted.samples, "metrics")
        whole = np.isfinite(found).reshape(len(found), -1).all(axis=1)
        if not whole.all():
            return {"samples": float(len(found)), "finite-share": float(whole.mean())}
        return measure(found, self.source, self.seed, self.space)

    def samples(self, count: int, purpose: str) -> NDArray[np.float32]:
        """Returns generated samples (count, *shape); equal ones for equal parameters and purposes."""
        return draw(self.players.shown, self.settings.latent, count, self.seed, purpose, self.device)

    def _modes(self, step: int, probe: SpectrumProbe) -> list[dict[str, float | int | None]]:
        """Observes fixed real samples beside what the training generator makes of fixed noise: what changes is the networks."""
        fake = draw(self.players.generator, self.settings.latent, PROBED, self.seed, "probe", self.device)
        real = self.source.reference(self.seed, PROBED)
        probe.observe(torch.from_numpy(real).to(self.device), torch.from_numpy(fake).to(self.device), step)
        return probe.rows

    def _sheet(self, step: int, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        real = self.source.reference(self.seed, SHOWN)
        problem = save_sheet(self.samples(SHOWN, "sheet"), real, folder / f"{step:010d}.png")
        if problem is not None and not self.complained:
            self.complained = True
            print(f"wgflow: {problem}", file=sys.stderr)


def draw(network: nn.Module, latent: int, count: int, seed: int, purpose: str, device: torch.device) -> NDArray[np.float32]:
    """Returns samples of a generator, (count, *shape) float32, from the noise that belongs to seed and purpose."""
    noise = stream(seed, f"latent/{purpose}").standard_normal((count, latent), dtype=np.float32)
    with torch.no_grad(), _resting(network):
        parts = [network(torch.from_numpy(noise[i : i + AT_ONCE]).to(device)).cpu() for i in range(0, count, AT_ONCE)]
    found: NDArray[np.float32] = torch.cat(parts).float().numpy()
    return found


def spread(real: Tensor, fake: Tensor, exchange: Exchange) -> float | None:
    """Returns the spread of the whole generated batch as a share of the real one's; None where it means nothing.

    The spread of rows is the root of their mean squared distance to their mean; a batch of one sample has none.
    """
    real, fake = exchange.gather(real).flatten(1).double(), exchange.gather(fake).flatten(1).double()
    whole, part = (float(x.var(dim=0, correction=0).sum().sqrt()) for x in (real, fake))
    return part / whole if len(real) > 1 and whole > 0 else None


@contextmanager
def _resting(network: nn.Module) -> Iterator[None]:
    before = network.training
    network.train(False)
    try:
        yield
    finally:
        network.train(before)


def _probe(settings: Settings, players: Players, objective: Objective, features: int, seed: int) -> SpectrumProbe:
    """Returns the probe with the predictions that can be had: proved here, from a certificate file, or none."""
    kernels = objective.kernels(features)
    certificate = settings.objective.options.get("certificate")
    theory: dict[str, object] = {}
    if kernels is not None:
        try:
            import flint  # noqa: F401  # late: training needs no python-flint
        except ImportError:
            theory = {} if certificate is None else {"certificate": certificate}
        else:
            theory = {"kernel": str(kernels[0])}
    try:
        return SpectrumProbe(players.discriminator, dim=features, seed=seed, **theory)  # type: ignore[arg-type]
    except InputError as problem:
        raise InputError(f"measure: probe = true: {problem}") from None
