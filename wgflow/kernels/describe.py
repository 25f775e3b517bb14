"""What is known of each kernel of the catalogue, as text."""

from __future__ import annotations

from wgflow.kernels.catalogue import CATALOGUE, Entry, Parameter
from wgflow.kernels.latex import formulas


def describe(name: str) -> dict[str, object]:
    """Returns a kernel's title, e(r), F(e)(k) in R^n, parameters, allowed dimensions, definiteness, stabilizer, source."""
    entry = CATALOGUE[name]
    profile, transform = formulas(entry)
    return {
        "name": f"{name} ({entry.title})",
        "e(r)": str(profile),
        "F(e)(k)": str(transform),
        "parameters": ", ".join(_parameter(p) for p in entry.parameters) or "none",
        "also": _also(entry),
        "dimensions": entry.dimensions,
        "definiteness": entry.definiteness,
        "stabilizer": entry.stabilizer,
        "source": entry.source,
    }


def _parameter(parameter: Parameter) -> str:
    if parameter.choices:
        return f"{parameter.name} in {{{', '.join(map(str, parameter.choices))}}} (default {parameter.default})"
    least = (
        ""
        if parameter.is_length
        else f", {parameter.least} < {parameter.symbol} " + ("< 2" if parameter.most == 2 else "<= 1000")
    )
    return f"{parameter.name} = {parameter.symbol} (default {parameter.default}{least})"


def _also(entry: Entry) -> str:
    if entry.name == "rbf":
        return "sigma= is lengthscale=; gamma= means exp(-gamma r^2); scale= stretches"
    return "scale= stretches: e(r/scale)"
