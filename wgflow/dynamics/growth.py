"""Measured growth rates beside predicted ones: the table, and whether the prediction holds to a tolerance."""

from __future__ import annotations

from collections.abc import Sequence

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.fitted_rate import Fit
from wgflow.dynamics.modes import Mode, mode_text
from wgflow.record import record

SCHEMA = "wgflow.growth/1"
AGREES, MISSED, UNDECIDED = "agrees", "missed", "undecided"
NEUTRAL = 1e-3  # of the largest |rate|: a predicted rate below is compared on the scale of the largest


@record
class GrowthRow:
    """One mode: the predicted rate, the fitted one, and the scale of their difference, all in 1/time."""

    mode: str
    wavenumber: float
    predicted: float
    fit: Fit
    scale: float

    @property
    def error(self) -> float | None:
        """|measured - predicted| / scale; the scale is |predicted|, or the largest |rate| where the prediction is neutral."""
        return None if self.fit.rate is None else abs(self.fit.rate - self.predicted) / self.scale

    @property
    def uncertainty(self) -> float | None:
        """Half the 95 % interval, over the scale."""
        return None if self.fit.half_width is None else self.fit.half_width / self.scale

    @property
    def inside(self) -> bool | None:
        """Whether the predicted rate lies in the 95 % interval of the measured one."""
        error, uncertainty = self.error, self.uncertainty
        return None if error is None or uncertainty is None else error <= uncertainty

    def verdict(self, tolerance: float) -> str:
        """Returns "agrees" (error and uncertainty at most ``tolerance``), "missed" (beyond it by more than the
        uncertainty), or "undecided" (no fit, or one too uncertain to tell)."""
        error, uncertainty = self.error, self.uncertainty
        if error is None or uncertainty is None:
            return UNDECIDED
        if error - uncertainty > tolerance:
            return MISSED
        return AGREES if max(error, uncertainty) <= tolerance else UNDECIDED

    def to_json(self, tolerance: float) -> dict[str, object]:
        return {
            "mode": self.mode,
            "wavenumber": self.wavenumber,
            "predicted": self.predicted,
            "measured": self.fit.to_json(),
            "scale": self.scale,
            "error": self.error,
            "inside": self.inside,
            "verdict": self.verdict(tolerance),
        }


@record
class GrowthTable:
    """Rows of modes."""

    rows: tuple[GrowthRow, ...]

    def verdict(self, tolerance: float) -> str:
        """Returns "missed" where one row misses, else "undecided" where one is, else "agrees"."""
        found = {row.verdict(tolerance) for row in self.rows}
        return next((word for word in (MISSED, UNDECIDED) if word in found), AGREES if found else UNDECIDED)

    def passes(self, tolerance: float) -> bool:
        """Tells whether every mode was measured and agrees to the relative ``tolerance``."""
        return self.verdict(tolerance) == AGREES

    def to_json(self, tolerance: float) -> dict[str, object]:
        """Returns plain data in the schema wgflow.growth/1; numbers without a value are None."""
        return {
            "schema": SCHEMA,
            "tolerance": tolerance,
            "verdict": self.verdict(tolerance),
            "modes": [row.to_json(tolerance) for row in self.rows],
        }

    def lines(self, tolerance: float) -> list[tuple[str, ...]]:
        """Returns rows of text under `HEADER`, for printing."""
        return [_line(row, tolerance) for row in self.rows]


HEADER = ("mode", "k", "predicted", "measured", "error", "verdict")


def compare(modes: Sequence[Mode], wavenumbers: Sequence[float], predicted: Sequence[float], fits: Sequence[Fit]) -> GrowthTable:
    """Returns the table of K modes with predicted rates (1/time) and fits of measured ones.

    Errors are relative to |predicted|. A mode whose prediction is neutral, below a thousandth of the largest |rate|, is
    compared on the scale of the largest; where all are 0, on that of one over the time of the fit. Raises InputError for
    unequal lengths.

    >>> table = compare([(1,), (2,)], [1.0, 2.0], [0.5, 0.0], [Fit(0.51, 1e-4, (0.0, 1.0), 50), Fit(1e-4, 1e-4, (0.0, 1.0), 50)])
    >>> table.passes(0.03), table.verdict(0.01), table.lines(0.03)[0][4]
    (True, 'missed', '2.0e-02')
    """
    if not len(modes) == len(wavenumbers) == len(predicted) == len(fits):
        raise InputError("a comparison needs one wavenumber, one prediction and one fit for every mode.")
    largest = max((abs(float(rate)) for rate in predicted), default=0.0)
    scales = [_scale(abs(float(rate)), largest, found) for rate, found in zip(predicted, fits, strict=True)]
    columns = zip(modes, wavenumbers, predicted, fits, scales, strict=True)
    return GrowthTable(
        tuple(GrowthRow(mode_text(mode), float(k), float(rate), fit, scale) for mode, k, rate, fit, scale in columns)
    )


def _scale(size: float, largest: float, found: Fit) -> float:
    if size > NEUTRAL * largest:
        return size
    if largest > 0:
        return largest
    return 1 / (found.window[1] - found.window[0]) if found.window else 1.0


def _line(row: GrowthRow, tolerance: float) -> tuple[str, ...]:
    start = (row.mode, f"{row.wavenumber:.6g}", f"{row.predicted:.6g}")
    if row.fit.rate is None or row.error is None:
        return (*start, "none", "", f"{UNDECIDED}: {row.fit.reason}")
    return (*start, f"{row.fit.rate:.6g} ± {row.fit.half_width:.1e}", f"{row.error:.1e}", row.verdict(tolerance))
