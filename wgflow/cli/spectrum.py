"""wgflow spectrum: growth rates over a grid of wavenumbers, and what to change where a mode grows."""

from __future__ import annotations

import argparse

from wgflow.cli.claim import add_claim_options, claim_arguments, show, table

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from wgflow.stability.rates import Spectrum


_COLOURS = {"grows": "red", "decays": "green", "neutral": "yellow", "undecided": "yellow"}


HELP = "growth rate of every Fourier mode, proved signs, the least eps"
DESCRIPTION = (
    "Prints the transform and growth rate of Fourier modes under e - eps s, with a proved sign for each, "
    "the growing bands and the feasible eps. Exit code 0 whenever it answered, 2 wrong input, 4 failure."
)


def add_options(command: argparse.ArgumentParser) -> None:
    add_claim_options(command)
    command.add_argument("--density", default="1", metavar="C", help="value of the constant base density (default 1)")
    command.add_argument("--kmin", metavar="K", help="least wavenumber of the grid")
    command.add_argument("--kmax", metavar="K", help="largest wavenumber of the grid")
    command.add_argument("--points", default="25", metavar="COUNT", help="number of wavenumbers (default 25)")
    command.add_argument("--plot", metavar="FILE", help="draw the rate over k to a PNG, SVG or PDF file")
    command.add_argument("--out", metavar="FILE.nc", help="write the numbers to a NetCDF file")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from wgflow.stability.rates import spectrum

    _check_names(args)
    options = {name: getattr(args, name) for name in ("density", "kmin", "kmax", "points")}
    found = spectrum(**claim_arguments(args), **options)
    if args.out:
        from wgflow.run import save

        save(found.to_dataset(), args.out)
    if args.plot:
        from wgflow.plots import save_spectrum_plot

        save_spectrum_plot(found.resampled(max(400, len(found.wavenumber))).to_dataset(), args.plot)
    if args.json:
        import json

        print(json.dumps(found.to_json(), allow_nan=False))
    else:
        _present(found)
    return 0


def _check_names(args: argparse.Namespace) -> None:
    """Wrong file endings are known before anything is computed."""
    from wgflow.arithmetic.number import InputError

    if args.out and not args.out.lower().endswith(".nc"):
        raise InputError(f"--out {args.out!r} must end in .nc (NetCDF).")
    if args.plot:
        from wgflow.plots import check_format

        check_format(args.plot)


def _present(found: Spectrum) -> None:
    import sys

    from rich.table import Table

    from wgflow.stability.words import claim_rows, extra_rows

    table([*claim_rows(found.certificate), ("density", str(found.density))])
    grid = Table(header_style="bold", box=None, padding=(0, 2))
    for name in ("k", "F(e - eps s)", "growth rate"):
        grid.add_column(name, justify="right")
    grid.add_column("mode")
    for k, value, rate, word in zip(found.wavenumber, found.transform, found.rate, found.sign, strict=True):
        grid.add_row(f"{k:.5g}", f"{value:.6g}", f"{rate:.6g}", f"[{_COLOURS[word]}]{word}[/]")
    show(grid)
    if sys.stdout.isatty():
        _small_plot(found.resampled(160))
    table(extra_rows(found))


def _small_plot(found: Spectrum) -> None:
    """The growth rate over k, drawn in characters."""
    import plotext

    points = [(k, r) for k, r in zip(found.wavenumber, found.rate, strict=True) if abs(r) < 1e300]
    if len(points) < 2:
        return
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(min(plotext.terminal_width() or 80, 90), 16)
    plotext.xscale("log")
    plotext.plot([k for k, _ in points], [r for _, r in points], marker="braille")
    plotext.hline(0)
    plotext.xlabel("k")
    plotext.title("growth rate over k")
    print(plotext.build())
