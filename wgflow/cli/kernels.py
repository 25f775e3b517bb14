"""wgflow kernels: the catalogue, with formulas and transforms."""

from __future__ import annotations

import argparse

HELP = "list the kernels: formula, parameters, transform, allowed dimensions"
DESCRIPTION = "Lists the kernels that can be named, or one of them. r = |x|, k = |xi|, n the dimension."


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", nargs="?", metavar="NAME", help="one kernel only")
    command.add_argument("--latex", action="store_true", help="print the formulas in LaTeX")
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from wgflow.kernels.catalogue import CATALOGUE, find

    names = [find(args.name).name] if args.name else list(CATALOGUE)
    if args.latex:
        from wgflow.kernels.latex import entry_latex

        print("\n\n".join(f"% {name}\n{entry_latex(name)}" for name in names))
        return 0
    from wgflow.kernels.describe import describe

    found = [describe(name) for name in names]
    if args.json:
        import json

        print(json.dumps({"schema": "wgflow.kernels/1", "kernels": found}))
    else:
        _present(found)
    return 0


def _present(found: list[dict[str, object]]) -> None:
    from wgflow.cli.claim import table

    for i, entry in enumerate(found):
        if i:
            print()
        table([(str(key), str(value)) for key, value in entry.items()])
