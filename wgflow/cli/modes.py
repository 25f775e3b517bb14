"""wgflow modes: growth rates and modes about a state that is not constant."""

from __future__ import annotations

import argparse

from wgflow.cli.claim import show, table

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from wgflow.dynamics.states.state_modes import StateModes

HELP = "growth rates and modes about a state that is not constant"
DESCRIPTION = (
    "Linearizes the flow about p0 = q, a density or samples, and prints its growth rates, all real, with the digits in which two "
    "resolutions agree. Numeric, not proved (unless every mode of constant states is proved to decay: then every state's does). "
    "Exit code: 0 all modes decay, 1 a mode grows, 3 undecided: not resolved, or no equilibrium; 2 wrong input, 4 failure."
)
_TEXTS = (
    (
        "--state",
        "TEXT",
        "p0: a function of x, y, z such as '1 + 0.5*cos(x)', 'gaussian(std=2)', or a file of samples (default 1)",
    ),
    ("--stabilizer", "TEXT", "kernel s of the stabilizing term -eps s (default: as for `wgflow spectrum`, where --eps is given)"),
    ("--eps", "NUMBER", "strength of the stabilizer, exact: 0.2 or 1/5 (default 0: plain)"),
    ("--dim", "N", "dimension, 1 to 3 (default: as many axes as the state names)"),
    ("--role", "ROLE", "discriminator (default) or generator"),
    ("--period", "L", "a torus of this period on each axis, centred at 0, such as 2*pi; default: the whole space"),
    ("--box", "LOW,HIGH", "where a state in the whole space lives (default: found, where it is not below 1e-16 of its maximum)"),
    ("--target", "TEXT", "q, where it is not the state itself; then the state is checked to be at rest"),
    ("--moves", "WHO", "p (default), or both: q moves too, in the opposite direction"),
    ("--bandwidth", "H", "turn samples into the density of Gaussians of this width (default: the particles' own Jacobian)"),
    ("--count", "COUNT", "modes of either sign that are asked for (default 10)"),
    ("--digits", "D", "digits in which two resolutions must agree (default 6)"),
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--kernel", required=True, metavar="TEXT", help="kernel e, such as rbf, 'rbf(1) + 2*energy'")
    for name, metavar, text in _TEXTS:
        command.add_argument(name, metavar=metavar, help=text)
    command.add_argument("--normalize", action="store_true", help="divide the state by its mass")
    command.add_argument("--plot", metavar="FILE", help="draw the state and its leading modes to a PNG, SVG or PDF file")
    command.add_argument("--out", metavar="FILE.nc", help="write rates, state and modes to a NetCDF file")
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    _check_names(args)
    from wgflow.dynamics.states.modes_of_state import modes

    names = [option[2:] for option, _, _ in _TEXTS]
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    found = modes(args.kernel, given.pop("state", "1"), normalize=args.normalize, **given)
    if args.out:
        from wgflow.run import save

        save(found.to_dataset(), args.out)
    if args.plot:
        from wgflow.dynamics.states.state_modes_drawing import save_modes_plot

        save_modes_plot(found.to_dataset(), args.plot)
    if args.json:
        import json

        print(json.dumps(found.to_json(), allow_nan=False))
    else:
        _present(found)
    return {"DECAYS": 0, "GROWS": 1, "UNDECIDED": 3}[found.verdict.value]


def _check_names(args: argparse.Namespace) -> None:
    """Wrong file endings are known before anything is computed."""
    from wgflow.arithmetic.number import InputError

    if args.out and not args.out.lower().endswith(".nc"):
        raise InputError(f"--out {args.out!r} must end in .nc (NetCDF).")
    if args.plot:
        from wgflow.plots import check_format

        check_format(args.plot)


def _present(found: StateModes) -> None:
    from rich.table import Table

    from wgflow.dynamics.states.state_modes_words import HEADER, state_rows, table_rows

    table(state_rows(found))
    if not len(found.rate):
        return
    grid = Table(header_style="bold", box=None, padding=(0, 2))
    for name in HEADER:
        grid.add_column(name, justify="left" if name == "mode" else "right")
    for rate, digits, word in table_rows(found):
        grid.add_row(rate, digits, f"[{'red' if word == 'grows' else 'green'}]{word}[/]")
    show(grid)
