"""What a probe has seen of feature modes: the series, their growth, the alarms; as rows, as text, as plain data."""

from __future__ import annotations

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.gan.probing.feature_modes import Complexes, Floats
from wgflow.gan.probing.mode_growth import ModeGrowth, first_seen, mode_growth, straight_slopes
from wgflow.gan.probing.predicted_modes import Prediction
from wgflow.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "wgflow.probe/1"
HEADER = ("mode", "k", "|w|", "noise", "growth", "certified", "")
_WORDS = {-1: "decays", 0: "neutral", 1: "grows", None: "-"}


@record
class Alarm:
    """A mode that grows though it was certified to decay: the step at which it was found, its growth per unit of step, the
    probability that chance leaves its interval on one side, and what was certified."""

    step: float
    mode: int
    wavenumber: float
    growth: ModeGrowth
    tail: float
    certified: str

    def __str__(self) -> str:
        g = self.growth
        since = "" if g.window is None else f" since step {g.window[0]:g}"
        return (
            f"step {self.step:g}: mode {self.mode} (k = {self.wavenumber:.4g}) grows at {g.rate:.3g} ± {g.half_width:.1g} "
            f"a step{since}, but was certified to decay: {self.certified}"
        )

    def to_json(self) -> dict[str, object]:
        named = {"step": self.step, "mode": self.mode, "wavenumber": self.wavenumber}
        return {**named, **self.growth.to_json(), "tail": self.tail, "certified": self.certified}


