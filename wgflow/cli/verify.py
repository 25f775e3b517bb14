"""wgflow verify: replay a certificate."""

from __future__ import annotations

import argparse

HELP = "replay a certificate independently of the search that made it"
DESCRIPTION = (
    "Replays a certificate: recomputes everything it claims from the claim's text alone. "
    "Exit code: 0 it holds, 1 it does not, 2 the file is no certificate, 3 it holds but decides nothing, 4 failure."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="a certificate that `wgflow certify --certificate FILE` wrote")
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from wgflow.arithmetic.number import InputError
    from wgflow.stability.check import Refused, verify

    try:
        found = verify(args.file)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as problem:
        raise InputError(f"{args.file}: {problem.strerror}; give a file that wgflow certify --certificate wrote.") from None
    except Refused as problem:
        if problem.foreign:
            raise InputError(str(problem)) from None
        _print(args, {"holds": False, "reason": str(problem)}, f"REFUSED: {problem}")
        return 1
    _print(args, {"holds": True, "result": found.result}, str(found))
    return 3 if found.verdict.value == "UNDECIDED" else 0


def _print(args: argparse.Namespace, data: dict[str, object], text: str) -> None:
    if args.json:
        import json

        print(json.dumps({"schema": "wgflow.verify/1", **data}, allow_nan=False))
    else:
        print(text)
