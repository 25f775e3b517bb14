"""The time loop: exact landing, bitwise continuation from every snapshot, events and outcomes."""

import numpy as np
import pytest
from plain_sums import gaussian, logarithm, parabola

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.advance import Snapshot, beginning
from wgflow.dynamics.exponential import ExponentialEuler, ExponentialRosenbrock32
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrate import Limits, Outcome, integrate
from wgflow.dynamics.integrator_names import integrator as named
from wgflow.dynamics.particles.alternating import Cycle, alternating
from wgflow.dynamics.particles.noise import NoiseLevel, with_noise
from wgflow.dynamics.particles.particle_flow import particle_flow
from wgflow.dynamics.tolerance import Tolerance

TIMES = [0.0, 0.3, 1.0, 1.7]
LOOSE = Tolerance(1e-5, 1e-8)
INTEGRATORS = {
    **{name: named(name, LOOSE) for name in ("euler", "heun", "rk4", "bs32", "dp54")},
    "exponential-euler": ExponentialEuler(LOOSE),
    "exprb32": ExponentialRosenbrock32(LOOSE),
    "cycle": Cycle(),
}


class Given(Flow):
    """u' = f(t, u)."""

    random = False

    def __init__(self, f):
        self.f = f

    def rhs(self, t, state):
        return self.f(t, state)

    def drawn(self, step, t, state):
        return self


def flows(noise):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=(6, 2))
    flow, start = particle_flow(gaussian(), Role.GENERATOR, x, y)
    other, _ = particle_flow(gaussian(0.5), Role.DISCRIMINATOR, x, y)
    moving = with_noise(flow, NoiseLevel(0.2, decay=0.5), 7) if noise else flow
    return {"one": moving, "cycle": alternating(other, moving, (2, 1), (0.5, 1.0))}, start


def problem(name, noise):
    choice, start = flows(noise)
    return choice["cycle" if name == "cycle" else "one"], INTEGRATORS[name], beginning(start), 0.07


def stored(snapshot):
    """A snapshot as a file gives it back: new arrays, plain numbers."""
    memory = {k: float(v) if np.ndim(v) == 0 else np.array(v) for k, v in snapshot.memory.items()}
    return Snapshot(float(snapshot.time), int(snapshot.step), np.array(snapshot.state), memory)


