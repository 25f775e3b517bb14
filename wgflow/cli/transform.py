"""wgflow transform: the Fourier transform of any kernel, each value with its error."""

from __future__ import annotations

import argparse

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any

    from wgflow.fourier.transformed import Transformed


HELP = "radial Fourier transform of any kernel, with errors; --symbolic for a formula"
DESCRIPTION = (
    "Prints F(e)(k) in R^n for a kernel by name, an expression in r, or a table, with an error for each value: by closed form, "
    "by quadrature (an estimate), or by rigorous enclosure. Exit code 0 whenever it answered, 2 wrong input, 4 failure."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--kernel", metavar="TEXT", help="kernel e, such as rbf, 'exp(-r**4)', 'sech(r) + 1/2*rq(1)'")
    command.add_argument("--table", metavar="FILE", help="instead of a kernel: a .csv or .nc file with columns r and e")
    command.add_argument("--dim", default="2", metavar="N", help="dimension of the space (default 2); --symbolic: also n")
    command.add_argument("--method", default="auto", metavar="HOW", help="auto (default), closed, numeric or rigorous")
    command.add_argument("--k", metavar="LIST", help="wavenumbers, such as 0.1,1,10 (default: a grid)")
    command.add_argument("--kmin", metavar="K", help="least wavenumber of the grid")
    command.add_argument("--kmax", metavar="K", help="largest wavenumber of the grid")
    command.add_argument("--points", default="25", metavar="COUNT", help="number of wavenumbers (default 25)")
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.add_argument("--out", metavar="FILE.nc", help="write the numbers to a NetCDF file")
    command.add_argument("--plot", metavar="FILE", help="draw |F| over k to a PNG, SVG or PDF file")
    command.add_argument("--symbolic", action="store_true", help="derive a formula with SymPy instead, and check it")
    command.add_argument("--latex", action="store_true", help="with --symbolic: print the formula in LaTeX")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from wgflow.arithmetic.number import InputError

    if (args.kernel is None) == (args.table is None):
        raise InputError("type either --kernel 'exp(-r**4)' or --table FILE.csv.")
    if args.latex and not args.symbolic:
        raise InputError("--latex goes with --symbolic.")
    if args.symbolic:
        return _symbolic(args)
    _check_names(args)
    found = _computed(args)
    _write(args, found)
    if args.json:
        import json

        print(json.dumps(found.to_json(), allow_nan=False))
    else:
        _present(found)
    return 0


def _computed(args: argparse.Namespace) -> Transformed:
    from wgflow.fourier.transformed import transformed

    kernel: object = args.kernel
    if args.table is not None:
        from wgflow.fourier.table_file import read_table

        kernel = read_table(args.table)
    grid = {name: getattr(args, name) for name in ("kmin", "kmax", "points")}
    return transformed(kernel, _wavenumbers(args), args.dim, args.method, **grid, enclose=_confined)


def _wavenumbers(args: argparse.Namespace) -> list[float] | None:
    from wgflow.arithmetic.number import InputError, rational

    if args.k is None:
        return None
    if args.kmin is not None or args.kmax is not None:
        raise InputError("--k gives the wavenumbers themselves; leave out --kmin and --kmax.")
    return [float(rational(text, "--k")) for text in args.k.split(",")]


def _confined(kernel: Any, n: int, k: Any) -> tuple[Any, Any]:
    """Returns balls of a kernel's transform as (value, error); those of an expression from a process under limits."""
    from fractions import Fraction

    from wgflow.arithmetic.number import InputError
    from wgflow.fourier.transformed import enclose_here
    from wgflow.stability import confined

    if not confined.is_needed(kernel):
        return enclose_here(kernel, n, k)
    claim = {"kernel": kernel.text, "stabilizer": "0*rbf", "dim": n}
    places = [_place(Fraction(float(each))) for each in k]
    try:
        rows = confined.in_child("rates", {"claim": claim, "places": places, "density": "1"})
    except confined.Stopped as problem:
        raise InputError(f"no enclosure of the transform: {problem}; type --method numeric.") from None
    return [row[1] for row in rows], [row[2] for row in rows]


def _place(k: Any) -> str:
    from flint import arb

    from wgflow.stability.claim import place_text

    return place_text(arb(float(k)))


def _symbolic(args: argparse.Namespace) -> int:
    from wgflow.arithmetic.number import InputError
    from wgflow.fourier.symbolic import derive

    if args.table is not None:
        raise InputError("a table has no formula; type --kernel 'exp(-r**4)', say.")
    found = derive(args.kernel, args.dim)
    if args.json:
        import json

        latex, text = (found.latex(), str(found.expression)) if found else (None, None)
        answer = {"schema": "wgflow.formula/1", "kernel": str(found.kernel), "dim": found.dim, "latex": latex, "text": text}
        print(json.dumps({**answer, "how": found.label}))
    elif args.latex and found:
        print(found.latex())
    else:
        print(found)
    return 0 if found else 3


def _check_names(args: argparse.Namespace) -> None:
    """Wrong file endings are known before anything is computed."""
    from wgflow.arithmetic.number import InputError

    if args.out and not args.out.lower().endswith(".nc"):
        raise InputError(f"--out {args.out!r} must end in .nc (NetCDF).")
    if args.plot:
        from wgflow.plots import check_format

        check_format(args.plot)


def _write(args: argparse.Namespace, found: Transformed) -> None:
    if args.out:
        from wgflow.run import save

        save(found.to_dataset(), args.out)
    if args.plot:
        from wgflow.plots import save_transform_plot

        save_transform_plot(found.to_dataset(), args.plot)


def _present(found: Transformed) -> None:
    from rich.table import Table

    from wgflow.cli.claim import show, table

    table([("kernel", found.kernel), ("dimension", str(found.dim)), ("method", f"{found.method}: {found.reason}")])
    grid = Table(header_style="bold", box=None, padding=(0, 2))
    for name in ("k", "F(k)", "error"):
        grid.add_column(name, justify="right")
    grid.add_column("")
    for row in found.rows():
        grid.add_row(*row)
    show(grid)
