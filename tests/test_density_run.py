"""Density runs: predicted rates to 1e-9, statements before a run, files, restarts that are bitwise the uninterrupted run."""

import json

import numpy as np
import pytest

from wgflow.arithmetic.number import InputError
from wgflow.cli.main import main
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.density.density_experiment import make_experiment, starting
from wgflow.dynamics.density.density_record import DensityRecord, stored_snapshot
from wgflow.dynamics.density.density_run import load_density, resume_density, simulate_density, statement_of
from wgflow.dynamics.density.density_settings import density_settings, settings_of
from wgflow.dynamics.density.well_posed import Posedness, well_posed
from wgflow.dynamics.integrate import Limits, Outcome, integrate
from wgflow.dynamics.run_file import checkpoint_path
from wgflow.run import labelled
from wgflow.stability.claim import make_claim

TORUS = {"period": "2*pi"}
CASES = {
    "one species": {"kernel": "rbf(0.5)", "modes": "1,2,3", **TORUS},
    "stabilized": {"kernel": "rbf(0.5)", "stabilizer": "rbf(0.25)", "eps": 1, "modes": "1,2,3", **TORUS},
    "two species": {"kernel": "laplace", "moves": "both", "modes": "1,4", **TORUS},
    "two dimensions": {"kernel": "rbf(0.5)", "dim": 2, "points": 24, "modes": "1:0,1:-2", **TORUS},
    "three dimensions": {"kernel": "matern(1/2)", "dim": 3, "points": 12, "modes": "1:0:0,1:-1:2", **TORUS},
    "generator": {"kernel": "coulomb", "role": "generator", "modes": "1,2", "period": "3"},
    "diffusion": {"kernel": "rbf(0.5)", "diffusion": "0.01", "modes": "1,2,3", **TORUS},
    "an expression": {"kernel": "exp(-r**4)", "modes": "1,2", **TORUS},
    "rk4": {"kernel": "rbf(0.5)", "solver": "spectral", "modes": "1,2,3", **TORUS},
}


@pytest.mark.parametrize("case", CASES)
def test_rates_near_a_constant_state_to_nine_digits(case):
    run = simulate_density(time="0.5", outputs=25, amplitude="1e-6", **CASES[case])
    assert run.outcome is Outcome.FINISHED
    assert run.passes("1e-9"), run.growth.lines(1e-9)


@pytest.mark.parametrize(
    ("flow", "solver", "tolerance"),
    [("kernel", "volumes", "4e-3"), ("kernel", "implicit", "1e-2"), ("jensen-shannon", "volumes", "2e-2")],
)
def test_rates_by_cells(flow, solver, tolerance):
    """Differences over cells take (2/h)^2 sin^2(kh/2) for k^2: 1 - k^2 h^2 / 12 of the rate, 3.2e-3 less at k = 2."""
    kernel = {"kernel": "rbf(0.5)"} if flow == "kernel" else {}
    run = simulate_density(flow=flow, solver=solver, modes="1,2", points=64, time="0.5", outputs=25, **kernel, **TORUS)
    assert run.passes(tolerance), run.growth.lines(float(tolerance))


@pytest.mark.parametrize(
    ("kernel", "dim", "role", "expected"),
    [
        ("rbf", 2, "discriminator", Posedness.BOUNDED),
        ("matern(3/2)", 1, "discriminator", Posedness.BOUNDED),
        ("coulomb", 3, "discriminator", Posedness.NEUTRAL),
        ("energy", 1, "discriminator", Posedness.NEUTRAL),
        ("laplace", 1, "generator", Posedness.NEUTRAL),
        ("elastic", 2, "discriminator", Posedness.ILL_POSED),
        ("elastic", 2, "generator", Posedness.SMOOTHING),
        ("riesz(1/2)", 1, "discriminator", Posedness.ILL_POSED),
        ("rbf - 2*elastic", 2, "discriminator", Posedness.SMOOTHING),
        ("tophat", 1, "generator", Posedness.UNKNOWN),
        ("tophat", 4, "generator", Posedness.BOUNDED),
        ("exp(-r**4)", 1, "generator", Posedness.UNKNOWN),
        ("rbf - rbf", 1, "generator", Posedness.NEUTRAL),
    ],
)
def test_well_posedness(kernel, dim, role, expected):
    assert well_posed(make_claim(kernel, "0", dim=dim, role=role), None).posedness is expected


def test_diffusion_heals_what_is_lighter_than_it():
    from fractions import Fraction

    claim = make_claim("elastic", "0", dim=2, role="discriminator")
    assert well_posed(claim, None, Fraction(1, 100)).posedness is Posedness.SMOOTHING


