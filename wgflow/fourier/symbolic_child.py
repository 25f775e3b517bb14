"""The process that derives a transform: one JSON request in, JSON lines out.

SymPy can run for ever and take all memory, so it works where it can be stopped. The kernel comes as text, which wgflow's
parser reads; what is found goes back as data (`wgflow.fourier.symbolic_data`). Lines: a candidate with how it was derived;
then that it was checked, or why it is not believed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import sympy

from wgflow.fourier import symbolic_rules as rules
from wgflow.fourier.symbolic_check import Wrong, check
from wgflow.fourier.symbolic_data import Foreign, decode, encode
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.latex import N, profile, transform
from wgflow.kernels.text import parse
from wgflow.process_limits import limit_this_process


def candidates(kernel: Kernel, dim: int | str) -> Iterator[tuple[Any, str]]:
    """Yields (F as a SymPy expression, how it was derived), the likeliest first."""
    n = N if dim == "n" else sympy.Integer(dim)
    named = tuple(term for term in kernel.terms if not term.family.is_written())
    written = tuple(term for term in kernel.terms if term.family.is_written())
    found = rules.derived(profile(written, n), n) if written else (sympy.Integer(0), ())
    if found is not None:
        titles = ["known pair (catalogue)"] * bool(named) + [rules.TITLES[name] for name in found[1]]
        yield transform(named, n) + found[0], ", ".join(dict.fromkeys(titles)) or rules.TITLES["no_modes"]
    e = profile(kernel.terms, n)  # once more as a whole: its summands may have no transforms of their own
    for rule in (rules.hankel_integral, rules.mixture_integral, rules.two_dimensions_up, rules.continued_in_n):
        whole = rule(e, n)
        if whole is not None:
            yield (whole[0] if isinstance(whole, tuple) else whole), rules.TITLES[rule.__name__]


def answer(kernel: Kernel, dim: int | str) -> Iterator[dict[str, object]]:
    """Yields the events of a derivation until one form is believed."""
    seen = []
    for expression, how in candidates(kernel, dim):
        if expression in seen:
            continue
        seen.append(expression)
        try:
            data = encode(expression)
            yield {"expression": data, "how": how}
            checked = check(decode(data), kernel, dim)  # what the reader of the data will have
        except (Foreign, Wrong) as problem:
            yield {"refused": str(problem), "how": how}
        else:
            yield {"points": checked.points, "against": checked.against}
            return


def main() -> None:
    request = json.loads(sys.stdin.readline())
    limit_this_process(int(request["seconds"]) + 2, request["memory"])
    for event in answer(parse(request["kernel"]), request["dim"]):
        print(json.dumps(event), flush=True)
