"""What a training run is made with, as frozen records; `wgflow.gan.training.settings` reads them."""

from __future__ import annotations

import json

from wgflow.record import record


@record
class Chosen:
    """Something chosen by name, with its options as JSON: a record must be hashable."""

    name: str
    options_text: str

    @property
    def options(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.options_text)
        return found

    def to_json(self, key: str = "name") -> dict[str, object]:
        return {key: self.name, **self.options}


@record
class Optimizer:
    """The optimizer of one player, all its numbers filled in; see `wgflow.gan.training.optimizers`."""

    name: str
    rate: float
    options_text: str

    @property
    def options(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.options_text)
        return found

    def to_json(self) -> dict[str, object]:
        return {"name": self.name, "rate": self.rate, **self.options}


@record
class Training:
    """``steps`` cycles of ``discriminator_steps`` updates of the discriminator and one of the generator.

    ``batch``: samples a step, of all processes together. ``ema``: decay of the averaged generator, 0 for none.
    ``gradient_clip``: largest norm of a gradient, 0 for none. ``collapse``: the share of the data's spread below which a
    generated batch counts as collapsed, 0 for never; the run then ends where ``stop_on_collapse``.
    """

    steps: int
    batch: int
    discriminator_steps: int
    generator_optimizer: Optimizer
    discriminator_optimizer: Optimizer
    ema: float
    precision: str
    compile: bool
    gradient_clip: float
    collapse: float
    stop_on_collapse: bool

    def to_json(self) -> dict[str, object]:
        plain = {_spelled(name): getattr(self, name) for name in type(self).__annotations__}
        both = {name: plain[name].to_json() for name in ("generator-optimizer", "discriminator-optimizer")}
        return plain | both


@record
class Measure:
    """In steps: ``log_every`` a line of the log, ``every`` the metrics, ``sheets_every`` a sheet, ``probe_every`` the feature
    modes (where ``probe``); metrics and sheets are also made at the end, 0 there: only then.
    ``samples``: how many the metrics compare, in the space ``features`` (None: the samples' own; see `measure`)."""

    every: int
    log_every: int
    samples: int
    features: str | None
    sheets_every: int
    probe: bool
    probe_every: int
    tensorboard: bool
    checkpoint_seconds: float

    def to_json(self) -> dict[str, object]:
        return {_spelled(name): getattr(self, name) for name in type(self).__annotations__}


@record
class Settings:
    """Every choice of a run; equal settings and seeds give equal runs."""

    data: Chosen
    generator: Chosen
    latent: int
    discriminator: Chosen
    features: int | None  # None: as the objective asks, or 8
    objective: Chosen
    training: Training
    measure: Measure

    def to_json(self) -> dict[str, object]:
        """Returns the tables as plain data; `settings_of` reads them back."""
        return {
            "data": self.data.to_json(),
            "generator": {**self.generator.to_json("network"), "latent": self.latent},
            "discriminator": self.discriminator.to_json("network")
            | ({} if self.features is None else {"features": self.features}),
            "objective": self.objective.to_json(),
            "training": self.training.to_json(),
            "measure": self.measure.to_json(),
        }

    @property
    def text(self) -> str:
        """Canonical JSON."""
        return json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)


def _spelled(name: str) -> str:
    return name.replace("_", "-")
