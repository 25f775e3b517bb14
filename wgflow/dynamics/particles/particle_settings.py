"""What a particle run is asked to do, as plain data: the same settings give the same run, bit for bit."""

from __future__ import annotations

import json
from fractions import Fraction

from wgflow.arithmetic.number import InputError, integer, shown
from wgflow.conventions import Role
from wgflow.dynamics.choices import bounded, one_of, stabilizer_of
from wgflow.dynamics.particles.particle_combinations import (
    AMPLITUDE,
    COUNT,
    RATES,
    SLICES,
    check_used,
    default_outputs,
    modes_text,
    text_of,
)
from wgflow.dynamics.run_settings import RunSettings
from wgflow.fourier.domain import Period
from wgflow.record import record
from wgflow.stability.claim import make_claim

INTEGRATORS = ("auto", "euler", "heun", "rk4", "bs32", "dp54", "exponential-euler", "exprb32")
METHODS = ("auto", "direct", "sorted", "fourier", "nufft", "sliced")
MOVES = ("p", "both")
MOST_PARTICLES = 10**9
MOST_FRAME_BYTES = 2**28


@record
class ParticleSettings(RunSettings):
    """Every choice of a particle run as text or plain numbers; numbers that were typed stay exact text."""

    kernel: str
    stabilizer: str
    eps: str
    dim: int
    role: str
    period: str | None
    moves: str
    alternate: tuple[int, int] | None
    rates: tuple[str, str]
    noise: str
    count: int
    start: str | None
    modes: str | None
    amplitude: str
    target: str | None
    target_count: int
    time: str
    step: str | None
    integrator: str
    rtol: str | None
    method: str
    accuracy: str
    softening: str
    exclude_self: bool
    single: bool
    outputs: int
    frames: int
    slices: int
    escape: str
    collapse: str
    max_steps: int
    seed: int

    @property
    def length(self) -> float | None:
        """The period of the torus, None for the whole space."""
        return self.torus_length

    @property
    def learning_rates(self) -> tuple[float, float]:
        """Of the discriminator and of the generator."""
        return float(Fraction(self.rates[0])), float(Fraction(self.rates[1]))


def settings_of(text: str) -> ParticleSettings:
    """Returns the settings that ``text`` is the canonical JSON of; raises InputError where another version wrote it."""
    try:
        data = json.loads(text)
        data["rates"] = tuple(data["rates"])
        data["alternate"] = tuple(data["alternate"]) if data["alternate"] else None
        return ParticleSettings(**data)
    except (ValueError, TypeError, KeyError):
        raise InputError("the settings in the file are not those of this version of wgflow; start the run anew.") from None


def particle_settings(
    kernel: object,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = 2,
    role: object = "discriminator",
    period: object = None,
    moves: object = "p",
    alternate: object = None,
    rates: object = RATES,
    noise: object = 0,
    count: object = COUNT,
    start: object = None,
    modes: object = None,
    amplitude: object = AMPLITUDE,
    target: object = None,
    target_count: object = None,
    time: object = 1,
    step: object = None,
    integrator: object = "auto",
    rtol: object = None,
    method: object = "auto",
    accuracy: object = "1e-9",
    softening: object = 0,
    exclude_self: bool = False,
    single: bool = False,
    outputs: object = None,
    frames: object = None,
    slices: object = SLICES,
    escape: object = 10**6,
    collapse: object = 0,
    max_steps: object = 10**7,
    seed: object = 0,
) -> ParticleSettings:
    """Returns checked settings; raises InputError for the first that is wrong. See `wgflow.simulate_particles`."""
    s, strength = stabilizer_of(kernel, stabilizer, eps, dim)
    claim = make_claim(kernel, s, strength, dim, role, period)
    if modes is not None and claim.domain is None:
        raise InputError("modes are those of a torus; type --period 2*pi, say, with --modes.")
    if modes is not None and start is not None:
        raise InputError("modes disturb the uniform state, which is the start then; leave out --start or --modes.")
    n, size = claim.dim, integer(count, "count (-N)", 1, MOST_PARTICLES)
    end, dt = bounded(time, "time", above=0), None if step is None else bounded(step, "step", above=0)
    steps = default_outputs(end, alternate is not None, dt) if outputs is None else integer(outputs, "outputs", 1, 100_000)
    most_frames = max(2, MOST_FRAME_BYTES // (8 * n * size))
    found = ParticleSettings(
        kernel=str(claim.kernel),
        stabilizer=str(claim.stabilizer),
        eps=str(claim.eps),
        dim=n,
        role=claim.role.text,
        period=claim.domain.text if isinstance(claim.domain, Period) else None,
        moves=one_of(moves, MOVES, "moves"),
        alternate=_alternate(alternate, claim.role, moves),
        rates=_rates(rates),
        noise=bounded(noise, "noise", least=0),
        count=size,
        start=text_of(start, "start"),
        modes=modes_text(modes),
        amplitude=bounded(amplitude, "amplitude", above=0, most=1),
        target=text_of(target, "target"),
        target_count=size if target_count is None else integer(target_count, "target count (-M)", 0, MOST_PARTICLES),
        time=end,
        step=dt,
        integrator=one_of(integrator, INTEGRATORS, "integrator"),
        rtol=None if rtol is None else bounded(rtol, "rtol", above=0, most=1),
        method=one_of(method, METHODS, "method"),
        accuracy=bounded(accuracy, "accuracy", above=0, most=1),
        softening=bounded(softening, "softening", least=0),
        exclude_self=bool(exclude_self),
        single=bool(single),
        outputs=steps,
        frames=min(steps + 1, 51, most_frames) if frames is None else min(steps + 1, integer(frames, "frames", 2, 100_001)),
        slices=integer(slices, "slices", 1, 10**6),
        escape=bounded(escape, "escape", above=0),
        collapse=bounded(collapse, "collapse", least=0),
        max_steps=integer(max_steps, "max steps", 1, 10**12),
        seed=integer(seed, "seed", 0, 2**63 - 1),
    )
    check_used(found, target_count)
    return found


def _alternate(value: object, role: Role, moves: object) -> tuple[int, int] | None:
    """Reads ``n_D:n_G``, updates of the discriminator and of the generator in one cycle."""
    if value is None:
        return None
    parts = value.split(":") if isinstance(value, str) else list(value) if isinstance(value, (tuple, list)) else []
    if len(parts) != 2:
        raise InputError(f"alternate {shown(value)} is not two counts; type --alternate 5:1, say.")
    if role is not Role.DISCRIMINATOR:
        raise InputError("--alternate trains both in turn; leave out --role, whose kernel e - eps s is the discriminator's.")
    both = integer(parts[0], "updates of the discriminator", 0, 10**6), integer(parts[1], "updates of the generator", 0, 10**6)
    if not any(both):
        raise InputError(f"alternate {shown(value)} moves nobody; type --alternate 5:1, say.")
    return both


def _rates(value: object) -> tuple[str, str]:
    parts = value.split(",") if isinstance(value, str) else list(value) if isinstance(value, (tuple, list)) else []
    if len(parts) != 2:
        raise InputError(f"rates {shown(value)} are not two numbers; type --rates 1,0.5 for the discriminator and the generator.")
    first, second = (bounded(part, "learning rate", above=0) for part in parts)
    return first, second
