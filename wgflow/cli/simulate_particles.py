"""wgflow simulate particles: move particles by the flow of a kernel, and set what they do beside what was predicted."""

from __future__ import annotations

import argparse

from wgflow.cli.claim import table
from wgflow.cli.runs import KERNEL, STABILIZER

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from wgflow.dynamics.particles.particle_run import ParticleRun

HELP = "particles that follow the flow, their modes beside the certified rates"
DESCRIPTION = (
    "Moves particles by the Wasserstein gradient flow of a kernel, in the role of the generator or the discriminator, and prints "
    "the growth rate of each disturbed mode beside the certified one. Exit code: 0 done, 1 a predicted rate was missed by more "
    "than --tolerance, 3 a rate could not be measured to it, 2 wrong input, 4 failure, or the run ended early (NaN, escape, "
    "collapse: the last good state is kept)."
)
_TEXTS = (
    *KERNEL,
    *STABILIZER,
    ("--dim", "N", "dimension of the space (default 2)"),
    ("--role", "ROLE", "discriminator (default) or generator"),
    ("--period", "L", "a torus of this period on each axis, such as 2*pi; default: the whole space"),
    ("--moves", "WHO", "p (default: q stands still) or both"),
    (
        "--alternate",
        "D:G",
        "cycles of D updates as discriminator and G as generator; --time counts cycles, and --step 1/2 halves all rates",
    ),
    ("--rates", "D,G", "learning rates of the two under --alternate (default 1,1)"),
    ("--noise", "BETA", "evaluate the velocity at x + BETA times standard normal noise (Arbel et al. 2019)"),
    ("--start", "TEXT", "where p starts: gaussian(std=2), ring, FILE.npy, ... (see below; default gaussian, on a torus uniform)"),
    ("--modes", "LIST", "disturb these modes of the uniform state of a torus: 1,2,3 or, in n = 2, 1:0,1:1"),
    ("--amplitude", "A", "relative size of the disturbances (default 1e-5)"),
    ("--target", "TEXT", "where q is: eight-gaussians, FILE.csv, ... (default: none; on a torus uniform)"),
    ("--time", "T", "length of the run (default 1)"),
    ("--step", "DT", "step of fixed-step integrators (default: from the certified rates)"),
    (
        "--integrator",
        "NAME",
        "auto; euler, heun, rk4 (fixed steps); bs32, dp54 (adaptive); for stiff flows exponential-euler, exprb32 (adaptive)",
    ),
    ("--rtol", "R", "relative error a step of the adaptive integrators (default 1e-6)"),
    ("--method", "NAME", "of the sums: auto, direct, sorted, fourier, nufft, sliced"),
    ("--accuracy", "A", "of approximate sums, relative to the sum of absolute values (default 1e-9)"),
    ("--softening", "H", "length that smooths a singular kernel: r^2 + H^2; on a torus a Gaussian filter exp(-H^2 k^2/2)"),
    ("--slices", "COUNT", "directions of --method sliced (default 256)"),
    (
        "--outputs",
        "COUNT",
        "number of equal intervals after which modes are recorded (default 100, under --alternate after whole cycles)",
    ),
    ("--frames", "COUNT", "number of times at which positions are kept (default 51, fewer of many particles)"),
    ("--escape", "RADII", "end the run where a particle is farther from the start's centre than so many extents (default 1e6)"),
    ("--collapse", "LENGTH", "end the run where all particles are within this length (default 0: never)"),
    ("--max-steps", "COUNT", "end the run after so many steps (default 10,000,000)"),
    ("--seed", "SEED", "of everything random (default 0)"),
)


def add_options(command: argparse.ArgumentParser) -> None:
    from wgflow.cli.runs import add_run_options

    command.epilog = "Starts and targets: gaussian, mixtures, rings, two-moons, ... or a file; `--target help` lists them."
    for name, metavar, text in _TEXTS:
        command.add_argument(name, metavar=metavar, help=text)
    command.add_argument("-N", "--count", metavar="COUNT", help="number of particles (default 1000)")
    command.add_argument("-M", "--target-count", metavar="COUNT", help="number of target particles (default: as -N)")
    command.add_argument("--exclude-self", action="store_true", help="leave coincident pairs out of a singular kernel's sum")
    command.add_argument("--float32", dest="single", action="store_true", help="pairs in float32, sums in float64 (direct)")
    command.add_argument("--threads", metavar="COUNT", help="threads of the sums (default: all cores); changes no digit")
    command.add_argument("--cluster", metavar="ADDRESS", help="sums on a Dask cluster: ADDRESS, or local:2 for two processes")
    add_run_options(command, "PNG, SVG, PDF; GIF or MP4 for a movie")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if "help" in (args.start, args.target):
        return _list_shapes()
    asked = _given(args)
    tolerance = _check(args, asked)
    from wgflow.cli.runs import Progress, exit_code
    from wgflow.dynamics.particles.particle_run import resume_particles, simulate_particles

    machine = {"threads": args.threads, "cluster": args.cluster, "checkpoint_seconds": args.checkpoint_seconds}
    with Progress() as progress:
        if args.resume:
            found = resume_particles(args.resume, progress=progress, **machine)
        else:
            found = simulate_particles(out=args.out, progress=progress, **machine, **asked)  # type: ignore[arg-type]
    if args.plot:
        from wgflow.dynamics.particles.drawing import save_picture

        save_picture(found.data, args.plot)
    _present(found, args, tolerance)
    return exit_code(found.outcome, found.growth, tolerance)


def _given(args: argparse.Namespace) -> dict[str, object]:
    from wgflow.cli.runs import given

    asked = given(args, _TEXTS)
    asked |= {name: getattr(args, name) for name in ("count", "target_count") if getattr(args, name) is not None}
    return asked | {key: True for key in ("exclude_self", "single") if getattr(args, key)}


def _check(args: argparse.Namespace, asked: dict[str, object]) -> float:
    """Returns the tolerance; wrong combinations and file names are known before anything is computed."""
    from wgflow.arithmetic.number import InputError
    from wgflow.cli.runs import check_run_options

    spelled = {"single": "--float32", "count": "-N", "target_count": "-M"}
    tolerance = check_run_options(args, asked, spelled)
    if not args.resume and args.kernel is None:
        raise InputError("a kernel is needed; type --kernel rbf, say, or --resume FILE.nc.")
    if args.plot:
        from wgflow.dynamics.particles.drawing import check_picture

        check_picture(args.plot)
    return tolerance


def _list_shapes() -> int:
    from wgflow.dynamics.particles.initial import KNOWN

    table([(name, text) for name, text in KNOWN.items()])
    return 0


def _present(found: ParticleRun, args: argparse.Namespace, tolerance: float) -> None:
    if args.json:
        import json

        print(json.dumps(found.to_json(args.tolerance), allow_nan=False))
        return
    from wgflow.cli.runs import files_rows, present_growth
    from wgflow.dynamics.particles.particle_words import run_rows

    table(run_rows(found))
    present_growth(found.growth, tolerance)
    table(files_rows(args, found.outcome))
