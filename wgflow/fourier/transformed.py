"""The transform of any kernel on a grid of wavenumbers, by the method that applies, each value with its error."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor, inf, log10
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.floating import Floats, as_floats
from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.fourier.asymptotics import Undecidable
from wgflow.fourier.hankel import hankel
from wgflow.fourier.profile import profiles
from wgflow.fourier.sampled import Table, of_function, of_table
from wgflow.fourier.spectral_sum import transform as exact_transform
from wgflow.kernels.family import MAX_DIMENSION
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.record import record

if TYPE_CHECKING:
    from xarray import Dataset

SCHEMA = "wgflow.transform/1"
METHODS = ("auto", "closed", "numeric", "rigorous")
MAX_POINTS = 100_000
_BITS = 80
BELOW_NOISE, UNRESOLVED = "below noise", "not resolved"
Enclose = Callable[[Kernel, int, Floats], tuple[Any, Any]]


@record
class Transformed:
    """F(e)(k) in R^dim, with an error for each value.

    wavenumber, value, error: tuples of K doubles: k, F(e)(k), and an error: proved for the methods "closed" and
    "rigorous", an estimate for "numeric".  method: one of these.  reason: why that one.  An error is infinite where no
    value is known (the value is then 0).
    """

    kernel: str
    dim: int
    wavenumber: tuple[float, ...]
    value: tuple[float, ...]
    error: tuple[float, ...]
    method: str
    reason: str

    @property
    def remark(self) -> tuple[str, ...]:
        """K words: "" for a value whose sign is known, "below noise" where |F| <= error, "not resolved" without a value."""
        pairs = zip(self.value, self.error, strict=True)
        return tuple(UNRESOLVED if error == inf else BELOW_NOISE if abs(value) <= error else "" for value, error in pairs)

    def to_json(self) -> dict[str, object]:
        """Returns plain data in the schema wgflow.transform/1; null where no value is known."""
        return {
            "schema": SCHEMA,
            "kernel": self.kernel,
            "dim": self.dim,
            "method": self.method,
            "reason": self.reason,
            "wavenumber": list(self.wavenumber),
            "transform": [None if e == inf else v for v, e in zip(self.value, self.error, strict=True)],
            "error": [None if e == inf else e for e in self.error],
            "remark": list(self.remark),
        }

    def to_dataset(self) -> Dataset:
        """Returns an xarray.Dataset over the dimension ``wavenumber`` with units, one sentence a variable, provenance."""
        from wgflow import __version__
        from wgflow.run import dataset  # late: xarray

        volume = f"length^{self.dim}"
        kind = "estimate" if self.method == "numeric" else "proved bound"
        return dataset(
            "wavenumber",
            {
                "wavenumber": (self.wavenumber, "1/length", "wavenumber k"),
                "transform": (self.value, volume, "Fourier transform of the kernel"),
                "transform_error": (self.error, volume, f"{kind} of the error of transform"),
                "remark": (self.remark, "1", "below noise where |transform| <= error, not resolved where there is no value"),
            },
            {
                "title": "Radial Fourier transform of a kernel",
                "schema": SCHEMA,
                "kernel": self.kernel,
                "dim": str(self.dim),
                "method": self.method,
                "reason": self.reason,
                "version": __version__,
            },
        )

    def plot(self, axes: object = None) -> object:
        """Draws |F| over k, positive and negative values apart, on Matplotlib axes and returns them."""
        from wgflow.plots import plot_transform

        return plot_transform(self.to_dataset(), axes)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Returns (k, F, error, remark) as text."""
        columns = zip(self.wavenumber, self.value, self.error, self.remark, strict=True)
        return [
            (f"{k:.6g}", "-" if e == inf else f"{v:.12g}", "-" if e == inf else f"{e:.1e}", word) for k, v, e, word in columns
        ]

    def summary(self) -> str:
        """Returns the table as text."""
        head = f"{self.kernel}, dim {self.dim}, {self.method}: {self.reason}"
        return "\n".join([head, *("  ".join(row).rstrip() for row in [("k", "F(k)", "error", ""), *self.rows()])])

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from html import escape

        head = "<tr><th>k</th><th>F(k)</th><th>error</th><th></th></tr>"
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows())
        title = escape(f"{self.kernel}, dim {self.dim}, {self.method}: {self.reason}")
        return f"<table><caption>{title}</caption>{head}{body}</table>"