def test_the_horizon_falls_with_the_resolution_where_the_flow_is_ill_posed():
    found = [statement_of("elastic", dim=1, points=n, **TORUS) for n in (64, 128)]
    assert found[0].horizon / found[1].horizon == pytest.approx(42 / 21, rel=1e-9)  # rates grow like k, up to M = 21, 42
    assert "Hadamard ill-posed" in found[0].text and found[0].to_json()["power"] == "1"
    quiet = statement_of("elastic", dim=1, role="generator", **TORUS)
    assert quiet.horizon == np.inf and quiet.to_json()["horizon"] is None


VARIANTS = [
    {"kernel": "rbf(0.5)", "modes": "1,2", "solver": "etdrk4", "moves": "both", **TORUS},
    {"kernel": "rbf(0.5)", "modes": "1,2", "solver": "spectral", "filter": "1e-13", **TORUS},
    {"kernel": "coulomb", "role": "generator", "modes": "1", "amplitude": "1/2", "solver": "volumes", **TORUS},
    {"kernel": "laplace", "dim": 2, "modes": "1:0,0:1", "amplitude": "1/4", "solver": "implicit", **TORUS},
    {"flow": "jensen-shannon", "modes": "1", "amplitude": "1/2", "solver": "volumes", **TORUS},
]


@pytest.mark.parametrize("options", VARIANTS, ids=lambda o: o["solver"] + o.get("flow", ""))
def test_a_restart_from_any_step_is_bitwise_the_uninterrupted_run(options):
    settings = density_settings(points=16, time="0.4", outputs=4, **options)
    assert settings_of(settings.text) == settings
    experiment = make_experiment(settings, starting(settings, None, None))
    steps = []
    times = experiment.settings.output_times.tolist()
    whole = integrate(
        experiment.flow, experiment.integrator, beginning(experiment.start), times, experiment.step, on_step=steps.append
    )
    for snapshot in steps[:: max(1, len(steps) // 5)]:
        stored = labelled(DensityRecord(experiment).state(snapshot), {})
        again = make_experiment(settings, starting(settings, None, None))
        later = [t for t in times if t > snapshot.time] or [snapshot.time]
        rest = integrate(again.flow, again.integrator, stored_snapshot(stored, experiment.start.shape), later, again.step)
        assert rest.snapshot.step == whole.snapshot.step
        assert np.array_equal(rest.snapshot.state, whole.snapshot.state)


def test_a_run_is_written_loaded_and_resumed(tmp_path):
    path = str(tmp_path / "run.nc")
    options = {"kernel": "coulomb", "role": "generator", "solver": "volumes", "points": 32, "modes": "1", "outputs": 8, **TORUS}
    run = simulate_density(out=path, checkpoint_seconds=0, **options)
    assert not checkpoint_path(path).exists()
    for other in (load_density(path), resume_density(path)):
        assert other.data.equals(run.data) and other.settings == run.settings
    assert run.data["density"].dims == ("frame", "x") and run.data["density"].units == "mass/volume"
    assert run.data["mass"].values == pytest.approx(1, rel=1e-14)
    assert run.to_json("0.01")["growth"]["verdict"] == "agrees"


def test_an_interrupted_run_goes_on_from_its_checkpoint(tmp_path):
    path = str(tmp_path / "run.nc")
    options = {"kernel": "rbf(0.5)", "solver": "volumes", "points": 32, "modes": "1,2", "outputs": 8, **TORUS}
    whole = simulate_density(**options)

    def stop(done, total):
        if done > 0.5 * total:
            raise KeyboardInterrupt

    stopped = simulate_density(out=path, progress=stop, **options)
    assert stopped.outcome is Outcome.INTERRUPTED and checkpoint_path(path).exists()
    resumed = resume_density(path)
    assert resumed.outcome is Outcome.FINISHED
    for name in ("density", "energy", "mode_real", "time", "steps"):
        assert np.array_equal(resumed.data[name], whole.data[name])


def test_a_box_and_arrays():
    from wgflow.dynamics.density.grid import make_grid

    grid = make_grid(2, 24, 6.0, periodic=False)
    p = np.exp(-sum((x - 0.5) ** 2 for x in grid.mesh()) * 2)
    q = np.exp(-sum((x + 0.5) ** 2 for x in grid.mesh()) * 2)
    run = simulate_density("rbf(1)", dim=2, role="generator", box=6, points=24, start=p, target=q, time=1, outputs=4)
    energy = run.data["energy"].values
    assert run.outcome is Outcome.FINISHED and (np.diff(energy) < 0).all() and (run.density >= 0).all()
    assert run.data.attrs["well_posedness"].startswith("well posed: the rates of fine modes tend to 0")


def test_a_run_ends_early_with_its_last_good_state():
    run = simulate_density("rbf(0.5)", modes="1", outputs=10, max_steps=3, solver="implicit", **TORUS)
    assert run.outcome is Outcome.STEP_LIMIT and int(run.data["steps"][-1]) == 3
    assert Limits().max_steps > 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel": "rbf"}, "--period"),
        ({"kernel": "rbf", "period": 1, "box": 1}, "one of them"),
        ({"period": 1}, "a kernel is needed"),
        ({"kernel": "rbf", "box": 4}, "needs a start"),
        ({"kernel": "rbf", "box": 4, "solver": "etdrk4"}, "for a torus"),
        ({"kernel": "rbf", "period": 1, "flow": "jensen-shannon"}, "has no kernel"),
        ({"period": 1, "flow": "jensen-shannon", "moves": "both"}, "p alone moves"),
        ({"kernel": "rbf", "period": 1, "solver": "magic"}, "not known"),
        ({"kernel": "rbf", "period": 1, "modes": "200"}, "--points"),
        ({"kernel": "rbf", "period": 1, "dim": 4}, "dim 1 to 3"),
        ({"kernel": "rbf", "period": 1, "dim": 3, "solver": "volumes", "points": 8}, "dim 1 and 2"),
        ({"kernel": "rbf", "period": 1, "points": 3}, "points"),
        ({"kernel": "rbf", "period": 1, "start": np.ones(5)}, "shape"),
        ({"kernel": "rbf", "period": 1, "points": 4, "start": [1, np.nan, 1, 1]}, "NaN"),
        ({"kernel": "rbf", "period": 1, "points": 4, "start": [1, -1, 1, 1], "solver": "volumes"}, "negative"),
        ({"kernel": "rbf", "period": 1, "filter": "1e-12", "solver": "volumes"}, "--filter"),
        ({"kernel": "rbf", "period": 1, "time": 0}, "time"),
    ],
)
def test_wrong_input_says_what_to_type(options, message):
    with pytest.raises(InputError, match=message):
        simulate_density(**options)


