"""GANs whose discriminator spreads features and climbs a particle distance, which the generator descends."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from wgflow.arithmetic.number import InputError, rational, shown
from wgflow.conventions import HALF_IN_ENERGY, Role
from wgflow.gan.distances.particle_distance import ParticleDistance
from wgflow.gan.objective import Batch, Objective
from wgflow.gan.objectives.scores import outputs, rows
from wgflow.gan.objectives.witness import witness_penalty
from wgflow.gan.options import Options
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.record import record


@record
class Preset:
    """What a named particle objective stands for where the options say nothing else; ``source`` is who proposed it."""

    kernel: str
    source: str
    estimator: str = "V"
    softening: str = "0"
    gradient_penalty: str = "0"


class ParticleObjective(Objective):
    """Discriminator: minimizes -E[e - eps s] of the features of real and generated samples; generator: minimizes E[e], E = D_e/2.

    Options: ``kernel``, ``stabilizer`` and ``eps`` (a number or "auto"), ``estimator`` ("V" or "U"), ``softening``,
    ``precision``, ``certificate`` (see `ParticleDistance`), ``gradient-penalty`` (of the witness function of the plain kernel
    e, see `witness_penalty`) and ``feature-penalty``. With the penalties the discriminator minimizes
    (-D_{e - eps s} + gradient-penalty E (|grad w| - 1)^2 + feature-penalty E (|phi(x)|^2 + |phi(G)|^2)) / 2,
    so that the strengths count beside the full distance, as in the papers.
    """

    def __init__(self, name: str, preset: Preset, options: Options) -> None:
        self.name, self.source = name, preset.source
        self.given = _trained(preset, options)
        self.gradient_penalty = options.number("gradient-penalty", preset.gradient_penalty)
        self.feature_penalty = options.number("feature-penalty", 0)
        self._estimator = options.word("estimator", preset.estimator, ("V", "U"))
        self._precision = options.word("precision", "float64", ("float64", "float32"))
        self._distances: dict[int | None, ParticleDistance] = {}
        self.features = None if self.given["certificate"] is None else self.distance(None).dim

    def distance(self, dim: int | None) -> ParticleDistance:
        """Returns the distance in the feature space R^dim. Raises InputError where the kernel is not defined or certified."""
        if dim not in self._distances:
            made = ParticleDistance(**self.given, dim=dim, estimator=self._estimator, precision=self._precision)
            self._distances[dim] = made
        return self._distances[dim]

    def discriminator_loss(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        real, fake = (rows(each) for each in outputs(discriminator, batch))
        all_real, all_fake = batch.exchange.gather(real), batch.exchange.gather(fake)
        distance = self.distance(real.shape[1])
        loss = distance.discriminator_loss(all_real, all_fake)
        half = float(HALF_IN_ENERGY)
        if self.gradient_penalty:
            steepness = witness_penalty(self._witness_distance(real.shape[1]), discriminator, batch, real, fake)
            loss = loss + half * float(self.gradient_penalty) * steepness
        if self.feature_penalty:
            size = all_real.square().sum(1).mean() + all_fake.square().sum(1).mean()
            loss = loss + half * float(self.feature_penalty) * size
        return loss

    def _witness_distance(self, dim: int) -> ParticleDistance:
        """The plain distance as a V-statistic: pairs within one group cancel in the witness, and a group may have one row."""
        return ParticleDistance(self.distance(dim).kernel, dim=dim, precision=self._precision)

    def generator_loss(self, discriminator: nn.Module, batch: Batch) -> Tensor:
        real, fake = (rows(each) for each in outputs(discriminator, batch))
        gather = batch.exchange.gather
        return self.distance(fake.shape[1]).generator_loss(gather(real.detach()), gather(fake))

    def after_step(self, discriminator: nn.Module) -> None:
        return None

    def kernels(self, dim: int) -> tuple[Kernel, Kernel]:
        distance = self.distance(dim)
        return distance.moving_kernel(Role.DISCRIMINATOR), distance.moving_kernel(Role.GENERATOR)

    def describe(self) -> str:
        kernel, stabilizer, eps, certificate = (self.given[key] for key in ("kernel", "stabilizer", "eps", "certificate"))
        parts = ["particle distance of " + ("the certified kernel" if kernel is None else str(kernel))]
        if self.given["softening"]:
            parts.append(f"softening {self.given['softening']}")
        if certificate is not None:
            parts.append(f"certificate {certificate}")
        elif eps:
            strength = "auto (1.1 times the least certified)" if eps == "auto" else eps
            parts.append(f"stabilized by eps = {strength} of {'the default stabilizer' if stabilizer is None else stabilizer}")
        if self.gradient_penalty:
            parts.append(f"gradient penalty {self.gradient_penalty} of the witness")
        if self.feature_penalty:
            parts.append(f"feature penalty {self.feature_penalty}")
        return f"{self.name}: {', '.join(parts)} ({self.source})"


def _trained(preset: Preset, options: Options) -> dict[str, Any]:
    """Returns what `ParticleDistance` is to train with; raises InputError where it is not understood or not enough."""
    certificate = options.take("certificate", None)
    kernel, stabilizer = options.take("kernel", preset.kernel or None), options.take("stabilizer", None)
    eps = options.take("eps", 0 if certificate is None else None)
    if kernel is None and certificate is None:
        raise InputError(f"{options.owner} needs a kernel; type kernel = 'rbf(1)', say, or certificate = 'FILE'.")
    if stabilizer is not None and certificate is None and "eps" not in options.given:
        raise InputError(f"{options.says('stabilizer')} = {shown(stabilizer)} needs a strength; type eps = 'auto' or a number.")
    return {
        "kernel": None if kernel is None else parse(kernel),
        "stabilizer": None if stabilizer is None else parse(stabilizer),
        "eps": eps if eps in ("auto", None) else rational(eps, options.says("eps")),
        "softening": options.number("softening", preset.softening),
        "certificate": certificate,
    }
