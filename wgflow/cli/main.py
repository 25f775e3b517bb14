"""Parse, run one command, map what happened to an exit code.

0 done or proved, 1 refuted, 2 wrong usage or input, 3 undecided, 4 failed (I/O, internal): a crash never reads as a verdict.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys

from wgflow.arithmetic.number import InputError
from wgflow.cli import certify, design, kernels, ladder, learning_rate, modes, simulate, spectrum, train, transform, verify

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any, NoReturn

COMMANDS = {
    "spectrum": spectrum, "certify": certify, "verify": verify, "design": design, "transform": transform,
    "simulate": simulate, "modes": modes, "learning-rate": learning_rate, "train": train, "ladder": ladder, "kernels": kernels,
}  # fmt: skip
WRONG_INPUT, FAILED = 2, 4
PACKAGES = {"flint": "python-flint", "sklearn": "scikit-learn", "PIL": "pillow"}  # where the name differs from the module's
# Options whose value may start with a minus sign, as in --kernel '-rbf' and --eps -1e-3.
_SIGNED = {
    "--kernel",
    "--stabilizer",
    "--eps",
    "--density",
    "--kmin",
    "--kmax",
    "--points",
    "--k",
    "--dim",
    "--period",
    "--band",
    "--among",
    "--decay",
    "--seed",
    "--lr-d",
    "--lr-g",
    "--momentum",
    "--adam",
    "--state",
    "--box",
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Help, **options)

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message[:400]}; see {self.prog} --help.")


class _Help(argparse.HelpFormatter):
    """Knows its width: argparse makes a formatter for every option it is given, and would load shutil to measure."""

    def __init__(self, prog: str) -> None:
        try:
            width = int(os.environ.get("COLUMNS", "")) or 100
        except ValueError:
            width = 100
        super().__init__(prog, width=max(40, width))


def parser(chosen: str = "") -> argparse.ArgumentParser:
    """Returns the parser; only the chosen command gets its options, for making them takes longer than reading them."""
    from wgflow import __version__

    top = _Parser(prog="wgflow", description="Which Fourier modes of a kernel GAN grow, with proofs.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"wgflow {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, prog="wgflow", parser_class=_Parser)
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP, description=module.DESCRIPTION, allow_abbrev=False)
        if name == chosen or chosen not in COMMANDS:
            module.add_options(command)
    return top


def _joined(arguments: list[str]) -> list[str]:
    """Returns the arguments with ``--eps -1`` written as ``--eps=-1``, which argparse can read."""
    out: list[str] = []
    for argument in arguments:
        if out and out[-1] in _SIGNED and argument.startswith("-") and not argument.startswith("--"):
            out[-1] = f"{out[-1]}={argument}"
        else:
            out.append(argument)
    return out


def entry() -> int:
    """The process of a command: as `main`, without garbage collection, which a short run never needs."""
    gc.disable()
    return main()


def main(arguments: list[str] | None = None) -> int:
    """Runs a command line and returns its exit code."""
    try:
        code = _run(_joined(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()  # a full disk or a closed pipe shows here, not after the exit code is chosen
        return code
    except InputError as problem:
        return _fail(str(problem), WRONG_INPUT)
    except BrokenPipeError:
        return _fail("the reader of the output went away", FAILED)
    except OSError as problem:
        return _fail(f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem), FAILED)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except ModuleNotFoundError as problem:
        return _fail(
            f"this needs {PACKAGES.get(name := str(problem.name), name)}, which is not installed; pip install it", FAILED
        )
    except MemoryError as problem:
        return _fail(f"there is not enough memory: {problem}", FAILED)
    except OverflowError as problem:  # exact numbers such as 1e400, where they become doubles
        if os.environ.get("WGFLOW_DEBUG"):
            raise
        return _fail(f"a number is too large to compute with ({problem})", WRONG_INPUT)
    except Exception as problem:  # the last resort: a bug must not look like a verdict
        if os.environ.get("WGFLOW_DEBUG"):
            raise
        return _fail(f"internal error, {type(problem).__name__}: {problem} (set WGFLOW_DEBUG=1 for the traceback)", FAILED)


def _run(arguments: list[str]) -> int:
    if sys.stdout is None:
        raise OSError("there is no standard output to write to")
    args = parser(arguments[0] if arguments else "").parse_args(arguments)
    code: int = args.run(args)
    return code


def _fail(message: str, code: int) -> int:
    try:  # what is still buffered must not raise again when the interpreter exits
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print("wgflow: " + " ".join(message.split()), file=sys.stderr, flush=True)
    return code
