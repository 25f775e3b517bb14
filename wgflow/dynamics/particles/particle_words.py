"""A particle run in words: rows of text for the terminal, lines for Python, a table for notebooks."""

from __future__ import annotations

from wgflow.dynamics.run_words import growth_lines, html_of, kernel_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wgflow.dynamics.particles.particle_run import ParticleRun


def run_rows(found: ParticleRun) -> list[tuple[str, str]]:
    """Returns (name, text) rows about a run."""
    settings, data = found.settings, found.data
    rows = kernel_rows(settings)
    rows += [("role", _role(found)), ("space", _space(found)), ("particles", _particles(found))]
    rows += [("sums", data.attrs["sums"]), ("at r = 0", data.attrs["regularization"])]
    rows += [("integrator", _integrator(found)), ("outcome", f"{found.outcome.name}: {found.reason}")]
    for name, title in (("energy", "energy"), ("mmd", "MMD"), ("wasserstein", _wasserstein(found))):
        if name in data:
            first, last = data[name].values[0], data[name].values[-1]
            rows.append((title, f"{first:.6g} -> {last:.6g}"))
    return rows


def _role(found: ParticleRun) -> str:
    settings = found.settings
    who = "both densities move" if settings.moves == "both" else "p moves"
    if settings.alternate is not None:
        (d, g), (rate_d, rate_g) = settings.alternate, settings.rates
        return f"{d} discriminator updates at rate {rate_d}, then {g} generator updates at rate {rate_g}"
    noise = "" if settings.noise == "0" else f", noise {settings.noise}"
    return f"{settings.role}, {who}{noise}"


def _space(found: ParticleRun) -> str:
    settings = found.settings
    return f"R^{settings.dim}" if settings.period is None else f"torus of period {settings.length:.6g}, n = {settings.dim}"


def _particles(found: ParticleRun) -> str:
    data = found.data
    count = data.sizes["particle"]
    if "target_particle" in data.sizes:
        return f"{count} against {data.sizes['target_particle']}"
    background = "no target" if found.settings.period is None else "the uniform density"
    return f"{count} against {background}"


def _integrator(found: ParticleRun) -> str:
    data = found.data
    step = data.attrs.get("step")
    return f"{data.attrs['integrator']}{'' if step is None else f', dt = {step:.6g}'}; {int(data['steps'].values[-1])} steps"


def _wasserstein(found: ParticleRun) -> str:
    return "W1" if found.settings.dim == 1 else "sliced W2"


def summary_lines(found: ParticleRun) -> list[str]:
    """Returns the whole summary as lines of text."""
    return [*(f"{name:<12}{text}" for name, text in run_rows(found)), *growth_lines(found.growth)]


def run_html(found: ParticleRun) -> str:
    """Returns the summary as HTML tables."""
    return html_of(run_rows(found), found.growth)
