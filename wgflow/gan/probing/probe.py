"""SpectrumProbe: watches the Fourier modes of real and generated features while a network trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from wgflow.arithmetic.number import InputError, integer
from wgflow.gan.certificate_file import read_certificate
from wgflow.gan.probing.feature_modes import Floats, cloud_scale, default_wavevectors, feature_modes, mode_variance
from wgflow.gan.probing.mode_growth import ModeGrowth
from wgflow.gan.probing.predicted_modes import UNKNOWN, Prediction, Theory, certified_signs, effective_density, predicted_modes
from wgflow.gan.probing.probe_history import Alarm, History, history_from_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_MODES = 4096
ESTIMATE = "estimate"


class SpectrumProbe:
    """The modes w_j = m_j(real) - m_j(generated), m_j = mean exp(-i xi_j . D(x)), their growth, and alarms.

    In a training loop::

        probe = SpectrumProbe(discriminator, kernel="rbf(1)", stabilizer="elastic", eps="0.7")
        for step in range(steps):
            ...
            probe.observe(real, fake, step)
        print(probe.table(), *probe.alarms, sep="\\n")

    discriminator: any module (B, ...) -> (B, n), whose output is flattened; None where features themselves are observed. It is
    run without gradients and without training behaviour, and every part of it is left in the mode it was in.
    wavevectors: (K, n); by default `default_wavevectors` around the cloud of the first batch (``count``, ``seed``).
    predictions: one `Prediction` a wavevector; or kernel, stabilizer, eps, role as for `wgflow.certify`; or certificate, the
    name of a file of `wgflow certify --certificate`. Without any, nothing is predicted and nothing raises an alarm.
    density: C of the predicted rates, a number, or "estimate" (`effective_density` of the first real batch); the predicted
    signs do not depend on it.

    An alarm is raised where a mode that was certified to decay is seen above the noise of its batches and the interval of its
    growth over the last ``window`` observations is positive. ``level`` is the probability of a false alarm in a whole run, as
    far as the intervals are right, for batches drawn independently; windows are looked at after every half of their length
    (`History.look`).

    No parameters, no state dict, nothing random. Batches whose features are not finite are counted in ``lost`` and left out.
    Raises InputError for arguments that do not fit.

    >>> x = torch.randn(10_000, 2, generator=torch.Generator().manual_seed(0))
    >>> probe = SpectrumProbe(wavevectors=[[0.5, 0.0], [1.0, 0.5]], kernel="rbf(1)", stabilizer="elastic", eps="0.7")
    >>> for step in range(32):
    ...     _ = probe.observe(x, x + 0.1 * 1.05**step, step)
    >>> [round(found.rate, 2) for found in probe.growth()], len(probe.alarms)
    ([0.05, 0.05], 2)
    """

    def __init__(
        self,
        discriminator: nn.Module | None = None,
        wavevectors: object = None,
        predictions: Sequence[Prediction] | None = None,
        *,
        kernel: object = None,
        stabilizer: object = None,
        eps: object = 0,
        role: object = "discriminator",
        certificate: object = None,
        dim: int | None = None,
        density: float | str | None = None,
        window: int = 32,
        level: float = 0.01,
        count: int = 16,
        seed: int = 0,
    ) -> None:
        self.discriminator = discriminator
        self.dim = None if dim is None else integer(dim, "dim", 1, 10**6)
        self.window = integer(window, "window", 16, 10**6)
        self.count = integer(count, "count", 1, MOST_MODES)
        self.seed = integer(seed, "seed", 0, 2**63 - 1)
        if not 0 < level < 1:
            raise InputError(f"level {level} is not between 0 and 1; type level=0.01, say.")
        if isinstance(density, str) and density != ESTIMATE:
            raise InputError(f"density {density!r} is not known; give a number, or {ESTIMATE!r}.")
        self.level, self.density = level, density
        self.lost = 0
        self.history: History | None = None
        self._given_waves = None if wavevectors is None else _checked(wavevectors, self.dim)
        self._given_predictions = None if predictions is None else tuple(predictions)
        if certificate is not None and (kernel is not None or stabilizer is not None):
            raise InputError("a certificate file names its kernel and stabilizer; leave out these or certificate.")
        self._certificate = None if certificate is None else read_certificate(certificate)
        self._theory = Theory(kernel, stabilizer, eps, role)
        self._on_device: Tensor | None = None

    def observe(self, real: Tensor, fake: Tensor, step: float | None = None) -> tuple[Alarm, ...]:
        """Takes in the batches of one step: samples where there is a discriminator, else features (B, n). Returns new alarms.

        step: a number that increases, the step or the time; by default how many batches came before. Raises InputError.
        """
        x, y = self._features(real), self._features(fake)
        if not bool(torch.isfinite(x).all() and torch.isfinite(y).all()):
            self.lost += 1
            return ()
        history, waves = self._ready(x, y)
        at = float(len(history.steps) + self.lost if step is None else step)
        m, w = feature_modes(x, waves), feature_modes(y, waves)
        history.add(at, m - w, np.sqrt(mode_variance(m, len(x)) + mode_variance(w, len(y))))
        seen = len(history.steps)
        return history.look(self.window, self.level) if seen >= self.window and seen % (self.window // 2) == 0 else ()

    def _features(self, batch: Tensor) -> Tensor:
        if self.discriminator is None:
            return _flat(batch.detach())
        with torch.no_grad(), _resting(self.discriminator):
            return _flat(self.discriminator(batch))

    def _ready(self, real: Tensor, fake: Tensor) -> tuple[History, Tensor]:
        """Returns the history, and the wavevectors on the features' device; the first batch decides what was left open."""
        dim = real.shape[1]
        if self.history is None:
            waves = self._given_waves
            if self.dim not in (None, dim) or (waves is not None and waves.shape[1] != dim):
                wanted = self.dim if waves is None else waves.shape[1]
                raise InputError(
                    f"the features have {dim} dimensions, not {wanted}; give dim={dim} and such wavevectors, or none."
                )
            if waves is None:
                waves = default_wavevectors(dim, cloud_scale(torch.cat([real, fake])), self.count, self.seed)
            self.history = History(waves, self._predicted(np.linalg.norm(waves, axis=1), real))
        if self._on_device is None or self._on_device.device != real.device:
            self._on_device = torch.from_numpy(self.history.wavevectors).to(real.device)
        return self.history, self._on_device

    def _predicted(self, k: Floats, real: Tensor) -> tuple[Prediction, ...]:
        given, dim = self._given_predictions, real.shape[1]
        if given is not None:
            if len(given) != len(k):
                raise InputError(f"{len(given)} predictions are given for {len(k)} wavevectors; give one for each.")
            return given
        if self._certificate is not None:
            return certified_signs(k, self._certificate, dim)
        if self._theory.kernel is None:
            return (UNKNOWN,) * len(k)
        estimated = isinstance(self.density, str)
        density = effective_density(real) if isinstance(self.density, str) else self.density
        return predicted_modes(k, self._theory, dim, density, estimated=estimated)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Every alarm, in the order in which they were raised."""
        return () if self.history is None else tuple(self.history.alarms)

    def growth(self, last: int | None = None, tail: float = 0.025) -> tuple[ModeGrowth, ...]:
        """Returns each mode's growth over the ``last`` observations (by default the window), per unit of step."""
        return () if self.history is None else self.history.growth(self.window if last is None else last, tail)

    @property
    def rows(self) -> list[dict[str, float | int | None]]:
        """The latest observation for a log, one row a mode: step, mode, wavenumber, amplitude, floor, growth, ..."""
        return [] if self.history is None else self.history.rows(self.window)

    def table(self) -> str:
        """Returns the latest window as text for a terminal."""
        return "nothing was observed yet" if self.history is None else self.history.table(self.window)

    def __str__(self) -> str:
        return self.table()

    def to_json(self) -> dict[str, object]:
        """Returns everything that was observed as plain data in the schema wgflow.probe/1; `restore` reads it back."""
        body = {} if self.history is None else self.history.to_json()
        return {**body, "window": self.window, "level": self.level, "lost": self.lost}

    def restore(self, data: dict[str, object]) -> None:
        """Goes on where a probe with the same arguments stopped; ``data`` is its `to_json`. Raises InputError."""
        if (data.get("window"), data.get("level")) != (self.window, self.level):
            raise InputError("these observations are of a probe with another window or level; give the same arguments.")
        self.history = history_from_json(data) if "wavevectors" in data else None
        self.lost, self._on_device = integer(data.get("lost"), "lost", 0, 10**18), None


def _flat(features: Tensor) -> Tensor:
    if not features.ndim or not len(features):
        raise InputError(f"features have the shape {tuple(features.shape)}; a batch has one sample at least.")
    return features.reshape(len(features), -1)


@contextmanager
def _resting(module: nn.Module) -> Iterator[None]:
    """Switches training behaviour (dropout, running averages) off within the block; every part then returns to its own mode."""
    before = [(part, part.training) for part in module.modules()]
    module.train(False)
    try:
        yield
    finally:
        for part, training in before:
            part.training = training


def _checked(wavevectors: object, dim: int | None) -> Floats:
    try:
        array = np.array(wavevectors.cpu() if isinstance(wavevectors, Tensor) else wavevectors, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.ndim != 2 or not 1 <= len(array) <= MOST_MODES or not array.shape[1] or dim not in (None, array.shape[1]):
        raise InputError(
            f"wavevectors have the shape {array.shape}; give (K, n) numbers, K <= {MOST_MODES}, n that of the features."
        )
    lengths = np.linalg.norm(array, axis=1)
    if not np.isfinite(array).all() or not (lengths > 0).all():
        raise InputError("wavevectors must be finite and not zero: the zero vector is the mass, which nothing changes.")
    return array
