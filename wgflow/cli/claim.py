"""The options that spell a claim, shared by `spectrum` and `certify`."""

from __future__ import annotations

import argparse

_COLOURS = {"DECAYS": "green", "STABLE": "green", "GROWS": "red", "UNSTABLE": "red", "UNDECIDED": "yellow"}


def add_claim_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--kernel", required=True, metavar="TEXT", help="kernel e, such as rbf, 'rq(alpha=0.5)', 'rbf(1) + 2*energy'"
    )
    command.add_argument(
        "--stabilizer", metavar="TEXT", help="kernel s (default: elastic where it can stabilize e; always printed)"
    )
    command.add_argument(
        "--eps", default="0", metavar="NUMBER", help="strength of the stabilizer, exact: 0.2 or 1/5 (default 0: plain)"
    )
    command.add_argument("--dim", default="2", metavar="N", help="dimension of the feature space (default 2); certify: also all")
    command.add_argument("--role", default="discriminator", metavar="ROLE", help="discriminator (default) or generator")
    command.add_argument("--period", metavar="L", help="only the modes of a torus of this period, such as 2*pi or 6.28")
    command.add_argument("--band", metavar="K1,K2", help="only wavenumbers from K1 to K2")
    command.add_argument("--json", action="store_true", help="print JSON for programs")


def claim_arguments(args: argparse.Namespace) -> dict[str, object]:
    return {name: getattr(args, name) for name in ("kernel", "stabilizer", "eps", "dim", "role", "period", "band")}


def table(rows: list[tuple[str, str]]) -> None:
    """Prints (name, text) rows, wrapped to the terminal."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in rows:
        colour = _COLOURS.get(text.split(":")[0])
        grid.add_row(name, f"[{colour}]{_plain(text)}[/]" if colour and name == "verdict" else _plain(text))
    show(grid)


def show(renderable: object) -> None:
    """Prints a rich object without the blanks that it pads lines with."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(renderable)
    print("\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n")))


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
