"""wgflow design: the least intrusive stabilizer of a family, and what a faster decay costs."""

from __future__ import annotations

import argparse

from wgflow.cli.claim import show, table

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from wgflow.stability.design import Design
    from wgflow.stability.trade_off import TradeOff

EXIT = {"DECAYS": 0, "GROWS": 1, "UNDECIDED": 3}

HELP = "the least intrusive stabilizer of a family that makes every mode decay"
DESCRIPTION = (
    "Finds, among the mixtures of given stabilizers, the one that changes the spectrum over the data's band least and still "
    "makes every Fourier mode decay, proves that it does, and says how far from the least it can be. "
    "Exit code: 0 found and proved, 1 proved that no mixture does, 3 undecided, 2 wrong input, 4 failure."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--kernel", required=True, metavar="TEXT", help="kernel e, such as rbf or 'rbf(1) + rbf(2)'")
    command.add_argument("--dim", default="2", metavar="N", help="dimension of the feature space (default 2)")
    command.add_argument(
        "--among",
        action="append",
        metavar="TEXT",
        help="candidates, with ';' between them: 'elastic; rbf(1/2)'; may be repeated "
        "(default: the kernel stretched by 1/4, 1/2, 3/4; elastic; energy)",
    )
    command.add_argument("--band", metavar="K1,K2", help="where the data live (default: rates above 1 %% of their peak)")
    command.add_argument("--role", default="discriminator", metavar="ROLE", help="discriminator (default) or generator")
    command.add_argument("--decay", default="0", metavar="RATE", help="least decay rate of the band's modes (default 0)")
    command.add_argument("--certificate", metavar="FILE", help="write the proof to FILE; `wgflow verify FILE` replays it")
    command.add_argument("--trade-off", metavar="FILE", help="draw intrusion against slowest decay: PNG, SVG or PDF")
    command.add_argument("--points", default="8", metavar="COUNT", help="number of rates of the trade-off (default 8)")
    command.add_argument("--out", metavar="FILE.nc", help="write the trade-off to a NetCDF file")
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    _check_names(args)
    from wgflow.stability.design import design

    found = design(args.kernel, args.dim, args.among, args.band, args.role, args.decay)
    wanted = (args.trade_off or args.out) and found.stabilizer is not None
    curve = found.trade_off(args.points) if wanted else None
    _write(args, found, curve)
    if args.json:
        import json

        print(json.dumps({**found.to_json(), "trade_off": curve.to_json() if curve else None}, allow_nan=False))
    else:
        _present(found, curve)
        table([(name, path) for name, path in (("certificate", args.certificate), ("figure", curve and args.trade_off)) if path])
    return EXIT[found.verdict.value]


def _check_names(args: argparse.Namespace) -> None:
    """Wrong file endings are known before anything is computed."""
    from wgflow.arithmetic.number import InputError, integer

    if args.out and not args.out.lower().endswith(".nc"):
        raise InputError(f"--out {args.out!r} must end in .nc (NetCDF).")
    integer(args.points, "points", 1, 200)
    if args.trade_off:
        from wgflow.plots import check_format

        check_format(args.trade_off, "--trade-off")


def _write(args: argparse.Namespace, found: Design, curve: TradeOff | None) -> None:
    if args.certificate:
        found.certificate.save(args.certificate)
    if curve and args.out:
        from wgflow.run import save

        save(curve.to_dataset(), args.out)
    if curve and args.trade_off:
        from wgflow.plots import save_trade_off_plot

        save_trade_off_plot(curve.to_dataset(), args.trade_off)


def _present(found: Design, curve: TradeOff | None) -> None:
    from wgflow.stability.design_words import HEADER, TRADE_HEADER, comparison, design_rows, problem_rows, trade_cells

    table(problem_rows(found))
    print()
    _grid(HEADER, comparison(found))
    print()
    table(design_rows(found))
    if curve:
        print()
        _grid(TRADE_HEADER, [trade_cells(point.decay, point.mixture) for point in curve.points])


def _grid(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    grid = Table(header_style="bold", box=None, padding=(0, 2))
    for name in header:
        grid.add_column(name, overflow="fold")
    for row in rows:
        grid.add_row(*map(escape, row))
    show(grid)