def test_the_command(capsys, tmp_path, monkeypatch):
    """The rate of the stabilized kernel by its closed form: C k^2 (F(rbf(1/2)) - F(rbf(1/4))), C = 1/(2 pi)."""
    monkeypatch.chdir(tmp_path)
    options = ["simulate", "density", "--kernel", "rbf(0.5)", "--stabilizer", "rbf(0.25)", "--eps", "1", "--period", "2*pi"]
    assert main([*options, "--modes", "1,2", "--outputs", "16", "--json", "--out", "run.nc", "--plot", "run.png"]) == 0
    data = json.loads(capsys.readouterr().out)
    for mode in data["growth"]["modes"]:
        k2 = mode["wavenumber"] ** 2
        rate = k2 * np.sqrt(2 * np.pi) * (np.exp(-k2 / 8) / 2 - np.exp(-k2 / 32) / 4) / (2 * np.pi)
        assert mode["measured"]["rate"] == pytest.approx(rate, rel=1e-9)
    assert main(["simulate", "density", "--resume", "run.nc"]) == 0
    assert capsys.readouterr().out.count("agrees") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.nc", "run.png"]
    box = ["simulate", "density", "--kernel", "energy", "--role", "generator", "--box", "8", "--points", "64", "--time", "0.2"]
    assert main([*box, "--state", "gaussian(mean=-1, std=1/2)", "--target", "gaussian(mean=1)", "--outputs", "4"]) == 0
    assert "FINISHED" in capsys.readouterr().out
    for wrong, words in (
        ([*box], "--state"),
        ([*options, "--box", "3"], "--period"),
        ([*box, "--state", "ring"], "ring"),
        ([*box, "--state", "x"], "negative"),
    ):
        assert main(wrong) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and words in error, error


@pytest.mark.parametrize("solver, tolerance", [("etdrk4", 1e-9), ("spectral", 1e-9), ("volumes", 1e-3)])
def test_noise_injection_in_the_mean_smooths_the_kernel(solver, tolerance):
    """E[grad phi(x + beta u)], u standard normal, is the force of a kernel with the transform F(k) exp(-beta^2 k^2/2)."""
    run = simulate_density("elastic", dim=1, period="2*pi", modes="1,3", noise="0.4", solver=solver, outputs=16, time="0.5")
    for row in run.growth.rows:
        k = row.wavenumber
        rate = k * k * np.pi / k * np.exp(-0.08 * k * k) / (2 * np.pi)  # F(elastic) = pi/k in one dimension
        assert row.fit.rate == pytest.approx(rate, rel=tolerance)
    assert run.data.attrs["well_posedness"].startswith("well posed")
    with pytest.raises(InputError, match="--period"):
        simulate_density("rbf", box=8, noise="0.1", start="gaussian(std=1)")