class History:
    """The observations of K wavevectors: w = m(real) - m(generated) and the root mean square of its noise at each step."""

    def __init__(self, wavevectors: Floats, predictions: tuple[Prediction, ...]) -> None:
        self.wavevectors, self.predictions = wavevectors, predictions
        self.wavenumbers: Floats = np.linalg.norm(wavevectors, axis=1)
        self.steps: list[float] = []
        self.modes: list[Complexes] = []
        self.floors: list[Floats] = []
        self.alarms: list[Alarm] = []
        self.looks = 0
        self.alarmed: frozenset[int] = frozenset()  # the modes that grew at the latest look

    def add(self, step: float, modes: Complexes, floors: Floats) -> None:
        """Takes in one observation: (K,) each. Raises InputError where the step does not increase."""
        if self.steps and not step > self.steps[-1]:
            raise InputError(f"step {step:g} does not come after step {self.steps[-1]:g}; observe each step once, in order.")
        self.steps.append(step)
        self.modes.append(modes)
        self.floors.append(floors)

    def latest(self, last: int) -> tuple[Floats, Floats, Floats]:
        """Returns the last observations: steps (T,), |w| (T, K), noise (T, K)."""
        shape = (len(self.steps[-last:]), len(self.wavenumbers))
        modes, floors = np.array(self.modes[-last:]), np.array(self.floors[-last:])
        return np.array(self.steps[-last:]), np.abs(modes).reshape(shape), floors.reshape(shape)

    def growth(self, last: int, tail: float = 0.025) -> tuple[ModeGrowth, ...]:
        """Returns each mode's growth over the last observations, per unit of step."""
        t, a, floor = self.latest(last)
        return tuple(mode_growth(t, a[:, j], floor[:, j], tail) for j in range(a.shape[1]))

    def look(self, last: int, level: float) -> tuple[Alarm, ...]:
        """Returns new alarms of the modes that grow over the last observations though they were certified to decay.

        Look j spends the share 1 / (j (j + 1)) of the level, divided among the watched modes: all looks together spend the
        level. A mode that goes on growing is told once.
        """
        self.looks += 1
        watched = [j for j, each in enumerate(self.predictions) if each.sign == -1 and each.proved]
        if not watched:
            return ()
        tail = level / (len(watched) * self.looks * (self.looks + 1))
        t, a, floor = self.latest(last)
        candidates = (straight_slopes(t, a) > 0) & (first_seen(a, floor) < len(t))
        found = {j: mode_growth(t, a[:, j], floor[:, j], tail) for j in watched if candidates[j]}
        grows = {j: each for j, each in found.items() if each.grows}
        new = tuple(self._alarm(j, each, tail) for j, each in grows.items() if j not in self.alarmed)
        self.alarmed = frozenset(grows)
        self.alarms += new
        return new

    def _alarm(self, j: int, growth: ModeGrowth, tail: float) -> Alarm:
        return Alarm(self.steps[-1], j, float(self.wavenumbers[j]), growth, tail, self.predictions[j].source)

    def rows(self, last: int) -> list[dict[str, float | int | None]]:
        """Returns the latest observation, one row a mode, with its growth over the last ones (None where it is not seen)."""
        if not self.steps:
            return []
        a, floor = np.abs(self.modes[-1]), self.floors[-1]
        return [
            {
                "step": self.steps[-1],
                "mode": j,
                "wavenumber": float(self.wavenumbers[j]),
                "amplitude": float(a[j]),
                "floor": float(floor[j]),
                "growth": found.rate,
                "half_width": found.half_width,
                "sign": self.predictions[j].sign,
            }
            for j, found in enumerate(self.growth(last))
        ]

    def table(self, last: int) -> str:
        """Returns a line a mode: its size beside its noise, its growth a step with the 95 % interval, what is certified."""
        alarmed = {alarm.mode for alarm in self.alarms}
        lines = [HEADER]
        for row in self.rows(last):
            growth = "not seen" if row["growth"] is None else f"{row['growth']:+.3g} ± {row['half_width']:.1g}"
            sizes = (f"{row['wavenumber']:.4g}", f"{row['amplitude']:.2e}", f"{row['floor']:.1e}")
            words = (growth, _WORDS[self.predictions[int(row["mode"] or 0)].sign])
            lines.append((str(row["mode"]), *sizes, *words, "ALARM" if row["mode"] in alarmed else ""))
        widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
        return "\n".join("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)

    def to_json(self) -> dict[str, object]:
        """Returns everything that was observed as plain data; `history_from_json` reads it back."""
        modes = np.array(self.modes).reshape(len(self.steps), len(self.wavenumbers))
        return {
            "schema": SCHEMA,
            "wavevectors": self.wavevectors.tolist(),
            "predictions": [each.to_json() for each in self.predictions],
            "steps": list(self.steps),
            "real": modes.real.tolist(),
            "imaginary": modes.imag.tolist(),
            "floors": [each.tolist() for each in self.floors],
            "looks": self.looks,
            "alarmed": sorted(self.alarmed),
            "alarms": [each.to_json() for each in self.alarms],
        }


def history_from_json(data: Any) -> History:
    """Returns the history that `History.to_json` gave. Raises InputError for anything else."""
    try:
        if data["schema"] != SCHEMA:
            raise InputError(f"schema {data['schema']!r} is not {SCHEMA}; give what to_json of a probe returned.")
        waves = np.array(data["wavevectors"], dtype=np.float64)
        predictions = tuple(Prediction(p["sign"], p["rate"], p["proved"], p["source"]) for p in data["predictions"])
        found = History(waves, predictions)
        for step, real, imaginary, floor in zip(data["steps"], data["real"], data["imaginary"], data["floors"], strict=True):
            found.add(float(step), np.array(real) + 1j * np.array(imaginary), np.array(floor, dtype=np.float64))
        found.looks, found.alarmed = int(data["looks"]), frozenset(data["alarmed"])
        found.alarms = [_alarm_from_json(each) for each in data["alarms"]]
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        if isinstance(problem, InputError):
            raise
        raise InputError(f"these are no observations of a probe ({problem!r}); give what its to_json returned.") from None
    return found


def _alarm_from_json(data: Any) -> Alarm:
    window = None if data["window"] is None else (data["window"][0], data["window"][1])
    growth = ModeGrowth(data["rate"], data["half_width"], window, data["points"], data["reason"])
    return Alarm(data["step"], data["mode"], data["wavenumber"], growth, data["tail"], data["certified"])
