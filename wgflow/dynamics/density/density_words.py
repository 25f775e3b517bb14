"""A density run in words: rows of text for the terminal, lines for Python, a table for notebooks."""

from __future__ import annotations

from wgflow.dynamics.run_words import growth_lines, html_of, kernel_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wgflow.dynamics.density.density_run import DensityRun


def run_rows(found: DensityRun) -> list[tuple[str, str]]:
    """Returns (name, text) rows about a run."""
    settings, data = found.settings, found.data
    rows = [("flow", "Jensen-Shannon")] if settings.flow != "kernel" else kernel_rows(settings)
    both = "both densities move" if settings.moves == "both" else "p moves"
    rows += [("role", f"{settings.role}, {both}"), ("space", data.attrs["space"])]
    if data.attrs["well_posedness"]:
        rows.append(("well-posed?", data.attrs["well_posedness"]))
    step = data.attrs.get("step")
    steps = f"{data.attrs['integrator']}{'' if step is None else f', dt = {step:.6g}'}; {int(data['steps'].values[-1])} steps"
    rows += [("integrator", steps), ("outcome", f"{found.outcome.name}: {found.reason}")]
    for name, title in (("energy", "energy"), ("mass", "mass"), ("least", "least p"), ("largest", "largest p")):
        first, last = data[name].values[0], data[name].values[-1]
        rows.append((title, f"{first:.9g} -> {last:.9g}"))
    return rows


def summary(found: DensityRun) -> str:
    """Returns the whole summary as text."""
    return "\n".join([*(f"{name:<12}{text}" for name, text in run_rows(found)), *growth_lines(found.growth)])


def run_html(found: DensityRun) -> str:
    """Returns the summary as HTML tables."""
    return html_of(run_rows(found), found.growth)
