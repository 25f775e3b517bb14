"""wgflow learning-rate: whether training with these learning rates contracts every mode, and which rates do."""

from __future__ import annotations

import argparse

from wgflow.cli.claim import table

EXIT = {"STABLE": 0, "UNSTABLE": 1, "UNDECIDED": 3}
NAMES = (
    "kernel", "stabilizer", "eps", "dim", "lr_d", "lr_g", "n_critic", "momentum", "nesterov", "update", "moves", "density",
    "period", "band", "adam",
)  # fmt: skip
HELP = "which learning rates make training contract every mode, with proofs"
DESCRIPTION = (
    "Decides whether discriminator and generator steps with these learning rates contract every Fourier mode, encloses the "
    "largest stable learning rates and the least eps. Exit code: 0 proved stable, 1 proved unstable, 3 undecided, "
    "2 wrong input, 4 failure."
)


def add_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--kernel", required=True, metavar="TEXT", help="kernel e, such as rbf, 'rq(alpha=0.5)', 'rbf(1) + 2*energy'")
    add("--stabilizer", metavar="TEXT", help="kernel s (default: elastic where it can stabilize e; always printed)")
    add("--eps", default="0", metavar="NUMBER", help="strength of the stabilizer, exact: 0.2 or 1/5 (default 0: plain)")
    add("--dim", default="2", metavar="N", help="dimension of the feature space (default 2)")
    add("--lr-d", default="1e-3", metavar="RATE", help="learning rate of the discriminator (default 1e-3; 0: it rests)")
    add("--lr-g", default="0", metavar="RATE", help="learning rate of the generator (default 0: it rests)")
    add("--n-critic", default="1", metavar="COUNT", help="discriminator steps in a cycle, then one generator step (default 1)")
    add("--momentum", default="0", metavar="BETA", help="momentum of both, or D,G such as 0.5,0 (default 0)")
    add("--nesterov", action="store_true", help="Nesterov's momentum instead of the heavy ball")
    add("--update", default="alternating", metavar="ORDER", help="alternating (default), or simultaneous: the generator's "
        "gradient is taken before the last discriminator step")  # fmt: skip
    add("--moves", default="p", metavar="WHO", help="p (default), or both: the discriminator moves q too")
    add("--adam", metavar="SIZE", help="approximate Adam: second moments frozen at gradients of this root mean square")
    add("--density", default="1", metavar="C", help="value of the constant base density (default 1)")
    add("--period", metavar="L", help="only the modes of a torus of this period, such as 2*pi or 6.28")
    add("--band", metavar="K1,K2", help="only wavenumbers from K1 to K2")
    add("--points", default="41", metavar="COUNT", help="points of each axis of the chart (default 41)")
    add("--plot", metavar="FILE", help="draw the stability chart in (learning rate, eps): PNG, SVG or PDF")
    add("--out", metavar="FILE.nc", help="write the chart's numbers to a NetCDF file")
    add("--json", action="store_true", help="print JSON for programs")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from wgflow.stability.updates import learning_rate

    _check_names(args)
    found = learning_rate(**{name: getattr(args, name) for name in NAMES})
    if args.out or args.plot:
        data = found.chart(args.points)
        if args.out:
            from wgflow.run import save

            save(data, args.out)
        if args.plot:
            from wgflow.plots import save_learning_rate_plot

            save_learning_rate_plot(data, args.plot)
    if args.json:
        import json

        print(json.dumps(found.to_json(), allow_nan=False))
    else:
        from wgflow.stability.updates_words import rows

        table(rows(found))
    return EXIT[found.verdict.value]


def _check_names(args: argparse.Namespace) -> None:
    """Wrong file endings are known before anything is computed."""
    from wgflow.arithmetic.number import InputError, integer

    integer(args.points, "points", 2, 400)
    if args.out and not args.out.lower().endswith(".nc"):
        raise InputError(f"--out {args.out!r} must end in .nc (NetCDF).")
    if args.plot:
        from wgflow.plots import check_format

        check_format(args.plot)
