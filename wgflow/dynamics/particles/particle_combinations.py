"""Which options of a particle run go together: one that would change nothing is refused, not ignored."""

from __future__ import annotations

import os
from fractions import Fraction

from wgflow.arithmetic.number import InputError, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wgflow.dynamics.particles.particle_settings import ParticleSettings

ADAPTIVE = ("bs32", "dp54", "exprb32")
EXPLICIT = ("euler", "heun", "rk4")
OUTPUTS = 100
ACCURACIES = (1e-13, 0.1)  # that a non-uniform FFT can be asked for
AMPLITUDE, SLICES, COUNT, RATES = "1e-5", 256, 1000, "1,1"  # where nothing is asked for


def check_used(settings: ParticleSettings, target_count: object) -> None:
    """Raises InputError for the first option that has no effect on the run, or not the one it names.

    target_count: as it was given, None where it was not.
    """
    for unused, sentence in (*_of_the_steps(settings), *_of_the_sums(settings), *_of_the_particles(settings, target_count)):
        if unused:
            raise InputError(sentence)


def _of_the_steps(settings: ParticleSettings) -> tuple[tuple[bool, str], ...]:
    cycles, name = settings.alternate is not None, settings.integrator
    fixed = cycles or name in EXPLICIT or (name == "auto" and (settings.modes is not None or settings.step is not None))
    return (
        (
            settings.step is not None and name in ADAPTIVE and not cycles,
            f"integrator {name} chooses its steps by --rtol; leave out --step, or type --integrator rk4, say.",
        ),
        (settings.rtol is not None and fixed, "--rtol is for integrators that choose their steps; type --integrator dp54, say."),
        (
            settings.rates != ("1", "1") and not cycles,
            "--rates are those of alternating updates; type --alternate 1:1, say, or leave it out.",
        ),
        (cycles and settings.step is not None and _cycles(settings) % settings.outputs != 0, _cut_cycles(settings)),
    )


def _of_the_sums(settings: ParticleSettings) -> tuple[tuple[bool, str], ...]:
    low, high = ACCURACIES
    return (
        (
            not low <= settings.number("accuracy") <= high,
            f"accuracy {settings.number('accuracy'):g} is not between {low:g} and {high:g}; type --accuracy 1e-9, say.",
        ),
        (settings.slices != SLICES and settings.method != "sliced", "--slices are those of --method sliced; leave it out."),
        (
            settings.single and (settings.method not in ("auto", "direct") or settings.period is not None),
            "--float32 is for direct sums in the whole space; leave it out, or --method and --period.",
        ),
    )


def _of_the_particles(settings: ParticleSettings, target_count: object) -> tuple[tuple[bool, str], ...]:
    from wgflow.dynamics.particles.particle_file import ENDINGS

    def is_file(text: str | None) -> bool:
        return text is not None and text.lower().endswith(ENDINGS)

    drawn = settings.target is not None or settings.moves == "both"
    return (
        (
            Fraction(settings.amplitude) != Fraction(AMPLITUDE) and settings.modes is None,
            "--amplitude is that of --modes; leave it out, or type --period 2*pi --modes 1, say.",
        ),
        (
            settings.count != COUNT and is_file(settings.start),
            f"{shown(settings.start)} says how many particles there are; leave out -N.",
        ),
        (target_count is not None and not drawn, "-M counts the particles of a target; type --target gaussian, say, with it."),
        (
            target_count is not None and is_file(settings.target),
            f"{shown(settings.target)} says how many target particles there are; leave out -M.",
        ),
    )


def _cycles(settings: ParticleSettings) -> Fraction:
    return Fraction(settings.time) / Fraction(settings.step or 1)


def _cut_cycles(settings: ParticleSettings) -> str:
    """Intervals between outputs take equal steps of at most --step: those are --step where it fits a whole number of times."""
    cycles = _cycles(settings)
    if cycles.denominator != 1:
        return f"time {settings.time} is no whole number of cycles of --step {settings.step}; type --time {settings.step}, say."
    near = min((n for n in range(1, 10 * settings.outputs) if cycles % n == 0), key=lambda n: abs(n - settings.outputs))
    return f"{settings.outputs} outputs do not divide the {cycles} cycles of --step {settings.step}; type --outputs {near}."


def default_outputs(time: str, alternating: bool, step: str | None) -> int:
    """Returns the number of outputs where none is asked for: 100, or with alternating updates as many as leave cycles whole.

    >>> default_outputs("1", False, None), default_outputs("10", True, "1"), default_outputs("2500", True, None)
    (100, 10, 100)
    """
    cycles = Fraction(time) / Fraction(step or 1)
    if not alternating or cycles < 1 or (step is None and cycles == 1) or cycles.denominator != 1:
        return OUTPUTS
    return max(count for count in range(1, OUTPUTS + 1) if cycles % count == 0)


def text_of(value: object, what: str) -> str | None:
    """Returns a text or the name of a file, None for none; raises InputError for anything else, such as an array."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value) if isinstance(os.fspath(value), str) else os.fsdecode(value)
    raise InputError(f"{what} is text or the name of a file, not {type(value).__name__}; numpy.save arrays, and give the name.")


def modes_text(value: object) -> str | None:
    """Returns modes as text: 1,2 for [1, 2], and 1:0,1:1 for [(1, 0), (1, 1)].

    >>> modes_text([1, 2]), modes_text([(1, 0), (1, 1)]), modes_text("1,2")
    ('1,2', '1:0,1:1', '1,2')
    """
    if value is None or isinstance(value, (str, int)):
        return None if value is None else str(value)
    if isinstance(value, (list, tuple)):
        return ",".join(":".join(map(str, each)) if isinstance(each, (list, tuple)) else str(each) for each in value)
    raise InputError(f"modes {shown(value)} are not understood; give text such as '1,2' or a list such as [1, 2].")
