"""What was found about the modes of a state, as text, plain data and a labelled dataset."""

from __future__ import annotations

import json
from math import isfinite, isnan

import numpy as np

from wgflow.dynamics.states.essential import BAND, COMPACT
from wgflow.fourier.domain import Period
from wgflow.run import Array, labelled
from wgflow.stability.answer import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset

    from wgflow.dynamics.states.state_modes import StateModes

SCHEMA = "wgflow.modes/1"
HEADER = ("growth rate", "digits", "mode")


def reason(found: StateModes) -> str:
    """Returns why the verdict is what it is, and what it rests on."""
    if found.residual is not None and not found.residual.at_rest:
        return "the state is no equilibrium: the rates are those of the flow frozen at this moment"
    if found.verdict is Verdict.DECAYS:
        return "proved for every state: every Fourier mode of a constant one decays (`wgflow certify`), so the form has one sign"
    if found.verdict is Verdict.GROWS:
        return (
            "numeric, not proved: seen at two resolutions" if np.any(found.rate > 0) else "the continuous part of the rates grows"
        )
    return "no growing mode was resolved, and the kernel's transform is not negative at every mode"


def state_rows(found: StateModes) -> list[tuple[str, str]]:
    """Returns (name, text) rows of everything but the table of rates."""
    claim = found.claim
    stabilizer = [("stabilizer", f"{claim.eps} * ({claim.stabilizer})")] if claim.eps else []
    where = f"torus of period {claim.domain.text}" if isinstance(claim.domain, Period) else "the whole space"
    moves = "p and q" if found.moves == "both" else "p"
    rows = [("kernel", str(claim.kernel)), *stabilizer, ("role", f"{claim.role.text}, {moves} moves")]
    rows += [("state", f"{found.state}, in dimension {claim.dim}, {where}"), ("mass", f"{found.mass:.12g}")]
    rows += [("verdict", f"{found.verdict.value}: {reason(found)}"), ("equilibrium", equilibrium_text(found))]
    rows += [("spectrum", spectrum_text(found)), ("sum of rates", trace_text(found))]
    return [*rows, ("resolutions", resolution_text(found))]


def equilibrium_text(found: StateModes) -> str:
    if found.residual is None:
        return "q = p0: at rest exactly"
    size = f"|grad e * (p0 - q)| <= {found.residual.largest:.3g} on the support of p0, against {found.residual.scale:.3g}"
    return f"at rest: {size}" if found.residual.at_rest else f"NO equilibrium: {size}"


def spectrum_text(found: StateModes) -> str:
    source = "" if found.toward.exact else " (judged by values at large k)"
    if found.sampled or found.toward.kind == COMPACT:
        return "finite" if found.sampled else f"discrete: k^2 F -> 0{source}; the rates accumulate at 0 alone"
    assert found.band is not None
    low, high = found.band
    if found.toward.kind == BAND:
        limit = f"k^2 F -> {found.toward.limit:.9g}{source}"
        return f"continuous from {low:.9g} to {high:.9g}: {limit}; listed are isolated rates beside it"
    way = "growing: ill-posed in the sense of Hadamard" if high > 0 else "decaying"
    way = "growing, or decaying: ill-posed in the sense of Hadamard" if low < 0 < high else way
    listed = "listed are the slowest" if len(found.rate) else "none is isolated"
    return f"no bound: k^2 F -> infinity{source}, ever finer modes are ever faster {way}; {listed}"


def trace_text(found: StateModes) -> str:
    if found.trace_exact is None:
        return f"{found.trace:.9g} at the finest resolution; -Laplacian e(0) is infinite, or its sum over images is not known"
    size = max(abs(found.trace_exact), float(np.max(np.abs(found.rate), initial=0.0)), 1e-300)
    error = abs(found.trace - found.trace_exact) / size
    return (
        f"{found.trace:.12g}; role * mass * (-Laplacian e(0)) = {found.trace_exact + 0.0:.12g} (relative difference {error:.1e})"
    )


