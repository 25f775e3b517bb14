"""The table of a study: for every cell what its seeds scored, how they went, and how far they are from a baseline's."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.dynamics.student import quantile
from wgflow.gan.study.cell import CellResult
from wgflow.gan.study.series import Course, course
from wgflow.record import record

CONFIDENCE = 0.975  # two-sided 95 %


@record
class Spread:
    """Median and quartiles of a metric over seeds; None where no seed has it."""

    median: float | None
    low: float | None
    high: float | None
    count: int


@record
class Difference:
    """Mean over seeds of this cell's metric minus the baseline's, with half its 95 % interval (Student's t over the seeds)."""

    mean: float
    half_width: float
    count: int


@record
class StudyTable:
    """Results of a study, cell by cell. Metrics of runs that diverged to NaN are missing; their share is in ``courses``."""

    cells: tuple[str, ...]
    seeds: tuple[int, ...]
    results: tuple[CellResult, ...]

    @property
    def missing(self) -> int:
        """How many trainings the time did not suffice for."""
        return len(self.cells) * len(self.seeds) - len(self.results)

    def of(self, cell: str) -> list[CellResult]:
        return [result for result in self.results if result.cell == cell]

    def spread(self, cell: str, metric: str) -> Spread:
        """Returns median and quartiles of a final metric over the seeds of a cell."""
        values = [value for result in self.of(cell) if (value := result.metrics.get(metric)) is not None]
        if not values:
            return Spread(None, None, None, 0)
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        return Spread(float(middle), float(low), float(high), len(values))

    def courses(self, cell: str, metric: str) -> dict[Course, int]:
        """Returns how many seeds of a cell took each course, judged by the series of a distance (`wgflow.gan.study.series`)."""
        found = [course(result.series.get(metric, ()), result.ended_well) for result in self.of(cell)]
        return {each: found.count(each) for each in Course}

    def difference(self, cell: str, baseline: str, metric: str) -> Difference | None:
        """Returns this cell minus the baseline, seed by seed; None with fewer than two seeds that both have."""
        other = {result.seed: result.metrics.get(metric) for result in self.of(baseline)}
        pairs = [(result.metrics.get(metric), other.get(result.seed)) for result in self.of(cell)]
        gaps = np.array([a - b for a, b in pairs if a is not None and b is not None])
        if len(gaps) < 2:
            return None
        half = quantile(CONFIDENCE, len(gaps) - 1) * float(gaps.std(ddof=1)) / sqrt(len(gaps))
        return Difference(float(gaps.mean()), half, len(gaps))

    def text(self, metrics: Sequence[str], judged_by: str, baseline: str | None = None) -> str:
        """Returns the table for people: medians [quartiles] of the metrics, the courses of ``judged_by``, and, for it, the
        difference from the baseline's. Raises InputError for a baseline that is no cell."""
        if baseline is not None and baseline not in self.cells:
            raise InputError(f"baseline {shown(baseline)} is not one of the cells.")
        against = [] if baseline is None else [f"{_short(judged_by)} minus that of {baseline}"]
        lines = [["cell", "runs", "settled", "oscillated", "diverged", *map(_short, metrics), *against]]
        for cell in self.cells:
            counts = self.courses(cell, judged_by)
            numbers = [str(counts[each]) for each in (Course.SETTLED, Course.OSCILLATED, Course.DIVERGED)]
            gap = [] if baseline is None else [_gap(None if cell == baseline else self.difference(cell, baseline, judged_by))]
            lines.append([cell, str(len(self.of(cell))), *numbers, *(_spread(self.spread(cell, m)) for m in metrics), *gap])
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        rows = [
            "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
            for line in lines
        ]
        more = [f"{self.missing} trainings are missing; run the same command again to go on"] if self.missing else []
        return "\n".join([*(row.rstrip() for row in rows), *more])

    def to_csv(self) -> str:
        """Returns one line a training: cell, seed, outcome, step, collapsed, alarms, seconds, device, and every final metric."""
        metrics = sorted({name for result in self.results for name in result.metrics})
        fixed = ("cell", "seed", "outcome", "step", "collapsed", "alarms", "seconds", "device")
        lines = [[*fixed, *metrics]]
        for result in self.results:
            plain = [getattr(result, name) for name in fixed]
            lines.append([_field(value) for value in (*plain, *(result.metrics.get(name) for name in metrics))])
        return "".join(",".join(line) + "\n" for line in lines)


def _short(metric: str) -> str:
    """Returns a metric's name without its feature space, which a heading says once."""
    return metric.partition("[")[0]


def _field(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f'"{text}"' if set(text) & set(',"\n') else text


def _spread(found: Spread) -> str:
    return "-" if found.median is None else f"{found.median:.3g} [{found.low:.3g}, {found.high:.3g}]"


def _gap(found: Difference | None) -> str:
    return "" if found is None else f"{found.mean:+.3g} ± {found.half_width:.2g}"
