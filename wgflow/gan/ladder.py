"""The ladder of evidence, whole: certified rates, density, particles, free features, a neural discriminator, a full GAN."""

from __future__ import annotations

from importlib.util import find_spec

from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.conventions import Role
from wgflow.dynamics.choices import stabilizer_of
from wgflow.dynamics.ladder import case_of, density_rungs, particle_rung
from wgflow.dynamics.particles.particle_settings import particle_settings
from wgflow.dynamics.rungs import Ladder, Rung
from wgflow.kernels.text import parse
from wgflow.stability.certify import certify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wgflow.dynamics.ladder import Case

LOWER, UPPER = ("density", "particles"), ("free-features", "neural", "gan")
RUNGS = (*LOWER, *UPPER)
SAMPLES = {1: 128, 2: 400, 3: 1000}  # of the networks: their lattice resolves the default smoothing
AMPLITUDE = "1e-4"  # of the modes that networks are followed from
_INSTALL = "pip install 'wgflow[gan]'"


def ladder(
    kernel: object,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = 2,
    role: object = "discriminator",
    period: object = "2*pi",
    modes: str | None = None,
    time: object = None,
    count: object = None,
    softening: object = None,
    rungs: object = "all",
    alternate: object = "1:1",
    seeds: object = 3,
) -> Ladder:
    """Returns the rungs for one case about the uniform density of a torus, each beside the certified rates.

    density: two solvers.  particles: deterministic ones.  free-features: every sample's feature is a parameter, trained by the
    real loss and optimizer; p alone moves, then p and q, as a discriminator moves them.  neural: a wide discriminator
    against a frozen generator (role generator: a wide generator against a frozen discriminator).  gan: both, trained in turn.

    Theory takes each feature to move by itself. In a network features move together, by its tangent kernel; what is predicted of
    the two upper rungs is therefore the sign of every mode and their order. Beside these stands the rate that theory gives
    with the tangent kernel in it (`wgflow.gan.rungs.neural_rung`).

    Arguments as for `wgflow.simulate_particles` (dim 1 to 3). modes: three low ones by default.  time: of the lower rungs; half
    the time in which the fastest mode changes by e.  count: of the particles.  softening: width of the Gaussian that smooths the
    kernel where there are samples, one for all these rungs; by default none for kernels that are smooth at r = 0, else small;
    their prediction contains it.  rungs: names of `RUNGS`, as text with commas or a sequence, or "all", without
    torch the lower ones.  alternate: updates of discriminator and generator in a cycle of the full GAN.  seeds: networks a
    rung.

    Raises InputError.

    >>> found = ladder("rbf(0.5)", dim=1, rungs="density,particles")
    >>> found.verdict(1e-3), [rung.name for rung in found.rungs]
    ('agrees', ['density, spectral', 'density, volumes', 'particles'])
    """
    case = case_of(stabilizer, eps, dim, role, period, modes)
    networks = integer(seeds, "seeds", 1, 1000)
    chosen, note = _chosen(rungs, particle_settings(kernel, **case).claim.role)
    certified = _certified(kernel, case)
    found: list[Rung] = []
    width = softening
    if any(name in UPPER for name in chosen):
        kernel_up, case_up = _driven(kernel, case)
        width = _one_smoothing(kernel_up, case_up) if softening is None else str(rational(softening, "softening"))
    if "density" in chosen:
        found += density_rungs(kernel, case, time)
    if "particles" in chosen:
        found.append(particle_rung(kernel, case, time, count, None if width == "0" and softening is None else width))
    if "free-features" in chosen:
        found += _free_rungs(kernel_up, case_up, width)
    if "neural" in chosen:
        found.append(_neural_rung(kernel_up, case_up, width, networks, None))
    if "gan" in chosen:
        found.append(_neural_rung(kernel_up, case_up, width, networks, alternate))
    return Ladder(tuple(found), certified, note)