def transformed(
    kernel: object,
    k: Any = None,
    dim: object = 2,
    method: str = "auto",
    kmin: object = None,
    kmax: object = None,
    points: object = 25,
    enclose: Enclose | None = None,
) -> Transformed:
    """Returns F(e)(k) in R^dim with errors, by the best method that applies.

    kernel: text, Kernel, `wgflow.Table`, or a Python function of r.  k: wavenumbers > 0; without them a logarithmic grid
    from kmin to kmax (default: around the kernel's lengths).  method: "closed" (every term must have a closed form; in
    balls), "rigorous" (balls around the integral), "numeric" (quadrature with an error estimate), or "auto": closed where
    there is a closed form, else numeric.  enclose: computes the balls elsewhere (the command line does, under limits).
    Raises InputError, also where the method does not apply.

    >>> found = transformed("exp(-r**4)", [1.0], dim=1)
    >>> found.method, round(found.value[0], 6)
    ('numeric', 1.52471)
    """
    n = integer(dim, "dim", 1, MAX_DIMENSION)
    if method not in METHODS:
        raise InputError(f"method {shown(method)} is not known; type {', '.join(METHODS)}.")
    e = parse(kernel) if isinstance(kernel, (str, Kernel)) else kernel
    if isinstance(e, Kernel):
        e.check_dimension(n)
    grid = _grid(e, n, kmin, kmax, points) if k is None else as_floats(k).ravel()
    if not (np.all((grid > 0) & (grid < inf)) and 1 <= len(grid) <= MAX_POINTS):
        raise InputError(f"wavenumbers must be positive and finite, 1 to {MAX_POINTS} of them; type for example --k 0.1,1,10.")
    chosen, reason = _choose(e, method)
    compute = {"closed": enclose_here, "rigorous": enclose or enclose_here, "numeric": quadrature}[chosen]
    value, error = compute(e, n, grid)  # type: ignore[arg-type]
    name = str(e) if isinstance(e, Kernel) else "table" if isinstance(e, Table) else getattr(e, "__name__", "function")
    return Transformed(name, n, _column(grid), _column(value), _column(error), chosen, reason)


def _column(values: Any) -> tuple[float, ...]:
    return tuple(np.asarray(values, dtype=np.float64).tolist())


def _choose(e: object, method: str) -> tuple[str, str]:
    """Returns (method, reason)."""
    if not isinstance(e, Kernel):
        if method in ("closed", "rigorous"):
            raise InputError(f"a table or a function has no {method} transform; type --method numeric.")
        if isinstance(e, Table):
            return "numeric", "a table: the error has two splines, half of the points, and what may lie beyond its ends"
        return "numeric", "a function that can only be called: nothing about it is known between the points of a quadrature"
    written = [str(Kernel((term,))) for term in e.terms if term.family.is_written()]
    if written and method == "closed":
        raise InputError(f"{written[0]} has no closed form here; type --method numeric or --method rigorous.")
    if method != "auto":
        return method, "as asked"
    if not written:
        return "closed", "every term has a closed form"
    return "numeric", f"{written[0]} has no closed form; --method rigorous proves the values, which takes longer"


def quadrature(e: object, n: int, k: Any) -> tuple[Any, Any]:
    """Returns (value, error) by quadrature, of the shape of k, for a Kernel, a Table, or a Python function."""
    if isinstance(e, Kernel):
        return hankel(e, k, n)
    flat = np.ravel(k)
    if not np.all((flat > 0) & (flat < inf)):
        raise InputError("wavenumbers must be positive and finite; type for example --k 0.1,1,10.")
    if isinstance(e, Table):
        value, error = of_table(e, n, flat)
    elif callable(e):
        value, error = of_function(e, n, flat)
    else:
        raise InputError(f"a kernel is text, a Table or a function of r, not {type(e).__name__}; type for example 'exp(-r**4)'.")
    return value.reshape(np.shape(k)), error.reshape(np.shape(k))


def enclose_here(e: Kernel, n: int, k: Floats) -> tuple[Any, Any]:
    """Returns (value, proved error) from balls, in this process."""
    try:
        total = exact_transform(e, n)
        with ball.precision(_BITS):
            balls = [total.value(arb(float(each))) for each in k]
    except Undecidable as problem:
        raise InputError(f"no enclosure of the transform: {problem}; type --method numeric.") from None
    return np.array([float(b.mid()) for b in balls]), np.array([_radius(b) for b in balls])


def _radius(b: arb) -> float:
    middle = float(b.mid())
    if not b.is_finite() or abs(middle) == inf:
        return inf
    return ball.outward(abs(b - arb(middle)).upper())[1]


def _grid(e: object, n: int, kmin: object, kmax: object, points: object) -> Floats:
    count = integer(points, "points", 1, MAX_POINTS)
    least, most = _range(e, n) if kmin is None or kmax is None else (1.0, 1.0)
    low = least if kmin is None else _end(kmin, "kmin")
    high = most if kmax is None else _end(kmax, "kmax")
    if not low < high:
        raise InputError(f"kmin = {low:g} must be less than kmax = {high:g}.")
    return np.geomspace(low, high, count)


def _end(value: object, name: str) -> float:
    k = rational(value, name)
    if not Fraction(1, 10**300) <= k <= 10**300:
        raise InputError(f"{name} {shown(value)} must be positive, from 1e-300 to 1e300; type for example --{name} 0.1.")
    return float(k)


def _range(e: object, n: int) -> tuple[float, float]:
    """Returns whole decades around the wavenumbers 1/length of a kernel; what a table resolves."""
    if isinstance(e, Table):
        return 0.1 / e.r[-1], float(np.pi / np.max(np.diff(e.r)))
    lengths = [p.length * p.scale for p in profiles(e, n)] if isinstance(e, Kernel) else []
    lengths = [length for length in lengths if 1e-290 < length < 1e290] or [1.0]
    return 10.0 ** (floor(-log10(max(lengths)) + 1e-9) - 2), 10.0 ** (ceil(-log10(min(lengths)) - 1e-9) + 1)
