"""What all runs say in the same words: the kernel, and the table of growth rates."""

from __future__ import annotations

from html import escape

from wgflow.dynamics.growth import HEADER, GrowthTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wgflow.dynamics.density.density_settings import DensitySettings
    from wgflow.dynamics.particles.particle_settings import ParticleSettings

TOLERANCE = 0.01  # relative, of a rate, where none is asked for


def kernel_rows(settings: ParticleSettings | DensitySettings) -> list[tuple[str, str]]:
    """Returns (name, text) rows about the kernel and its stabilizer."""
    rows = [("kernel", settings.kernel)]
    return rows if settings.eps == "0" else [*rows, ("stabilizer", f"- {settings.eps} * ({settings.stabilizer})")]


def growth_lines(growth: GrowthTable | None) -> list[str]:
    """Returns the table of rates as aligned lines after an empty one; nothing without a table."""
    if growth is None:
        return []
    cells = [HEADER, *growth.lines(TOLERANCE)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEADER))]
    return ["", *("  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in cells)]


def html_of(rows: list[tuple[str, str]], growth: GrowthTable | None) -> str:
    """Returns rows, and the table of rates where there is one, as HTML tables."""
    body = "".join(f"<tr><th style='text-align:left'>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in rows)
    out = f"<table>{body}</table>"
    if growth is not None:
        head = "".join(f"<th>{escape(name)}</th>" for name in HEADER)
        lines = ("".join(f"<td>{escape(c)}</td>" for c in row) for row in growth.lines(TOLERANCE))
        out += f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
    return out
