"""The figure of a study: every training a dot, every cell a row, medians marked, colours by what became of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wgflow.arithmetic.number import InputError
from wgflow.files import whole_file
from wgflow.gan.study.series import Course, course
from wgflow.gan.study.study_table import StudyTable

COLOURS = {Course.SETTLED: "#0072b2", Course.OSCILLATED: "#e69f00", Course.DIVERGED: "#d55e00", Course.UNKNOWN: "0.5"}
WIDE = 30  # from this ratio of largest to smallest on, an axis is logarithmic
SHIFT = 0.5  # of a row, over which the dots of its seeds are spread


def draw_study(tables: Mapping[str, StudyTable], metrics: Sequence[str], judged_by: str, path: object) -> None:
    """Draws a column of panels a table and a row of panels a metric, into a PNG, SVG or PDF file that appears whole.

    Raises InputError where matplotlib is not installed, OSError where the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # late: training needs no matplotlib
    except ImportError:
        raise InputError("figures need matplotlib; type pip install matplotlib.") from None
    rows = max(len(table.cells) for table in tables.values())
    size = (3.2 + 3.0 * len(tables), 0.9 + len(metrics) * (0.6 + 0.19 * rows))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(metrics), len(tables), squeeze=False, sharey="col")
    for column, (title, table) in enumerate(tables.items()):
        for row, metric in enumerate(metrics):
            _panel(panels[row, column], table, metric, judged_by)
            panels[row, column].set_xlabel(metric)
        panels[0, column].set_title(title)
    shown = [each for each in Course if any(table.courses(c, judged_by)[each] for table in tables.values() for c in table.cells)]
    dots = [panels[0, 0].plot([], [], "o", color=COLOURS[each], markersize=4, label=each.value)[0] for each in shown]
    figure.legend(handles=dots, loc="outside lower center", ncols=len(dots), frameon=False)
    with whole_file(path) as name:
        figure.savefig(name, dpi=65)


def _panel(axes: object, table: StudyTable, metric: str, judged_by: str) -> None:
    for y, cell in enumerate(table.cells):
        found = table.of(cell)
        for number, result in enumerate(found):
            value = result.metrics.get(metric)
            if value is not None:
                colour = COLOURS[course(result.series.get(judged_by, ()), result.ended_well)]
                at = y + SHIFT * ((number + 0.5) / len(found) - 0.5)
                axes.plot(value, at, "o", color=colour, markersize=3)  # type: ignore[attr-defined]
        middle = table.spread(cell, metric).median
        if middle is not None:
            axes.plot([middle, middle], [y - 0.4, y + 0.4], color="0.2", linewidth=1.2)  # type: ignore[attr-defined]
    values = [v for result in table.results if (v := result.metrics.get(metric)) is not None]
    if values and min(values) > 0 and max(values) > WIDE * min(values):
        axes.set_xscale("log")  # type: ignore[attr-defined]
    axes.set_yticks(range(len(table.cells)), table.cells, fontsize=8)  # type: ignore[attr-defined]
    axes.set_ylim(len(table.cells) - 0.5, -0.5)  # type: ignore[attr-defined]
    axes.grid(axis="x", color="0.9")  # type: ignore[attr-defined]
