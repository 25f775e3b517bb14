"""What a density run is asked to do, as plain data: the same settings and arrays give the same run, bit for bit."""

from __future__ import annotations

import json
from fractions import Fraction

from wgflow.arithmetic.number import InputError, integer, rational
from wgflow.dynamics.choices import bounded, one_of, stabilizer_of
from wgflow.dynamics.run_settings import RunSettings
from wgflow.fourier.domain import Period
from wgflow.kernels.kernel import ZERO, Kernel
from wgflow.kernels.text import parse
from wgflow.record import record
from wgflow.stability.claim import make_claim

FLOWS = ("kernel", "jensen-shannon")
SOLVERS = ("auto", "spectral", "etdrk4", "volumes", "implicit")
LIMITER_NAMES = ("positive", "minmod", "van-leer")
MOVES = ("p", "both")
DEFAULT_POINTS = {1: 256, 2: 128, 3: 48}
MOST_FRAME_BYTES = 2**28


@record
class DensitySettings(RunSettings):
    """Every choice of a density run as text or plain numbers; numbers that were typed stay exact text."""

    flow: str
    kernel: str
    stabilizer: str
    eps: str
    dim: int
    role: str
    period: str | None
    box: str | None
    moves: str
    modes: str | None
    amplitude: str
    diffusion: str
    noise: str
    points: int
    solver: str
    limiter: str
    filter: str
    time: str
    step: str | None
    outputs: int
    frames: int
    max_steps: int

    @property
    def length(self) -> float:
        """The period of the torus, or the side of the box."""
        return self.torus_length or self.number("box")


def settings_of(text: str) -> DensitySettings:
    """Returns the settings that ``text`` is the canonical JSON of; raises InputError where another version wrote it."""
    try:
        return DensitySettings(**json.loads(text))
    except (ValueError, TypeError):
        raise InputError("the settings in the file are not those of this version of wgflow; start the run anew.") from None


def density_settings(
    kernel: object = None,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = 1,
    role: object = "discriminator",
    flow: object = "kernel",
    period: object = None,
    box: object = None,
    moves: object = "p",
    modes: object = None,
    amplitude: object = "1e-5",
    diffusion: object = 0,
    noise: object = 0,
    points: object = None,
    solver: object = "auto",
    limiter: object = "van-leer",
    filter: object = 0,  # the name of the option
    time: object = 1,
    step: object = None,
    outputs: object = 100,
    frames: object = None,
    max_steps: object = 10**7,
) -> DensitySettings:
    """Returns checked settings; raises InputError for the first that is wrong. See `wgflow.simulate_density`."""
    kind = one_of(flow, FLOWS, "flow")
    e, s, strength = _kernels(kind, kernel, stabilizer, eps, dim)
    claim = make_claim(e, s, strength, dim, "generator" if kind == FLOWS[1] else role, period)
    if (period is None) == (box is None):
        raise InputError("a density lives on a torus or in a box; type --period 2*pi or --box 10, one of them.")
    if modes is not None and period is None:
        raise InputError("modes are those of a torus; type --period 2*pi, say, with --modes.")
    size = integer(DEFAULT_POINTS.get(claim.dim, 2) if points is None else points, "points", 2, 2**26)
    steps = integer(outputs, "outputs", 1, 100_000)
    most = max(2, MOST_FRAME_BYTES // (16 * size**claim.dim))
    found = DensitySettings(
        flow=kind,
        kernel=str(claim.kernel),
        stabilizer=str(claim.stabilizer),
        eps=str(claim.eps),
        dim=claim.dim,
        role=claim.role.text,
        period=claim.domain.text if isinstance(claim.domain, Period) else None,
        box=None if box is None else bounded(box, "box", above=0),
        moves=one_of(moves, MOVES, "moves"),
        modes=None if modes is None else str(modes),
        amplitude=bounded(amplitude, "amplitude", above=0, most=1),
        diffusion=bounded(diffusion, "diffusion", least=0),
        noise=bounded(noise, "noise", least=0),
        points=size,
        solver=_solver(one_of(solver, SOLVERS, "solver"), kind, period is not None),
        limiter=one_of(limiter, LIMITER_NAMES, "limiter"),
        filter=bounded(filter, "filter", least=0, most=1),
        time=bounded(time, "time", above=0),
        step=None if step is None else bounded(step, "step", above=0),
        outputs=steps,
        frames=min(steps + 1, 101, most) if frames is None else min(steps + 1, integer(frames, "frames", 2, 100_001)),
        max_steps=integer(max_steps, "max steps", 1, 10**12),
    )
    _check_together(found)
    return found


def _kernels(kind: str, kernel: object, stabilizer: object, eps: object, dim: object) -> tuple[Kernel, Kernel, Fraction]:
    """Returns e, s and eps; without a stabilizer the default one where eps is not 0."""
    if kind != FLOWS[0]:
        if kernel is not None or stabilizer is not None or rational(eps, "eps"):
            raise InputError(f"the flow {kind} has no kernel; leave out --kernel, --stabilizer and --eps.")
        return ZERO, ZERO, Fraction(0)
    if kernel is None:
        raise InputError("a kernel is needed; type --kernel rbf, say.")
    return parse(kernel), *stabilizer_of(kernel, stabilizer, eps, dim)


def _solver(name: str, kind: str, periodic: bool) -> str:
    cells = ("volumes", "implicit")
    if name == "auto":
        return "etdrk4" if periodic and kind == FLOWS[0] else "volumes"
    if name not in cells and not periodic:
        raise InputError(f"--solver {name} is for a torus; type --period 2*pi, say, or --solver volumes.")
    if name not in cells and kind != FLOWS[0]:
        raise InputError(f"--solver {name} is for kernel flows; type --solver volumes with --flow {kind}.")
    return name


def _check_together(settings: DensitySettings) -> None:
    if settings.filter != "0" and settings.solver not in ("spectral", "etdrk4"):
        raise InputError("--filter sets Fourier modes to 0; type --solver etdrk4 with it.")
    if settings.noise != "0" and (settings.period is None or settings.flow != FLOWS[0]):
        raise InputError("--noise smooths the kernel's transform on a torus; type --period 2*pi, say, or leave it out.")
    if settings.flow != FLOWS[0] and (settings.moves == "both" or settings.diffusion != "0"):
        raise InputError(
            f"in the flow {settings.flow} p alone moves, without further diffusion; leave out --moves and --diffusion."
        )
