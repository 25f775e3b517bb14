"""wgflow ladder: certified rates, density, particles, free features, networks and a GAN on the same case, in one table."""

from __future__ import annotations

import argparse

from wgflow.cli.runs import STABILIZER, given

HELP = "certified rates beside densities, particles, free features and trained networks, in one table"
DESCRIPTION = (
    "Follows the same modes of the uniform density of a torus up the ladder of evidence: certified rates, density solvers, "
    "particles, free features trained by the real loss, a neural discriminator with a frozen generator, a full GAN; prints what "
    "each rung measured, and how far from the rung before. Of networks theory predicts signs and order; beside their rates stand "
    "those that their tangent kernels explain. Exit code: 0 all rates agree within --tolerance and all signs of networks are as "
    "predicted, 1 a rate or a sign is missed, 3 one could not be measured that well, 2 wrong input, 4 failure. The order of the "
    "modes in networks is reported and changes no exit code."
)
_TEXTS = (
    *STABILIZER,
    ("--dim", "N", "dimension, 1 to 3 (default 2)"),
    ("--role", "ROLE", "discriminator (default) or generator"),
    ("--period", "L", "period of the torus (default 2*pi)"),
    ("--modes", "LIST", "modes such as 1,2,3 or, in n = 2, 1:0,1:1 (default: three low ones)"),
    ("--time", "T", "length of the runs (default: half a growth time of the fastest mode)"),
    ("--count", "COUNT", "number of particles (default 1,000, 10,000, 20,000 in n = 1, 2, 3)"),
    ("--softening", "H", "Gaussian smoothing of the samples' kernel (default: none where the kernel is smooth)"),
    ("--rungs", "LIST", "some of density,particles,free-features,neural,gan (default: all that can be had)"),
    ("--alternate", "D:G", "updates of the discriminator and the generator in a cycle of the full GAN (default 1:1)"),
    ("--seeds", "S", "networks that are trained for each of the upper rungs (default 3)"),
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
    from wgflow.gan.ladder import ladder

    found = ladder(args.kernel, **given(args, _TEXTS))  # type: ignore[arg-type]
    if args.json:
        import json

        print(json.dumps(found.to_json(tolerance), allow_nan=False))
    else:
        print(found.text(tolerance))
    verdict = found.verdict(tolerance)
    return {AGREES: 0, MISSED: 1}.get(verdict, 3)