def _chosen(rungs: object, role: Role) -> tuple[tuple[str, ...], str]:
    """Returns the names of the rungs in their order, and a line on those of "all" that cannot be had here."""
    torch, gan = find_spec("torch") is not None, role is Role.DISCRIMINATOR
    if rungs == "all":
        missing = (
            f"free features, neural discriminator and full GAN are trained with torch, which is not installed: {_INSTALL}."
            if not torch
            else ("" if gan else "The full GAN trains both players; it stands on the ladder of --role discriminator.")
        )
        return tuple(name for name in RUNGS if name in LOWER or (torch and (gan or name != "gan"))), missing
    names = (
        [part.strip() for part in rungs.split(",")]
        if isinstance(rungs, str)
        else list(rungs)
        if isinstance(rungs, list | tuple)
        else []
    )
    unknown = [name for name in names if name not in RUNGS]
    if unknown or not names:
        raise InputError(
            f"rungs {shown(unknown[0] if unknown else rungs)} are not known; type --rungs all, or some of {','.join(RUNGS)}."
        )
    above = [name for name in names if name in UPPER]
    if above and not torch:
        raise InputError(
            f"{above[0]} is trained with torch, which is not installed; type {_INSTALL}, or --rungs density,particles."
        )
    if "gan" in names and not gan:
        raise InputError("the full GAN trains both players; leave out --role generator, or gan of --rungs.")
    return tuple(name for name in RUNGS if name in names), ""


def _certified(kernel: object, case: Case) -> str:
    """Returns the certificate of the case in one line."""
    given = {name: case[name] for name in ("stabilizer", "eps", "dim", "role", "period")}
    answer = certify(kernel, **given)
    s, strength = stabilizer_of(kernel, case["stabilizer"], case["eps"], case["dim"])
    spelled = f"{parse(kernel)}" + (f" - {strength} * ({s})" if strength else "")
    said = {"DECAYS": "every mode decays, proved", "GROWS": "some mode grows, proved"}.get(answer.verdict.value, "not decided")
    where = f"{answer.claim.role.text}, n = {case['dim']}, torus of period {case['period']}"
    return f"{answer.verdict.value}: {spelled}, {where}: {said}"


def _driven(kernel: object, case: Case) -> tuple[object, Case]:
    """Returns kernel and case as real losses have them: a generator's is the plain one of what it descends, here e - eps s."""
    settings = particle_settings(kernel, **case)
    if settings.claim.role is Role.DISCRIMINATOR or not settings.claim.eps:
        return kernel, case
    return settings.moving_kernel, {**case, "stabilizer": None, "eps": 0}


def _one_smoothing(kernel: object, case: Case) -> str:
    from wgflow.gan.rungs.free_features import smoothing_needed  # late: torch

    return smoothing_needed(particle_settings(kernel, **case))


def _free_rungs(kernel: object, case: Case, width: object) -> list[Rung]:
    from wgflow.gan.rungs.free_features import free_features  # late: torch

    both = case["role"] == Role.DISCRIMINATOR.text
    out = []
    for moves, name in (("p", "free features"), ("both", "free features, p and q"))[: 2 if both else 1]:
        found = free_features(kernel, moves=moves, softening=width, **case)
        out.append(Rung(name, found.how, found.growth))
    return out


def _neural_rung(kernel: object, case: Case, width: object, seeds: int, alternate: object) -> Rung:
    from wgflow.gan.rungs.neural_rung import Network, network_text, neural_growth  # late: torch

    alone = case["role"] == Role.GENERATOR.text
    extra: dict[str, Any] = {"moves": "p" if alone else "both", "alternate": alternate}
    settings = particle_settings(kernel, count=SAMPLES[case["dim"]], softening=width, amplitude=AMPLITUDE, **case, **extra)
    network = Network(seeds=seeds)
    found = neural_growth(settings, network)
    name = "full GAN" if alternate is not None else "neural generator, frozen discriminator" if alone else "neural discriminator"
    return Rung(name, network_text(settings, network), found.growth, found)
