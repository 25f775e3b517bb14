"""wgflow simulate density: solve the flow of a density, and set its modes beside what was predicted."""

from __future__ import annotations

import argparse

from wgflow.cli.claim import table
from wgflow.cli.runs import KERNEL, STABILIZER

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any

    from wgflow.dynamics.density.density_run import DensityRun

HELP = "a density that follows the flow, its modes beside the certified rates"
DESCRIPTION = (
    "Solves p_t = -+ div(p grad(e~ * (p - q))) on a torus or in a box of the whole space, says whether that is well posed, "
    "and prints the growth rate of each disturbed mode beside the certified one. Exit codes as for `wgflow simulate particles`."
)
TEXTS = (
    *KERNEL,
    *STABILIZER,
    ("--dim", "N", "dimension, 1 to 3 (default 1); volumes and implicit: 1 or 2"),
    ("--role", "ROLE", "discriminator (default) or generator"),
    ("--flow", "NAME", "kernel (default), or jensen-shannon: the flow of the original GAN, which needs no kernel"),
    ("--period", "L", "a torus of this period on each axis, such as 2*pi"),
    ("--box", "L", "a box of this side around 0 in the whole space"),
    ("--moves", "WHO", "p (default: q stands still) or both"),
    ("--modes", "LIST", "disturb these modes of the uniform state of a torus: 1,2,3 or, in n = 2, 1:0,1:1"),
    ("--amplitude", "A", "relative size of the disturbances (default 1e-5)"),
    ("--state", "TEXT", "p at time 0: an expression such as '1+0.5*cos(x)' or a Gaussian mixture (default: uniform)"),
    ("--target", "TEXT", "q: likewise (default: uniform on a torus, 0 in a box)"),
    ("--diffusion", "NU", "adds NU times the Laplacian of p (default 0)"),
    ("--noise", "BETA", "mean field of noise injection: the kernel smoothed by a Gaussian of this width (torus; default 0)"),
    ("--points", "COUNT", "grid points an axis (default 256, 128, 48 in n = 1, 2, 3)"),
    ("--solver", "NAME", "auto; etdrk4, spectral (torus); volumes (positive, order 2), implicit (positive for every step)"),
    ("--limiter", "NAME", "of the finite volumes: van-leer (default), minmod, positive"),
    ("--filter", "FLOOR", "zero modes below this share of the mean density after each step (Krasny; default 0: off)"),
    ("--time", "T", "length of the run (default 1)"),
    ("--step", "DT", "time step (default: from stability and accuracy)"),
    ("--outputs", "COUNT", "number of equal intervals after which modes and energy are recorded (default 100)"),
    ("--frames", "COUNT", "number of times at which densities are kept (default 101, fewer of large grids)"),
    ("--max-steps", "COUNT", "end the run after so many steps (default 10,000,000)"),
)


def add_options(density: argparse.ArgumentParser) -> None:
    from wgflow.cli.runs import add_run_options

    for name, metavar, text in TEXTS:
        density.add_argument(name, metavar=metavar, help=text)
    add_run_options(density, "PNG, SVG, PDF")
    density.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from wgflow.cli.runs import Progress, check_run_options, exit_code, given

    asked = given(args, TEXTS)
    tolerance = check_run_options(args, asked)
    if args.plot:
        from wgflow.plots import check_format

        check_format(args.plot)
    from wgflow.dynamics.density.density_run import resume_density, simulate_density

    if "state" in asked:
        asked["start"] = asked.pop("state")
    with Progress() as progress:
        if args.resume:
            found = resume_density(args.resume, progress=progress, checkpoint_seconds=args.checkpoint_seconds)
        else:
            keeping: dict[str, Any] = {"out": args.out, "progress": progress, "checkpoint_seconds": args.checkpoint_seconds}
            found = simulate_density(**{**keeping, **asked})
    if args.plot:
        from wgflow.dynamics.density.density_drawing import save_density_plot

        save_density_plot(found.data, args.plot)
    _present(found, args, tolerance)
    return exit_code(found.outcome, found.growth, tolerance)


def _present(found: DensityRun, args: argparse.Namespace, tolerance: float) -> None:
    if args.json:
        import json

        print(json.dumps(found.to_json(args.tolerance), allow_nan=False))
        return
    from wgflow.cli.runs import files_rows, present_growth
    from wgflow.dynamics.density.density_words import run_rows

    table(run_rows(found))
    present_growth(found.growth, tolerance)
    table(files_rows(args, found.outcome))
