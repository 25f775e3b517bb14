"""What commands that simulate share: files and checkpoints, progress, the table of rates, exit codes."""

from __future__ import annotations

import argparse

from wgflow.cli.claim import show

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from collections.abc import Callable

    from wgflow.dynamics.growth import GrowthTable
    from wgflow.dynamics.integrate import Outcome

Texts = tuple[tuple[str, str, str], ...]

KERNEL: Texts = (("--kernel", "TEXT", "kernel e, such as rbf, energy, 'rbf(1) + 2*energy' or an expression in r"),)
STABILIZER: Texts = (
    ("--stabilizer", "TEXT", "kernel s of the stabilizing term -eps s (default: as for `wgflow spectrum`, where --eps is given)"),
    ("--eps", "NUMBER", "strength of the stabilizer, exact: 0.2 or 1/5 (default 0: plain)"),
)


def add_run_options(command: argparse.ArgumentParser, pictures: str) -> None:
    """Adds the options of all simulations; ``pictures``: the formats of --plot."""
    command.add_argument("--tolerance", default="0.01", metavar="X", help="relative error that a rate may have (default 0.01)")
    command.add_argument("--out", metavar="FILE.nc", help="write the run to a NetCDF file, with checkpoints beside it")
    command.add_argument("--resume", metavar="FILE.nc", help="go on with an interrupted run; takes no option that changes it")
    command.add_argument("--checkpoint-seconds", default="20", metavar="S", help="time between checkpoints (default 20)")
    command.add_argument("--plot", metavar="FILE", help=f"draw the run: {pictures}")
    command.add_argument("--json", action="store_true", help="print JSON for programs")


def given(args: argparse.Namespace, texts: Texts) -> dict[str, object]:
    """Returns the options that were typed, by the names of the library, whose defaults hold for the rest."""
    names = (option[2:].replace("-", "_") for option, _, _ in texts)
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def check_run_options(args: argparse.Namespace, asked: dict[str, object], spelled: dict[str, str] | None = None) -> float:
    """Returns the tolerance; wrong combinations are known before anything is computed. Raises InputError."""
    from wgflow.arithmetic.number import InputError, rational

    if args.resume:
        extra = sorted(asked) + (["out"] if args.out else [])
        if extra:
            option = (spelled or {}).get(extra[0], f"--{extra[0].replace('_', '-')}")
            raise InputError(f"--resume takes its settings from the file; leave out {option}.")
    if (tolerance := float(rational(args.tolerance, "tolerance"))) <= 0:
        raise InputError(f"tolerance {args.tolerance!r} must be positive; type --tolerance 0.01, say.")
    return tolerance


def present_growth(growth: GrowthTable | None, tolerance: float) -> None:
    """Prints the table of rates, where there is one."""
    if growth is None:
        return
    from rich.table import Table

    from wgflow.dynamics.growth import HEADER

    grid = Table(header_style="bold", box=None, padding=(0, 2))
    for name in HEADER:
        grid.add_column(name, justify="right")
    for row in growth.lines(tolerance):
        grid.add_row(*row)
    print()
    show(grid)


def files_rows(args: argparse.Namespace, outcome: Outcome) -> list[tuple[str, str]]:
    """Returns (name, path) rows of what was written."""
    out = args.out or args.resume
    rows = [("go on with", f"--resume {out}") if outcome.value == "interrupted" and out else ("run", out), ("figure", args.plot)]
    return [(name, path) for name, path in rows if path]


def exit_code(outcome: Outcome, growth: GrowthTable | None, tolerance: float) -> int:
    """Returns 0 done, 1 a rate was missed, 3 one could not be measured, 4 the run ended early, 130 interrupted."""
    from wgflow.dynamics.growth import MISSED, UNDECIDED

    if outcome.value != "finished":
        return 130 if outcome.value == "interrupted" else 4
    verdict = growth.verdict(tolerance) if growth is not None else ""
    return {MISSED: 1, UNDECIDED: 3}.get(verdict, 0)


class Progress:
    """A bar on standard error, where that is a terminal."""

    def __enter__(self) -> Callable[[float, float], None] | None:
        import sys

        self.bar = None
        if not sys.stderr.isatty():
            return None
        from rich.console import Console
        from rich.progress import Progress

        bar = self.bar = Progress(console=Console(file=sys.stderr), transient=True)
        bar.start()
        task = bar.add_task("time")
        return lambda done, total: bar.update(task, completed=done, total=total)

    def __exit__(self, *reason: object) -> None:
        if self.bar is not None:
            self.bar.stop()
