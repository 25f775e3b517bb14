"""The transform of a kernel as a formula: derived by SymPy in a process of its own, checked before it is believed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from wgflow.arithmetic.number import InputError, integer, rational
from wgflow.fourier.symbolic_data import Foreign, decode
from wgflow.kernels.family import MAX_DIMENSION
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.record import record

MEMORY = 2048  # MiB that a derivation may take
_START = "import sys; sys.path.insert(0, sys.argv[1]); from wgflow.fourier.symbolic_child import main; main()"
LEAST_SECONDS, MOST_SECONDS = 1, 3600


@record
class Derived:
    """F(e)(k) in R^dim as a SymPy expression in k > 0 (and n, where ``dim`` is "n"), or the reason why there is none.

    ``how`` names the rules of the derivation. ``checked`` is (number of points, what the formula was compared with): random
    wavenumbers, both sides known to six digits or better. That is evidence, not a proof.
    """

    kernel: Kernel
    dim: int | str
    expression: Any = None
    how: str | None = None
    checked: tuple[int, str] | None = None
    reason: str | None = None

    def __bool__(self) -> bool:
        return self.expression is not None

    @property
    def label(self) -> str:
        """One line: how the formula was found and what speaks for it, or why there is none."""
        if self.checked is None:
            return f"no formula: {self.reason}"
        points, against = self.checked
        return f"derived ({self.how}), and checked at {points} points against {against} (not a proof)"

    def latex(self) -> str:
        """Returns ``\\hat e(k) = ...`` in LaTeX; raises InputError where no formula was found."""
        import sympy

        return f"\\hat e(k) = {sympy.latex(self._formula())}"

    def pretty(self) -> str:
        """Returns the formula in text of several lines; raises InputError where none was found."""
        import sympy

        return str(
            sympy.pretty(sympy.Eq(sympy.Symbol("F(k)"), self._formula(), evaluate=False), use_unicode=True, wrap_line=False)
        )

    def _formula(self) -> Any:
        if self.expression is None:
            raise InputError(f"no formula was found for {self.kernel}, dim={self.dim}: {self.reason}.")
        return self.expression

    def __str__(self) -> str:
        head = f"{self.kernel}, dim {self.dim}"
        return f"{head}\n{self.pretty()}\n{self.label}" if self else f"{head}\n{self.label}"

    def _repr_latex_(self) -> str | None:
        return f"${self.latex()}$" if self else None


def derive(kernel: object, dim: object = 2, seconds: object = 20) -> Derived:
    """Returns the transform of a kernel in R^dim as a formula, derived by SymPy within ``seconds`` and checked.

    F(e)(k) = (2 pi)^{n/2} k^{1-n/2} times the integral of e(r) r^{n/2} J_{n/2-1}(k r) over r > 0, for k > 0; the generalized
    transform where e is not integrable. By the catalogue's pairs, known pairs, Laplacians, the dimension walk, scale
    mixtures of Gaussians and Meijer G-functions.

    kernel: text or Kernel.  dim: 1 to 4096, or "n" for a formula in the symbol n (for elastic and coulomb, which are
    logarithms in low dimensions: n > 2).  seconds: 1 to 3600, for everything.
    A form that disagrees with the kernel's own transform at any of the points is discarded, and ``reason`` says so.
    Raises InputError for wrong input; a formula that was not found is no error.

    >>> found = derive("sech(r)", 1)
    >>> found.expression, found.how
    (pi*sech(pi*k/2), 'known pair (hyperbolic)')
    """
    e = parse(kernel)
    n: int | str = "n" if dim == "n" else integer(dim, "dim", 1, MAX_DIMENSION)
    if isinstance(n, int):
        e.check_dimension(n)
    limit = rational(seconds, "seconds")
    if not LEAST_SECONDS <= limit <= MOST_SECONDS:
        raise InputError(f"seconds={limit} is not from {LEAST_SECONDS} to {MOST_SECONDS}; type 20, say.")
    request = {"kernel": e.text, "dim": n, "seconds": float(limit), "memory": MEMORY}
    lines, end = _asked(json.dumps(request), float(limit))
    return _read(e, n, lines, end)


def _asked(request: str, seconds: float) -> tuple[list[str], str]:
    """Returns the lines that the child wrote, and how it ended where that was not well; the child never outlives this call."""
    if not sys.executable:
        return [], "there is no Python interpreter to run the derivation in a process of its own"
    command = [sys.executable, "-P", "-c", _START, str(Path(__file__).parents[2])]
    pipe = subprocess.PIPE
    end = ""
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as child:
        try:
            out, err = child.communicate(request.encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            end = f"the time of {seconds:g} s ran out"
        finally:
            child.kill()  # also where the user interrupts; leaving the block waits for it
    if not end and child.returncode:
        end = _ending(child.returncode, err.decode(errors="replace"))
    return out.decode(errors="replace").splitlines(), end


def _ending(code: int, error: str) -> str:
    last = (error.strip().splitlines() or [""])[-1]
    if code < 0 or last.startswith("MemoryError"):
        return "the computation ran out of memory or was aborted by the arithmetic library"
    return f"the computation failed ({last[:200]})"


def _read(kernel: Kernel, n: int | str, lines: list[str], end: str) -> Derived:
    """Returns what the child's lines say: the last candidate where a check follows it, else what was wrong."""
    last: dict[str, Any] = {}
    problems: list[str] = []
    for line in lines:
        try:
            event = json.loads(line)
            if "expression" in event:
                last = {"expression": decode(event["expression"]), "how": str(event["how"])}
            elif "refused" in event:
                problems.append(f"a form from {event['how']} was discarded: {event['refused']}")
                last = {}
            elif last:
                return Derived(kernel, n, last["expression"], last["how"], (int(event["points"]), str(event["against"])))
        except (ValueError, KeyError, TypeError, Foreign):  # a line that the end of the child cut off
            continue
    if end:
        problems.append(end + (f" while the form from {last['how']} was checked" if last else ""))
    return Derived(kernel, n, reason="; ".join(problems) or "no rule gives a formula, and SymPy's integrals do not either")
