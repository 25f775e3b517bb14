"""What a particle run is asked to do, as plain data: the same settings give the same run, bit for bit."""

from __future__ import annotations

import json
from fractions import Fraction

from wgflow.arithmetic.number import InputError, integer, rational, rational_text, shown
from wgflow.conventions import Role
from wgflow.fourier.domain import Period
from wgflow.kernels.kernel import ZERO, Kernel
from wgflow.kernels.text import parse
from wgflow.record import record
from wgflow.stability.claim import Claim, make_claim
from wgflow.stability.stabilizer import default_stabilizer

INTEGRATORS = ("auto", "euler", "heun", "rk4", "bs32", "dp54", "exponential-euler", "exprb32")
METHODS = ("auto", "direct", "sorted", "fourier", "nufft", "sliced")
MOVES = ("p", "both")
MOST_PARTICLES = 10**9
MOST_FRAME_BYTES = 2**28


@record
class ParticleSettings:
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
    def claim(self) -> Claim:
        """The claim of `wgflow.certify` about the same kernel, role and torus."""
        return make_claim(self.kernel, self.stabilizer, self.eps, self.dim, self.role, self.period)

    @property
    def moving_kernel(self) -> Kernel:
        """e - eps s."""
        claim = self.claim
        return claim.kernel - claim.eps * claim.stabilizer

    @property
    def length(self) -> float | None:
        """The period of the torus, None for the whole space."""
        domain = self.claim.domain
        return 6.283185307179586 / float(domain.wavenumber(1)) if isinstance(domain, Period) else None

    def number(self, name: str) -> float:
        """Returns an exact number of the settings as the nearest double."""
        return float(Fraction(getattr(self, name)))

    @property
    def learning_rates(self) -> tuple[float, float]:
        """Of the discriminator and of the generator."""
        return float(Fraction(self.rates[0])), float(Fraction(self.rates[1]))

    def to_json(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in ParticleSettings.__annotations__}

    @property
    def text(self) -> str:
        """Canonical JSON, which `settings_of` reads back to equal settings."""
        return json.dumps(self.to_json(), sort_keys=True)


def settings_of(text: str) -> ParticleSettings:
    """Returns the settings that ``text`` is the canonical JSON of."""
    data = json.loads(text)
    data["rates"] = tuple(data["rates"])
    data["alternate"] = tuple(data["alternate"]) if data["alternate"] else None
    return ParticleSettings(**data)


