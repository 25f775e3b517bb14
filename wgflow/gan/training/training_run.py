"""The result of a training run."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from wgflow.arithmetic.number import integer
from wgflow.gan.training.log import finite
from wgflow.gan.training.outcome import TrainingOutcome
from wgflow.gan.training.players import Players
from wgflow.gan.training.settings_records import Settings
from wgflow.gan.training.verdicts import Verdicts
from wgflow.gan.training.watch import draw
from wgflow.record import record

SCHEMA = "wgflow.train/1"


@record
class TrainingRun:
    """How a run ended, what was predicted and what was measured; ``players`` are the networks as they are now.

    ``step``: cycles that were carried out.  ``metrics``: the last measured.  ``modes``: the probe's last rows.  ``alarms``: what
    the probe warned of.  ``collapsed``: the first step whose batch was collapsed, or None.  ``log``: all rows.  ``seconds``: of
    training, over all resumptions.  ``folder``: where the files are, or None.
    """

    outcome: TrainingOutcome
    reason: str
    step: int
    settings: Settings
    seed: int
    objective: str
    verdicts: Verdicts
    metrics: Mapping[str, object]
    modes: Sequence[Mapping[str, object]]
    alarms: Sequence[str]
    collapsed: int | None
    machine: Mapping[str, object]
    seconds: float
    log: Sequence[Mapping[str, object]]
    folder: Path | None
    players: Players

    def samples(self, count: int = 1000, seed: int = 0) -> NDArray[np.float32]:
        """Returns samples of the trained generator (of its average where there is one), (count, *shape)."""
        count, seed = integer(count, "count", 1, 10**7), integer(seed, "seed", 0, 2**63 - 1)
        network = self.players.shown
        return draw(network, self.settings.latent, count, seed, "samples", next(network.parameters()).device)

    def to_json(self) -> dict[str, object]:
        """Returns the result as plain data in the schema wgflow.train/1."""
        return {
            "schema": SCHEMA,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "step": self.step,
            "seed": self.seed,
            "settings": self.settings.to_json(),
            "objective": self.objective,
            "prediction": self.verdicts.to_json(),
            "metrics": finite(self.metrics),
            "modes": [finite(row) for row in self.modes],
            "alarms": list(self.alarms),
            "collapsed": self.collapsed,
            "machine": dict(self.machine),
            "seconds": round(self.seconds, 3),
        }

    def rows(self) -> list[tuple[str, str]]:
        """Returns (name, text) rows for people."""
        training = self.settings.training
        rows = [
            ("outcome", self.outcome.value + (f": {self.reason}" if self.reason else "")),
            (
                "trained",
                f"{self.settings.generator.name} against {self.settings.discriminator.name} on {self.settings.data.name}",
            ),
            ("objective", self.objective),
            (
                "steps",
                f"{self.step} of {training.steps}, batch {training.batch}, {self.seconds:.1f} s on {self.machine['device']}",
            ),
            ("predicted", _verdict_text(self.verdicts)),
            *([("modes", _modes_text(self.modes))] if self.modes else []),
            *(("alarm", text) for text in self.alarms[:3]),
            *_metric_rows(self.metrics),
        ]
        if self.collapsed is not None:
            rows.append(
                ("collapsed", f"from step {self.collapsed}: the batch's spread is below {training.collapse:g} of the data's")
            )
        return [*rows, *([("files", str(self.folder))] if self.folder is not None else [])]

    def summary(self) -> str:
        """Returns the rows as aligned lines."""
        rows = self.rows()
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:{width}}  {text}" for name, text in rows)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        lines = (f"<tr><th style='text-align:left'>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in self.rows())
        return f"<table>{''.join(lines)}</table>"


def machine_of(device: torch.device, processes: int) -> dict[str, object]:
    """Returns what a run's speed, and on other hardware its last digits, depend on."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else (_processor() or platform.machine())
    return {
        "device": name,
        "kind": device.type,
        "processes": processes,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _processor() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), None)


def _verdict_text(verdicts: Verdicts) -> str:
    if verdicts.source == "none":
        return f"nothing: {verdicts.reason}"
    words = {"DECAYS": "every feature mode decays", "GROWS": "some feature modes do not decay"}
    both = ((name, getattr(verdicts, name)) for name in ("discriminator", "generator"))
    told = (
        f"while the {name} trains {words.get(found, 'it is undecided')} ({found})" for name, found in both if found is not None
    )
    return f"{'; '.join(told)} [{verdicts.source}]"


def _modes_text(modes: Sequence[Mapping[str, object]]) -> str:
    """Returns how many modes were seen to grow or decay, beside the predicted signs."""
    words = {-1: ", predicted to decay", 0: ", predicted to stay", 1: ", predicted to grow"}
    seen = [_seen(row) + words.get(row.get("sign"), "") for row in modes]  # type: ignore[call-overload]
    return "; ".join(f"{seen.count(text)} {text}" for text in sorted(set(seen)))


def _seen(row: Mapping[str, object]) -> str:
    growth, half = row.get("growth"), row.get("half_width")
    if not isinstance(growth, int | float) or not isinstance(half, int | float):
        return "not above their noise"
    return "growing" if growth > half else "decaying" if growth < -half else "neither growing nor decaying"


def _metric_rows(metrics: Mapping[str, object]) -> list[tuple[str, str]]:
    """Returns a row a metric, with its standard error and the value of real samples where they are known."""
    rows = []
    for name in metrics:
        if not name.endswith((" error", " floor")) and name not in ("samples", "reference"):
            error = f" ± {_number(metrics[f'{name} error'])}" if f"{name} error" in metrics else ""
            floor = f" (real samples: {_number(metrics[f'{name} floor'])})" if f"{name} floor" in metrics else ""
            rows.append((name, _number(metrics[name]) + error + floor))
    return rows


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "not known" if value is None else str(value)