@pytest.mark.parametrize("noise", [False, True], ids=["plain", "noise"])
@pytest.mark.parametrize("name", INTEGRATORS)
def test_continuing_from_any_snapshot_is_bitwise_the_same(name, noise):
    flow, integrator, start, dt = problem(name, noise)
    limits = Limits(escape_radius=1e3)
    seen = []
    whole = integrate(flow, integrator, start, TIMES, dt, on_step=lambda s: seen.append(stored(s)), limits=limits)
    assert whole.outcome is Outcome.FINISHED
    assert len(seen) == whole.snapshot.step >= 3
    for snapshot in seen[:: max(len(seen) // 6, 1)]:
        rest = integrate(flow, integrator, snapshot, [t for t in TIMES if t >= snapshot.time], dt, limits=limits).snapshot
        assert rest.step == whole.snapshot.step
        assert rest.time == whole.snapshot.time
        assert (rest.state == whole.snapshot.state).all()
        assert rest.memory.keys() == whole.snapshot.memory.keys()
        assert all(np.array_equal(rest.memory[key], whole.snapshot.memory[key]) for key in rest.memory)


@pytest.mark.parametrize("name", INTEGRATORS)
def test_asked_times_are_landed_on_exactly(name):
    flow, integrator, start, dt = problem(name, False)
    outputs = []
    times = [0.0, 0.1, 1 / 3, 0.35, 2**0.5]
    run = integrate(
        flow,
        integrator,
        start,
        times,
        dt,
        observers={"t": lambda t, u: t},
        on_output=lambda s, row: outputs.append((s.time, row["t"])),
    )
    assert run.times.tolist() == run.observed["t"].tolist() == times
    assert outputs == [(t, t) for t in times]
    assert run.snapshot.time == times[-1]


def test_fixed_steps_are_equal_and_at_most_dt():
    steps = []
    flow = Given(lambda t, u: 0 * u)
    run = integrate(flow, named("euler"), beginning([[0.0]]), [0.7, 1.0], 0.1, on_step=lambda s: steps.append(s.time))
    assert run.snapshot.step == 10
    assert np.diff([0.0, *steps]).max() < 0.1 * (1 + 1e-9)
    assert integrate(flow, named("euler"), beginning([[0.0]]), [0.75], 0.1).snapshot.step == 8


def test_times_reach_the_right_hand_side():
    """u' = 3 t^2 from 1 to 2: Heun's error is that of the trapezoidal rule, RK4's none."""
    flow, start = Given(lambda t, u: 0 * u + 3 * t * t), beginning([[1.0]], 1.0)
    assert integrate(flow, named("rk4"), start, [2.0], 0.25).snapshot.state[0, 0] == pytest.approx(8.0, rel=1e-14)
    trapezoids = np.trapezoid(3 * np.linspace(1, 2, 5) ** 2, np.linspace(1, 2, 5)) + 1
    assert integrate(flow, named("heun"), start, [2.0], 0.25).snapshot.state[0, 0] == pytest.approx(trapezoids, rel=1e-14)


def test_observations_have_a_row_for_each_reached_time():
    flow, start = particle_flow(parabola(), Role.DISCRIMINATOR, [[1.0, 0.0], [3.0, 2.0]], [[0.0, 0.0]])
    observers = {"mean": lambda t, u: u.mean(axis=0), "state": lambda t, u: u}
    run = integrate(flow, named("dp54", Tolerance(1e-9, 1e-12)), beginning(start), [0, 1, 2], observers=observers)
    assert run.observed["state"].shape == (3, 2, 2)
    assert np.abs(run.observed["mean"] - np.exp([[0.0], [1.0], [2.0]]) * [2.0, 1.0]).max() < 1e-7
    assert integrate(flow, named("rk4"), beginning(start), [1.0], 0.1).observed == {}


# ---- outcomes


@pytest.mark.parametrize("name", ["euler", "rk4", "dp54", "exponential-euler", "exprb32"])
def test_an_explosion_keeps_the_last_good_state(name):
    """u' = u^2 from 1 is 1/(1 - t): gone at t = 1."""
    flow = Given(lambda t, u: u**2)
    run = integrate(flow, INTEGRATORS[name], beginning([[1.0], [0.5]]), [0.0, 0.5, 3.0], 0.01, observers={"u": lambda t, u: u})
    assert run.outcome is Outcome.NONFINITE or (run.outcome is Outcome.STEP_LIMIT and name in ("dp54", "exprb32"))
    assert np.isfinite(run.snapshot.state).all()
    assert 0.9 < run.snapshot.time < 3.0
    assert run.times.tolist() == [0.0, 0.5]
    assert f"time {run.snapshot.time:g}" in run.reason or "is not finite at time" in run.reason


@pytest.mark.parametrize("name", ["euler", "dp54", "exprb32"])
def test_a_start_without_a_velocity_is_nonfinite(name):
    run = integrate(Given(lambda t, u: u * np.nan), INTEGRATORS[name], beginning([[1.0], [2.0]]), [1.0], 0.1)
    assert run.outcome is Outcome.NONFINITE
    assert run.snapshot.state.tolist() == [[1.0], [2.0]]
    if name != "euler":
        assert (
            integrate(Given(lambda t, u: u * np.nan), INTEGRATORS[name], beginning([[1.0]]), [1.0]).outcome is Outcome.NONFINITE
        )


def test_a_wall_of_nan_is_nonfinite_for_adaptive_steps():
    flow = Given(lambda t, u: np.sqrt(0.5 - t) + 0 * u)
    run = integrate(flow, named("bs32"), beginning([[1.0]]), [1.0])
    assert run.outcome is Outcome.NONFINITE
    assert run.snapshot.time == pytest.approx(0.5, abs=1e-6)


def test_step_limits_count_from_the_start_of_the_run():
    flow, integrator, start, dt = problem("rk4", False)
    part = integrate(flow, integrator, start, TIMES, dt, limits=Limits(max_steps=7))
    assert part.outcome is Outcome.STEP_LIMIT
    assert part.snapshot.step == 7
    more = integrate(flow, integrator, part.snapshot, [1.0, 1.7], dt, limits=Limits(max_steps=9))
    assert more.snapshot.step == 9
    assert integrate(flow, integrator, start, [0.0], dt, limits=Limits(max_steps=0)).outcome is Outcome.FINISHED


def test_a_smallest_step_is_a_step_limit():
    flow, start = particle_flow(logarithm(), Role.GENERATOR, [[0.0, 0.0], [1e-3, 0.0]])
    run = integrate(flow, named("dp54", Tolerance(1e-12, 1e-14)), beginning(start), [1.0], 0.1, limits=Limits(min_dt=0.05))
    assert run.outcome is Outcome.STEP_LIMIT
    assert run.snapshot.step == 0
    assert "smallest size" in run.reason


def test_escape_is_measured_from_the_centre_of_the_start():
    flow, start = particle_flow(parabola(), Role.DISCRIMINATOR, [[11.0, 0.0], [9.0, 0.0]], [[9.0, 0.0]])
    limits = Limits(escape_radius=3.0)  # the mean moves by e^t - 1, the particles are 1 from it: escape at log 3
    run = integrate(flow, named("rk4"), beginning(start), [0.5, 2.0], 0.01, limits=limits)
    assert run.outcome is Outcome.ESCAPED
    assert run.snapshot.time == pytest.approx(np.log(3), abs=0.011)
    assert run.snapshot.time >= np.log(3)
    half = integrate(flow, named("rk4"), beginning(start), [0.5], 0.01, limits=limits).snapshot
    assert integrate(flow, named("rk4"), half, [2.0], 0.01, limits=limits).snapshot.time == run.snapshot.time


def test_collapse():
    """Two particles under the logarithm as a discriminator attract each other: r^2 = r_0^2 - 2 t."""
    flow, start = particle_flow(logarithm(), Role.DISCRIMINATOR, [[0.0, 0.0], [1.0, 0.0]])
    run = integrate(flow, named("rk4"), beginning(start), [1.0], 1e-3, limits=Limits(collapse_diameter=0.1))
    assert run.outcome is Outcome.COLLAPSED
    assert run.snapshot.time == pytest.approx((1 - 0.1**2) / 2, abs=2e-3)


@pytest.mark.parametrize("where", ["step", "observer", "output", "rhs"])
def test_an_interrupted_run_continues_bitwise(where):
    flow, integrator, start, dt = problem("heun", True)
    whole = integrate(flow, integrator, start, TIMES, dt, observers={"u": lambda t, u: u})
    armed = [True]

    def interrupt(t):
        if armed[0] and t > 0.5:
            armed[0] = False
            raise KeyboardInterrupt

    class Interrupted(Flow):
        random = True

        def __init__(self, inner):
            self.inner = inner

        def rhs(self, t, state):
            interrupt(t)
            return self.inner.rhs(t, state)

        def drawn(self, step, t, state):
            return Interrupted(self.inner.drawn(step, t, state))

    def observer(t, u):
        if where == "observer":
            interrupt(t)
        return u

    calls = {
        "on_step": (lambda s: interrupt(s.time)) if where == "step" else None,
        "on_output": (lambda s, row: interrupt(s.time)) if where == "output" else None,
    }
    used = Interrupted(flow) if where == "rhs" else flow
    part = integrate(used, integrator, start, TIMES, dt, observers={"u": observer}, **calls)
    assert part.outcome is Outcome.INTERRUPTED
    assert "interrupted at time" in part.reason
    rest = integrate(
        flow, integrator, part.snapshot, [t for t in TIMES if t not in part.times], dt, observers={"u": lambda t, u: u}
    )
    assert (rest.snapshot.state == whole.snapshot.state).all()
    assert (np.concatenate([part.observed["u"], rest.observed["u"]]) == whole.observed["u"]).all()


def test_going_on_to_another_time_or_step_begins_a_new_interval():
    flow, integrator, start, dt = problem("rk4", False)
    part = integrate(flow, integrator, start, [1.0], dt, limits=Limits(max_steps=5)).snapshot
    for until, step in ((0.9, dt), (1.0, dt / 2)):
        times = [part.time]
        run = integrate(flow, integrator, part, [until], step, on_step=lambda s, times=times: times.append(s.time))
        assert run.snapshot.time == until
        assert np.ptp(np.diff(times)) < 1e-12
        assert np.diff(times).max() < step * (1 + 1e-9)


@pytest.mark.parametrize(
    ("times", "dt", "words"),
    [
        ([], 0.1, "ascend"),
        ([1.0, 0.5], 0.1, "ascend"),
        ([-1.0], 0.1, "ascend"),
        ([1.0, np.nan], 0.1, "ascend"),
        ([1.0], None, "needs a step"),
        ([1.0], 0.0, "not positive"),
        ([1.0], -0.1, "not positive"),
        ([1.0], np.nan, "not positive"),
        ([1.0], 1e-300, "larger --step"),
    ],
)
def test_wrong_requests_are_refused(times, dt, words):
    flow, integrator, start, _ = problem("rk4", False)
    with pytest.raises(InputError, match=words):
        integrate(flow, integrator, start, times, dt)
    with pytest.raises(InputError, match="the start contains NaN"):
        integrate(flow, integrator, beginning([[np.nan]]), [1.0], 0.1)