def resolution_text(found: StateModes) -> str:
    if found.sampled:
        return f"the Jacobian of {len(found.density)} particles, {found.resolutions[1]} unknowns"
    text = f"{found.resolutions[0]} and {found.resolutions[1]} unknowns"
    return text + (f"; {found.left_out} eigenvalues did not agree and are left out" if found.left_out else "")


def table_rows(found: StateModes) -> list[tuple[str, str, str]]:
    """Returns the columns of `HEADER`, a row a mode."""
    cells = []
    for rate, digits in zip(found.rate, found.digits, strict=True):
        shown = "-" if isnan(digits) else f"{min(digits, 15):.0f}" if digits < 15 else "15+"
        cells.append((f"{rate:.12g}", shown, "grows" if rate > 0 else "decays"))
    return cells


def summary_lines(found: StateModes) -> list[str]:
    lines = [f"{name:<14}{text}" for name, text in state_rows(found)]
    cells = [HEADER, *table_rows(found)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEADER))]
    return [*lines, "", *("  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in cells)]


def modes_html(found: StateModes) -> str:
    """Returns the summary as HTML tables."""
    from html import escape

    rows = "".join(f"<tr><th style='text-align:left'>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in state_rows(found))
    head = "".join(f"<th>{escape(name)}</th>" for name in HEADER)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table_rows(found))
    return f"<table>{rows}</table><table><tr>{head}</tr>{body}</table>"


def modes_json(found: StateModes) -> dict[str, object]:
    """Returns plain data in the schema wgflow.modes/1."""
    rest = found.residual
    return {
        "schema": SCHEMA,
        "claim": found.claim.to_json(),
        "state": found.state,
        "target": found.target,
        "moves": found.moves,
        "mass": found.mass,
        "verdict": found.verdict.value,
        "reason": reason(found),
        "constant_states": found.proved.value,
        "rate": found.rate.tolist(),
        "digits": [None if isnan(x) else round(x, 2) for x in found.digits.tolist()],
        "left_out": found.left_out,
        "resolutions": list(found.resolutions),
        "continuous": None if found.band is None else [x if isfinite(x) else None for x in found.band],
        "toward_infinity": {"kind": found.toward.kind, "exact": found.toward.exact},
        "trace": found.trace,
        "trace_exact": found.trace_exact,
        "equilibrium": None if rest is None else {"residual": rest.largest, "scale": rest.scale, "at_rest": rest.at_rest},
    }


def modes_dataset(found: StateModes) -> Dataset:
    """Returns the rates, the state and the modes over mode and x (y, z), or sample and axis."""
    n = found.claim.dim
    text = modes_json(found)
    rows: dict[str, Array] = {
        "mode": (("mode",), np.arange(len(found.rate)), "1", "number of the mode, fastest growing first"),
        "growth_rate": (("mode",), found.rate, "1/time", "growth rate of the mode, numeric"),
        "digits": (("mode",), found.digits, "1", "decimal digits in which two resolutions agree"),
    }
    if found.sampled:
        rows |= {
            "position": (("sample", "axis"), found.points, "length", "samples"),
            "weight": (("sample",), found.density, "1", "weights of the samples, of sum 1"),
            "displacement": (("mode", "sample", "axis"), found.mode, "1", "displacement of every particle, largest 1"),
        }
    else:
        axes = ("x", "y", "z")[:n]
        for number, axis in enumerate(axes):
            line = found.points[tuple(slice(None) if a == number else 0 for a in range(n))][:, number]
            rows[axis] = ((axis,), line, "length", f"position along {axis}")
        rows["density"] = (axes, found.density, f"mass/length^{n}", "the state p0")
        rows["density_mode"] = (("mode", *axes), found.mode, "1", "density of the mode, largest 1 in size")
    facts = {name: text[name] for name in ("schema", "state", "verdict", "reason", "constant_states", "moves")}
    more = {
        name: json.dumps(text[name]) for name in ("claim", "continuous", "resolutions", "equilibrium", "trace", "trace_exact")
    }
    title = "Modes of the flow linearized about a state"
    provenance: dict[str, str | float] = {"title": title, "mass": found.mass, **more}
    return labelled(rows, provenance | {name: str(value) for name, value in facts.items()})
