"""wgflow train: train a GAN, and set what its feature modes do beside what was predicted."""

from __future__ import annotations

import argparse
import os
import sys

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from wgflow.gan.training.training_run import TrainingRun

HELP = "train a GAN by a kernel's distance or by a baseline, its feature modes beside the prediction"
DESCRIPTION = (
    "Trains a GAN as a TOML file says and writes its log, checkpoints, sample sheets and result to a folder. "
    "For several processes or GPUs: torchrun --nproc-per-node 2 -m wgflow train .... "
    "Exit code: 0 finished, 2 wrong input, 4 failure, or the run ended early (NaN, collapse, time is up; the last good state is "
    "kept), 130 interrupted; --resume goes on."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="FILE.toml", help="the settings; --resume can do without")
    command.add_argument("--out", metavar="DIR", help="folder of the run (default: no files)")
    command.add_argument("--seed", metavar="SEED", help="of everything random (default 0)")
    command.add_argument("--resume", action="store_true", help="go on with the run in --out; begin where there is none")
    command.add_argument(
        "--set", dest="changes", action="append", default=[], metavar="TABLE.KEY=VALUE", help="change a setting; may be repeated"
    )
    command.add_argument("--data-root", metavar="DIR", help="folder of data that are read from files (MNIST, CIFAR-10, ...)")
    command.add_argument("--device", default="auto", metavar="NAME", help="auto (default: a GPU where there is one), cpu or cuda")
    command.add_argument("--budget-minutes", metavar="M", help="end after so many minutes, with a checkpoint")
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import gc

    gc.enable()  # commands run without; a training is long, and autograd leaves cycles
    _check_installed()
    from wgflow.gan.train import train

    names = ("config", "out", "seed", "resume", "changes", "data_root", "device", "budget_minutes")
    found = train(**{name: getattr(args, name) for name in names}, progress=True)
    if _is_first():
        _present(found, args.json)
    if "TORCHELASTIC_RUN_ID" in os.environ:
        _leave(found.outcome.exit_code)
    return found.outcome.exit_code


def _leave(code: int) -> None:
    """Ends a process of torchrun's at once: torch's communication threads abort some interpreters that shut down around them."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _check_installed() -> None:
    from importlib.util import find_spec

    from wgflow.arithmetic.number import InputError

    for name in ("torch", "safetensors"):
        if find_spec(name) is None:
            raise InputError(f"training needs {name}, which is not installed; type pip install 'wgflow[gan]'.")


def _is_first() -> bool:
    """Whether this process speaks for all that torchrun started."""
    import os

    return os.environ.get("RANK", "0") == "0"


def _present(found: TrainingRun, as_json: bool) -> None:
    if as_json:
        import json

        print(json.dumps(found.to_json(), allow_nan=False))
        return
    try:
        from wgflow.cli.claim import table

        table(found.rows())
    except ImportError:  # without rich
        print(found.summary())