def particle_settings(
    kernel: object,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = 2,
    role: object = "discriminator",
    period: object = None,
    moves: object = "p",
    alternate: object = None,
    rates: object = "1,1",
    noise: object = 0,
    count: object = 1000,
    start: object = None,
    modes: object = None,
    amplitude: object = "1e-5",
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
    outputs: object = 100,
    frames: object = None,
    slices: object = 256,
    escape: object = 10**6,
    collapse: object = 0,
    max_steps: object = 10**7,
    seed: object = 0,
) -> ParticleSettings:
    """Returns checked settings; raises InputError for the first that is wrong. See `wgflow.simulate_particles`."""
    s, strength = _stabilizer(kernel, stabilizer, eps, dim)
    claim = make_claim(kernel, s, strength, dim, role, period)
    if modes is not None and claim.domain is None:
        raise InputError("modes are those of a torus; type --period 2*pi, say, with --modes.")
    if modes is not None and start is not None:
        raise InputError("modes disturb the uniform state, which is the start then; leave out --start or --modes.")
    n, size = claim.dim, integer(count, "count (-N)", 1, MOST_PARTICLES)
    steps = integer(outputs, "outputs", 1, 100_000)
    most_frames = max(2, MOST_FRAME_BYTES // (8 * n * size))
    return ParticleSettings(
        kernel=str(claim.kernel),
        stabilizer=str(claim.stabilizer),
        eps=str(claim.eps),
        dim=n,
        role=claim.role.text,
        period=claim.domain.text if isinstance(claim.domain, Period) else None,
        moves=_one_of(moves, MOVES, "moves"),
        alternate=_alternate(alternate, claim.role, moves),
        rates=_rates(rates),
        noise=_number(noise, "noise", least=0),
        count=size,
        start=None if start is None else str(start),
        modes=None if modes is None else str(modes),
        amplitude=_number(amplitude, "amplitude", above=0, most=1),
        target=None if target is None else str(target),
        target_count=size if target_count is None else integer(target_count, "target count (-M)", 0, MOST_PARTICLES),
        time=_number(time, "time", above=0),
        step=None if step is None else _number(step, "step", above=0),
        integrator=_one_of(integrator, INTEGRATORS, "integrator"),
        rtol=None if rtol is None else _number(rtol, "rtol", above=0, most=1),
        method=_one_of(method, METHODS, "method"),
        accuracy=_number(accuracy, "accuracy", above=0, most=1),
        softening=_number(softening, "softening", least=0),
        exclude_self=bool(exclude_self),
        single=bool(single),
        outputs=steps,
        frames=min(steps + 1, 51, most_frames) if frames is None else min(steps + 1, integer(frames, "frames", 2, 100_001)),
        slices=integer(slices, "slices", 1, 10**6),
        escape=_number(escape, "escape", above=0),
        collapse=_number(collapse, "collapse", least=0),
        max_steps=integer(max_steps, "max steps", 1, 10**12),
        seed=integer(seed, "seed", 0, 2**63 - 1),
    )


def _stabilizer(kernel: object, stabilizer: object, eps: object, dim: object) -> tuple[Kernel, Fraction]:
    """Returns s and eps; without a stabilizer the default one where eps is not 0."""
    strength = rational(eps, "eps")
    if stabilizer is not None:
        if strength == 0:
            raise InputError("a stabilizer needs its strength; type --eps 1, say, with --stabilizer.")
        return parse(stabilizer), strength
    if strength == 0:
        return ZERO, strength
    return default_stabilizer(parse(kernel), make_claim(kernel, ZERO, 0, dim).dim), strength


def _number(value: object, what: str, least: int | None = None, above: int | None = None, most: int | None = None) -> str:
    number = rational(value, what)
    if (least is not None and number < least) or (above is not None and number <= above) or (most is not None and number > most):
        low = f"at least {least}" if above is None else f"greater than {above}"
        high = "" if most is None else f" and at most {most}"
        raise InputError(f"{what} {shown(value)} must be {low}{high}.")
    if number and not 1e-300 < abs(float(number)) < 1e300:
        raise InputError(f"{what} {shown(value)} is outside 1e-300 ... 1e300.")
    return rational_text(number)


def _one_of(value: object, known: tuple[str, ...], what: str) -> str:
    if value not in known:
        raise InputError(f"{what} {shown(value)} is not known; type one of {', '.join(known)}.")
    return str(value)


def _alternate(value: object, role: Role, moves: object) -> tuple[int, int] | None:
    """Reads ``n_D:n_G``, updates of the discriminator and of the generator in one cycle."""
    if value is None:
        return None
    parts = value.split(":") if isinstance(value, str) else list(value) if isinstance(value, (tuple, list)) else []
    if len(parts) != 2:
        raise InputError(f"alternate {shown(value)} is not two counts; type --alternate 5:1, say.")
    if role is not Role.DISCRIMINATOR:
        raise InputError("--alternate trains both in turn; leave out --role, whose kernel e - eps s is the discriminator's.")
    return integer(parts[0], "updates of the discriminator", 0, 10**6), integer(parts[1], "updates of the generator", 0, 10**6)


def _rates(value: object) -> tuple[str, str]:
    parts = value.split(",") if isinstance(value, str) else list(value) if isinstance(value, (tuple, list)) else []
    if len(parts) != 2:
        raise InputError(f"rates {shown(value)} are not two numbers; type --rates 1,0.5 for the discriminator and the generator.")
    first, second = (_number(part, "learning rate", above=0) for part in parts)
    return first, second
