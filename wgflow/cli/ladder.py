"""wgflow ladder: certified rates, a density solver and particles on the same case, in one table."""

from __future__ import annotations

import argparse

from wgflow.cli.runs import STABILIZER, given

HELP = "certified rates beside a density solver and particles, in one table"
DESCRIPTION = (
    "Follows the same modes of the uniform density of a torus up the ladder of evidence: certified rates, density solvers, "
    "particles; prints what each rung measured, and how far from the rung before. Exit code: 0 all agree within --tolerance, "
    "1 a rate is missed, 3 one could not be measured that well, 2 wrong input, 4 failure."
)
_TEXTS = (
    *STABILIZER,
    ("--dim", "N", "dimension, 1 to 3 (default 2)"),
    ("--role", "ROLE", "discriminator (default) or generator"),
    ("--period", "L", "period of the torus (default 2*pi)"),
    ("--modes", "LIST", "modes such as 1,2,3 or, in n = 2, 1:0,1:1 (default: three low ones)"),
    ("--time", "T", "length of the runs (default: half a growth time of the fastest mode)"),
    ("--count", "COUNT", "number of particles (default 1,000, 10,000, 20,000 in n = 1, 2, 3)"),
    ("--softening", "H", "Gaussian smoothing of the particles' kernel (default: none where the kernel is smooth)"),
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--kernel", required=True, metavar="TEXT", help="kernel e, such as rbf or 'rbf(1) + rbf(2)'")
    for name, metavar, text in _TEXTS:
        command.add_argument(name, metavar=metavar, help=text)
    command.add_argument("--tolerance", default="0.01", metavar="X", help="relative error that a rate may have (default 0.01)")
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from wgflow.arithmetic.number import InputError, rational

    tolerance = float(rational(args.tolerance, "tolerance"))
    if not tolerance > 0:
        raise InputError(f"tolerance {args.tolerance!r} must be positive; type --tolerance 0.01, say.")
    from wgflow.dynamics.growth import AGREES, MISSED
    from wgflow.dynamics.ladder import ladder

    found = ladder(args.kernel, **given(args, _TEXTS))  # type: ignore[arg-type]
    if args.json:
        import json

        print(json.dumps(found.to_json(tolerance), allow_nan=False))
    else:
        print(found.text(tolerance))
    verdict = found.verdict(tolerance)
    return {AGREES: 0, MISSED: 1}.get(verdict, 3)
