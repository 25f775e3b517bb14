"""wgflow simulate: move particles by the flow of a kernel, and set what they do beside what was predicted."""

from __future__ import annotations

import argparse

from wgflow.cli.claim import show, table

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from collections.abc import Callable

    from wgflow.dynamics.particle_run import ParticleRun

HELP = "particles that follow the flow, their modes beside the certified rates"
DESCRIPTION = (
    "Moves particles by the Wasserstein gradient flow of a kernel, in the role of the generator or the discriminator, and prints "
    "the growth rate of each disturbed mode beside the certified one. Exit code: 0 done, 1 a predicted rate was missed by more "
    "than --tolerance, 3 a rate could not be measured to it, 2 wrong input, 4 failure, or the run ended early (NaN, escape, "
    "collapse: the last good state is kept)."
)
_TEXTS = (
    ("--kernel", "TEXT", "kernel e, such as rbf, energy, 'rbf(1) + 2*energy' or an expression in r"),
    ("--stabilizer", "TEXT", "kernel s of the stabilizing term -eps s (default: as for `wgflow spectrum`, where --eps is given)"),
    ("--eps", "NUMBER", "strength of the stabilizer, exact: 0.2 or 1/5 (default 0: plain)"),
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
    kinds = command.add_subparsers(dest="kind", metavar="KIND", required=True, parser_class=type(command))
    particles = kinds.add_parser("particles", help=HELP, description=DESCRIPTION, epilog=_epilog(), allow_abbrev=False)
    for name, metavar, text in _TEXTS:
        particles.add_argument(name, metavar=metavar, help=text)
    particles.add_argument("-N", "--count", metavar="COUNT", help="number of particles (default 1000)")
    particles.add_argument("-M", "--target-count", metavar="COUNT", help="number of target particles (default: as -N)")
    particles.add_argument("--exclude-self", action="store_true", help="leave coincident pairs out of a singular kernel's sum")
    particles.add_argument("--float32", dest="single", action="store_true", help="pairs in float32, sums in float64 (direct)")
    particles.add_argument("--tolerance", default="0.01", metavar="X", help="relative error that a rate may have (default 0.01)")
    particles.add_argument("--out", metavar="FILE.nc", help="write the run to a NetCDF file, with checkpoints beside it")
    particles.add_argument("--resume", metavar="FILE.nc", help="go on with an interrupted run; takes no option that changes it")
    particles.add_argument("--checkpoint-seconds", default="20", metavar="S", help="time between checkpoints (default 20)")
    particles.add_argument("--threads", metavar="COUNT", help="threads of the sums (default: all cores); changes no digit")
    particles.add_argument(
        "--cluster", metavar="ADDRESS", help="sums on a Dask cluster: ADDRESS, or local:2 for two processes here"
    )
    particles.add_argument("--plot", metavar="FILE", help="draw the run: PNG, SVG, PDF; GIF or MP4 for a movie")
    particles.add_argument("--json", action="store_true", help="print JSON for programs")
    particles.set_defaults(run=run)


def _epilog() -> str:
    return "Starts and targets: gaussian, mixtures, rings, swiss-roll, two-moons, ... or a file; `--target help` lists them."


def run(args: argparse.Namespace) -> int:
    if "help" in (args.start, args.target):
        return _list_shapes()
    tolerance = _check(args)
    from wgflow.dynamics.particle_run import resume_particles, simulate_particles

    given = _given(args)
    machine = {"threads": args.threads, "cluster": args.cluster, "checkpoint_seconds": args.checkpoint_seconds}
    with _Progress() as progress:
        if args.resume:
            found = resume_particles(args.resume, progress=progress, **machine)
        else:
            found = simulate_particles(out=args.out, progress=progress, **machine, **given)  # type: ignore[arg-type]
    if args.plot:
        from wgflow.dynamics.drawing import save_picture

        save_picture(found.data, args.plot)
    _present(found, args, tolerance)
    return _exit_code(found, tolerance)


def _exit_code(found: ParticleRun, tolerance: float) -> int:
    from wgflow.dynamics.growth import MISSED, UNDECIDED
    from wgflow.dynamics.integrate import Outcome

    if found.outcome is Outcome.INTERRUPTED:
        return 130
    if found.outcome is not Outcome.FINISHED:
        return 4
    verdict = found.growth.verdict(tolerance) if found.growth is not None else ""
    return {MISSED: 1, UNDECIDED: 3}.get(verdict, 0)


def _given(args: argparse.Namespace) -> dict[str, object]:
    """The options that were typed, by the names of the library, whose defaults hold for the rest."""
    values = {name: getattr(args, name) for name in (option[2:].replace("-", "_") for option, _, _ in _TEXTS)}
    values |= {"count": args.count, "target_count": args.target_count}
    given: dict[str, object] = {key: value for key, value in values.items() if value is not None}
    return given | {key: True for key in ("exclude_self", "single") if getattr(args, key)}


def _check(args: argparse.Namespace) -> float:
    """Returns the tolerance; wrong combinations and file names are known before anything is computed."""
    from wgflow.arithmetic.number import InputError, rational

    if args.resume:
        extra = sorted(_given(args)) + (["out"] if args.out else [])
        if extra:
            option = {"single": "--float32", "count": "-N", "target_count": "-M"}.get(extra[0], f"--{extra[0].replace('_', '-')}")
            raise InputError(f"--resume takes its settings from the file; leave out {option}.")
    elif args.kernel is None:
        raise InputError("a kernel is needed; type --kernel rbf, say, or --resume FILE.nc.")
    if (tolerance := float(rational(args.tolerance, "tolerance"))) <= 0:
        raise InputError(f"tolerance {args.tolerance!r} must be positive; type --tolerance 0.01, say.")
    if args.plot:
        from wgflow.dynamics.drawing import check_picture

        check_picture(args.plot)
    return tolerance


def _list_shapes() -> int:
    from wgflow.dynamics.initial import KNOWN

    table([(name, text) for name, text in KNOWN.items()])
    return 0


class _Progress:
    """A bar on standard error, where that is a terminal."""

    def __enter__(self) -> Callable[[float, float], None] | None:
        import sys

        self.bar = None
        if not sys.stderr.isatty():
            return None
        from rich.console import Console
        from rich.progress import Progress

        bar = self.bar = Progress(console=Console(file=sys.stderr), transient=True)
        bar.start()
        task = bar.add_task("time")
        return lambda done, total: bar.update(task, completed=done, total=total)

    def __exit__(self, *reason: object) -> None:
        if self.bar is not None:
            self.bar.stop()


def _present(found: ParticleRun, args: argparse.Namespace, tolerance: float) -> None:
    if args.json:
        import json

        print(json.dumps(found.to_json(args.tolerance), allow_nan=False))
        return
    from wgflow.dynamics.growth import HEADER
    from wgflow.dynamics.particle_words import run_rows

    table(run_rows(found))
    if found.growth is not None:
        from rich.table import Table

        grid = Table(header_style="bold", box=None, padding=(0, 2))
        for name in HEADER:
            grid.add_column(name, justify="right")
        for row in found.growth.lines(tolerance):
            grid.add_row(*row)
        print()
        show(grid)
    out = args.out or args.resume
    stopped = found.outcome.value == "interrupted"
    files = [("go on with", f"--resume {out}") if stopped and out else ("run", out), ("figure", args.plot)]
    table([(name, path) for name, path in files if path])
