"""Particle runs end to end: predictions, files, interruptions, refusals; against exact solutions and undisturbed runs."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import wgflow as wg
from wgflow.cli.main import main
from wgflow.dynamics.particles.particle_settings import particle_settings, settings_of
from wgflow.dynamics.run_file import checkpoint_path, digest, load_signed, only_writer, save_signed

ROOT = Path(wg.__file__).parents[1]
TORUS = {"dim": 1, "period": "2*pi", "modes": "1,2", "count": 64, "time": "0.2", "outputs": 16}


def command(*options, **environment):
    line = [sys.executable, "-m", "wgflow", "simulate", "particles", *map(str, options)]
    return line, {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", **environment}


def run(*options, **environment):
    line, env = command(*options, **environment)
    return subprocess.run(line, env=env, capture_output=True, text=True, timeout=300)


# --- predictions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kernel, options",
    [
        ("rbf(0.5)", {}),
        ("rbf(0.5)", {"role": "generator"}),
        ("rbf(0.5)", {"moves": "both"}),
        ("rbf(0.5)", {"stabilizer": "rbf(0.25)", "eps": "3"}),
        ("energy", {"role": "generator"}),
        ("laplace", {"stabilizer": "energy", "eps": "2"}),
        ("matern(1.5)", {"count": 1024}),  # F falls like k^-4: what 64 particles do not resolve is 1e-5
        ("exp(-r**2)*(1 - r**2/4)", {}),
        ("elastic", {"softening": "0.3"}),
        ("rq", {"dim": 2, "modes": "1:0,1:1", "count": 400}),
        ("coulomb", {"dim": 3, "modes": "1:0:0,0:1:1", "count": 4000, "softening": "0.5"}),
    ],
    ids=str,
)
def test_modes_grow_at_the_certified_rates(kernel, options):
    """The rates are those of `wgflow.certify`, at density 1/L^n; a torus of 64 particles resolves modes 1 and 2."""
    found = wg.simulate_particles(kernel, **{**TORUS, **options})
    assert found.outcome.value == "finished" and found.growth.verdict(1e-5) == "agrees", str(found)


def test_predicted_rates_are_those_of_the_spectrum():
    found = wg.simulate_particles("rbf(0.5)", stabilizer="rbf(0.2)", eps="0.1", **TORUS)
    spectrum = wg.spectrum("rbf(0.5)", stabilizer="rbf(0.2)", eps="0.1", dim=1, period="2*pi", points=2)
    predicted = [row.predicted for row in found.growth.rows]
    assert predicted == pytest.approx([rate / (2 * np.pi) for rate in spectrum.rate], rel=1e-14)


def test_noise_lowers_the_rates_as_a_gaussian_filter_does():
    found = wg.simulate_particles("rbf(0.5)", **{**TORUS, "count": 4096, "noise": "0.3", "outputs": 32})
    plain = wg.simulate_particles("rbf(0.5)", **TORUS)
    for noisy, still in zip(found.growth.rows, plain.growth.rows, strict=True):
        assert noisy.predicted == pytest.approx(still.predicted * np.exp(-0.045 * noisy.wavenumber**2), rel=1e-12)
        assert noisy.error < 0.03  # 4096 displaced particles: a force with noise of 1/64, averaged over the steps


def test_alternating_updates_approach_the_sum_of_the_rates():
    steps = {"alternate": "3:2", "rates": "0.5,0.25", "stabilizer": "rbf(0.25)", "eps": "1"}
    errors = []
    for step in ("0.1", "0.05"):
        found = wg.simulate_particles("rbf(0.5)", **{**TORUS, "time": "1.6", **steps, "step": step})
        errors.append([row.error for row in found.growth.rows])
    assert np.all(np.array(errors[1]) < 0.05)
    assert np.all(0.4 * np.array(errors[0]) < errors[1]) and np.all(np.array(errors[1]) < 0.6 * np.array(errors[0]))


def test_two_particles_of_the_energy_distance_move_apart_exactly():
    """e = -|x|, p alone: x_1 - x_2 grows by 2 * (1/2) a unit of time for the generator (repulsion), whatever the distance."""
    found = wg.simulate_particles("energy", dim=1, role="generator", count=2, start="gaussian", seed=3, time=2)
    x = found.data["position"].values
    gap = abs(x[-1, 1] - x[-1, 0]) - abs(x[0, 1] - x[0, 0])
    assert gap == pytest.approx(2.0, abs=1e-12)


def test_the_generator_reaches_its_target():
    found = wg.simulate_particles("energy", role="generator", dim=1, target="gaussian(mean=2)", count=300, time=20, outputs=20)
    assert found.data["wasserstein"].values[-1] < 0.1 < found.data["wasserstein"].values[0]
    assert np.all(np.diff(found.data["energy"].values) < 1e-6)


# --- files ----------------------------------------------------------------------------------------------------------


def test_settings_round_trip():
    settings = particle_settings("rbf + 0.2*energy", eps="0.3", dim=3, alternate="5:1", time="1e-3")
    assert settings_of(settings.text) == settings


CASES = {
    "fixed": {**TORUS},
    "adaptive": {"dim": 2, "count": 40, "target": "eight-gaussians", "role": "generator", "time": 2, "outputs": 10},
    "noise": {**TORUS, "noise": "0.2", "moves": "both"},
    "alternating": {**TORUS, "alternate": "2:1"},
    "stiff": {**TORUS, "integrator": "exprb32"},
}


@pytest.mark.parametrize("name", CASES)
def test_resuming_changes_no_bit(name, tmp_path, monkeypatch):
    """The run is stopped at a step in its middle, as Ctrl-C would, and goes on from the checkpoint, with one thread."""
    options = {"kernel": "rbf(0.5)", **CASES[name]}
    whole = wg.simulate_particles(**options, out=str(tmp_path / "whole.nc"))
    path = str(tmp_path / "stopped.nc")
    seen = 0

    def stop(done, end):
        nonlocal seen
        seen += 1
        if seen == 7:
            raise KeyboardInterrupt

    stopped = wg.simulate_particles(**options, out=path, progress=stop)
    assert stopped.outcome.value == "interrupted" and not Path(path).exists()
    resumed = wg.resume_particles(path, threads=1)
    assert digest(resumed.data) == digest(whole.data) and not checkpoint_path(path).exists()
    assert wg.load_particles(path).data.identical(load_signed(tmp_path / "whole.nc"))
    assert str(wg.resume_particles(path)) == str(whole)  # a run that is complete stays as it is


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.nc"
    found = wg.simulate_particles("rbf", **TORUS)
    save_signed(found.data, checkpoint_path(path))
    content = bytearray(checkpoint_path(path).read_bytes())
    content[len(content) // 2] ^= 1
    checkpoint_path(path).write_bytes(content)
    with pytest.raises(wg.InputError, match="damaged"):
        wg.resume_particles(str(path))
    checkpoint_path(path).write_bytes(b"no HDF5 at all")
    with pytest.raises(wg.InputError, match="cannot be read"):
        wg.resume_particles(str(path))


def test_the_second_writer_is_refused(tmp_path, capsys):
    path = str(tmp_path / "run.nc")
    with only_writer(path):
        assert main(["simulate", "particles", "--kernel", "rbf", "-N", "5", "--out", path]) == 4
        assert main(["simulate", "particles", "--resume", path]) == 4
    assert "another process is writing" in capsys.readouterr().err
    assert not Path(path).exists() and not Path(path + ".lock").exists()


def test_a_full_disk_leaves_the_previous_file(tmp_path):
    """A limit of the size of files acts as a full disk does: the write fails in its middle."""
    path = tmp_path / "run.nc"
    path.write_bytes(b"previous")
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from wgflow.cli.main import main\n"
        "import wgflow.dynamics.particles.particle_run, wgflow.dynamics.sums.sorted, wgflow.dynamics.sums.torus\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        f"sys.exit(main(['simulate', 'particles', '--kernel', 'rbf', '--dim', '1', '--period', '2*pi', '--modes', '1',"
        f" '-N', '5000', '--outputs', '10', '--out', {str(path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=command()[1], capture_output=True, text=True, timeout=120)
    assert done.returncode == 4 and done.stderr.count("\n") == 1, done.stderr
    assert path.read_bytes() == b"previous"
    assert [p.name for p in tmp_path.iterdir()] == ["run.nc"]


SLOW = ["--kernel", "rbf", "--dim", 2, "-N", 150, "--target", "eight-gaussians", "--role", "generator", "--time", 3]
SLOW += ["--outputs", 60, "--rtol", "1e-9", "--checkpoint-seconds", 0]


def killed_and_resumed(folder: Path, rng: random.Random, longest: float) -> tuple[str, int]:
    """Starts the run, kills it at a random moment, resumes it (killing it again now and then); returns the file's digest and
    the number of kills that met a running process."""
    path, kills = folder / f"{rng.random()}.nc", 0
    while not path.exists() or checkpoint_path(path).exists():  # killed between the last two moves of files, perhaps
        options = ["--resume", path] if checkpoint_path(path).exists() else [*SLOW, "--out", path]
        line, env = command(*options, NUMBA_NUM_THREADS=str(rng.choice((1, 2))))
        with subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(rng.uniform(0.3, longest) if rng.random() < 0.8 else None)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += 1
        assert process.returncode in (0, -signal.SIGKILL)
    found = load_signed(path)
    path.unlink()
    return found.attrs["sha256"], kills


def deaths(folder: Path, seed: int, wanted: int) -> tuple[int, int]:
    """Returns (kills, runs that differ) over at least ``wanted`` kills at random moments."""
    begun = time.monotonic()
    reference = folder / "reference.nc"
    assert run(*SLOW, "--out", reference).returncode == 0
    longest = time.monotonic() - begun
    digest_of_whole, rng, kills, different = load_signed(reference).attrs["sha256"], random.Random(seed), 0, 0
    while kills < wanted:
        found, more = killed_and_resumed(folder, rng, longest)
        kills, different = kills + more, different + (found != digest_of_whole)
    leftovers = [p.name for p in folder.iterdir() if p != reference and not p.name.endswith(".lock")]
    assert leftovers == []
    return kills, different


def test_killed_runs_resume_bitwise(tmp_path):
    assert deaths(tmp_path, seed=1, wanted=1)[1] == 0


@pytest.mark.long
def test_two_hundred_kills(tmp_path):
    kills, different = deaths(tmp_path, seed=2, wanted=200)
    print(f"{kills} kills, {different} differences")
    assert kills >= 200 and different == 0


def stopped_at(count):
    """Returns what a run calls after each step, and which is Ctrl-C at the step of this number."""
    seen = 0

    def stop(done, end):
        nonlocal seen
        seen += 1
        if seen == count:
            raise KeyboardInterrupt

    return stop


def test_a_run_that_was_stopped_at_its_very_end_records_the_end_once(tmp_path):
    whole = wg.simulate_particles("rbf(0.5)", **TORUS, out=tmp_path / "whole.nc")
    last = int(whole.data["steps"].values[-1])
    assert (
        wg.simulate_particles("rbf(0.5)", **TORUS, out=tmp_path / "b.nc", progress=stopped_at(last)).outcome.value
        == "interrupted"
    )
    assert digest(wg.resume_particles(tmp_path / "b.nc").data) == digest(whole.data)


def test_a_run_that_was_stopped_before_anything_is_recorded_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    for name in ("mode_values", "frame_values"):
        with monkeypatch.context() as patched:
            patched.setattr(f"wgflow.dynamics.particles.particle_record.{name}", interrupted)
            with pytest.raises(KeyboardInterrupt):
                wg.simulate_particles("rbf(0.5)", **TORUS, out=tmp_path / "run.nc")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_is_not_lost_to_a_new_one(tmp_path, capsys):
    path = tmp_path / "run.nc"
    wg.simulate_particles("rbf(0.5)", **TORUS, out=path, progress=stopped_at(3))
    with pytest.raises(wg.InputError, match="--resume"):
        wg.simulate_particles("energy", role="generator", **TORUS, out=path)
    path.write_bytes(checkpoint_path(path).read_bytes())
    with pytest.raises(wg.InputError, match="checkpoint"):
        wg.load_particles(path)


def test_files_are_not_taken_for_what_they_are_not(tmp_path):
    path = tmp_path / "run.nc"
    wg.simulate_particles("rbf(0.5)", **TORUS, out=path)
    with pytest.raises(wg.InputError, match="starts from"):
        wg.simulate_particles("rbf(0.5)", dim=1, start=path, out=path)
    stored = load_signed(path)
    other = json.loads(stored.attrs["settings"]) | {"unknown": 1}
    save_signed(stored.assign_attrs(settings=json.dumps(other)), path)
    with pytest.raises(wg.InputError, match="version"):
        wg.load_particles(path)
    (tmp_path / "folder.nc").mkdir()
    with pytest.raises(IsADirectoryError):
        wg.simulate_particles("rbf(0.5)", **TORUS, out=tmp_path / "folder.nc")


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_prints_the_table_and_the_exit_code(capsys):
    options = ["--kernel", "rbf(0.5)", "--dim", "1", "--period", "2*pi", "--modes", "1,2", "-N", "64", "--time", "0.2"]
    assert main(["simulate", "particles", *options, "--outputs", "16"]) == 0
    out = capsys.readouterr().out
    assert "FINISHED" in out and out.count("agrees") == 2
    assert main(["simulate", "particles", *options, "--outputs", "16", "--tolerance", "1/50", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["growth"]["tolerance"] == 0.02
    coarse = ["--alternate", "1:0", "--step", "0.5", "--time", "4", "--outputs", "8", "--tolerance", "1e-6"]
    assert main(["simulate", "particles", *options[:-2], *coarse, "--json"]) == 1  # Euler steps of 0.5 miss the rate
    data = json.loads(capsys.readouterr().out)
    assert data["growth"]["verdict"] == "missed" and data["outcome"] == "finished"


def test_a_run_that_escapes_keeps_its_last_good_state(tmp_path, capsys):
    path = tmp_path / "run.nc"
    options = ["--kernel", "r**2", "--dim", "2", "-N", "10", "--target", "ring", "--time", "100", "--out", str(path)]
    assert main(["simulate", "particles", *options, "--role", "generator", "--moves", "both"]) == 4
    assert "ESCAPED" in capsys.readouterr().out
    found = wg.load_particles(str(path))
    assert np.isfinite(found.position).all() and found.outcome.value == "escaped"


def test_updates_keep_their_rates_where_cycles_are_whole():
    """Without --step, and with it, --time 6 is six cycles of Euler steps of the given rates: by hand, for |x - y|^2."""
    found = wg.simulate_particles(
        "-r**2/2", dim=1, count=1, target="point", target_count=1, alternate="1:2", rates="1/4,1/8", time=6
    )
    x = found.data["position"].values[:, 0, 0] - found.data["target"].values[0, 0]
    assert found.data.attrs["step"] == 1 and found.data.sizes["time"] == 7
    assert x[-1] == pytest.approx(x[0] * ((1 + 1 / 4) * (1 - 1 / 8) ** 2) ** 6, rel=1e-12)


def test_the_step_that_is_told_is_the_one_that_is_made():
    found = wg.simulate_particles("rbf", count=5, integrator="rk4", step="0.3", time=1, outputs=2)
    assert found.data.attrs["step"] == 0.25 and found.data["steps"].values[-1] == 4


def test_a_run_too_short_to_see_a_rate_is_undecided():
    found = wg.simulate_particles("rbf(0.5)", **{**TORUS, "time": "1e-9"})
    assert found.growth.verdict(0.01) == "undecided" and "too short" in str(found)


def test_the_distance_to_no_target_is_not_told():
    assert "mmd" not in wg.simulate_particles("energy", count=5, role="generator", time="0.1").data
    assert "mmd" in wg.simulate_particles("rbf", count=5, dim=1, period=6, time="0.1").data


def test_velocities_and_energies_of_a_small_system(tmp_path):
    """Against sums written out here: both species, weights, a stabilizer, both roles, in the whole space."""
    rng = np.random.default_rng(5)
    x, y, w, v = rng.normal(size=(7, 2)), rng.normal(size=(5, 2)) + 1, rng.random(7) + 0.1, rng.random(5) + 0.1
    w, v, h = w / w.sum(), v / v.sum(), 2.0**-10
    np.savez(tmp_path / "x.npz", position=x, weights=w)
    np.savez(tmp_path / "y.npz", position=y, weights=v)
    sources, signed = np.vstack([x, y]), np.concatenate([w, -v])

    def force(points):
        z = points[:, None] - sources
        r = np.sqrt((z**2).sum(axis=2, keepdims=True))
        slope = -z * np.exp(-(r**2) / 2) + 0.7 * z / np.where(r > 0, r, 1)  # of rbf - 0.7 * energy
        return (slope * signed[:, None]).sum(axis=1)

    distance = np.sqrt(((sources[:, None] - sources) ** 2).sum(axis=2))
    mmd2 = signed @ np.exp(-(distance**2) / 2) @ signed
    case = {"stabilizer": "energy", "eps": "0.7", "start": tmp_path / "x.npz", "target": tmp_path / "y.npz", "moves": "both"}
    for role, sign in (("discriminator", 1), ("generator", -1)):
        found = wg.simulate_particles("rbf", role=role, time="1/1024", outputs=1, integrator="euler", step="1/1024", **case)
        speeds = [np.diff(found.data[name].values, axis=0)[0] / h for name in ("position", "target_position")]
        np.testing.assert_allclose(speeds[0], sign * force(x), atol=1e-12)
        np.testing.assert_allclose(speeds[1], -sign * force(y), atol=1e-12)
        assert found.data["energy"].values[0] == pytest.approx((mmd2 + 0.7 * signed @ distance @ signed) / 2, rel=1e-12)
        assert found.data["mmd"].values[0] == pytest.approx(np.sqrt(mmd2), rel=1e-12)


def test_options_of_python_are_checked():
    with pytest.raises(TypeError, match="no option lenght"):
        wg.simulate_particles("rbf", lenght=3)
    with pytest.raises(wg.InputError, match="numpy"):
        wg.simulate_particles("rbf", start=np.zeros((3, 2)))
    assert wg.simulate_particles("rbf", **{**TORUS, "modes": [1, 2], "time": "0.01"}).settings.modes == "1,2"


@pytest.mark.parametrize(
    "options, words",
    [
        (["--kernel", "rbf", "--step", "0.1", "--integrator", "dp54"], "--rtol"),
        (["--kernel", "rbf", "--rtol", "0.1", "--integrator", "rk4"], "--rtol"),
        (["--kernel", "rbf", "--rates", "2,2"], "--alternate"),
        (["--kernel", "rbf", "--amplitude", "0.1"], "--modes"),
        (["--kernel", "rbf", "--slices", "7"], "sliced"),
        (["--kernel", "rbf", "-M", "7"], "--target"),
        (["--kernel", "rbf", "--target", ""], "text"),
        (["--kernel", "rbf", "--float32", "--method", "nufft"], "--float32"),
        (["--kernel", "rbf", "--float32", "--dim", "1", "--period", "6"], "--float32"),
        (["--kernel", "rbf", "--accuracy", "0.5"], "1e-9"),
        (["--kernel", "rbf", "--dim", "4", "--period", "6"], "leave out --period"),
        (["--kernel", "rbf", "--alternate", "1:1", "--time", "10", "--step", "1", "--outputs", "100"], "--outputs 10"),
        (["--kernel", "rbf", "--alternate", "1:1", "--time", "10", "--step", "3"], "--time"),
        (["--kernel", "rbf", "--dim", "1", "--period", "6", "--modes", "20", "-N", "30"], "-N 320"),
        (["--resume", "run.nc", "--float32"], "--float32"),
        (["--kernel", "elastic"], "--softening"),
        (["--kernel", "elastic", "--dim", "2", "--period", "6"], "--softening"),
        (["--kernel", "rbf", "--modes", "1"], "--period"),
        (["--kernel", "rbf", "--modes", "0", "--period", "6"], "mode"),
        (["--kernel", "rbf", "--stabilizer", "energy"], "--eps"),
        (["--kernel", "rbf", "--target", "nowhere"], "nowhere"),
        (["--kernel", "rbf", "--method", "sorted"], "dim"),
        (["--kernel", "rbf", "--method", "fourier"], "--period"),
        (["--kernel", "rbf", "--alternate", "five"], "--alternate 5:1"),
        (["--kernel", "rbf", "--role", "generator", "--alternate", "5:1"], "--role"),
        (["--kernel", "rbf", "--integrator", "magic"], "rk4"),
        (["--kernel", "rbf", "-N", "0"], "count"),
        (["--kernel", "rbf", "--time", "-1"], "time"),
        (["--kernel", "rbf", "--moves", "both"], "--target"),
        (["--kernel", "rbf", "--integrator", "rk4"], "--step"),
        (["--kernel", "rbf", "--out", "run.txt"], ".nc"),
        (["--kernel", "rbf", "--plot", "run.txt"], ".png"),
        (["--kernel", "rbf", "--resume", "run.nc"], "--kernel"),
        (["--resume", "nothing.nc"], "nothing.nc"),
        ([], "--kernel"),
        (["--kernel", "rbf", "--threads", "0"], "threads"),
        (["--kernel", "tophat", "--target", "ring"], "tophat"),
    ],
    ids=str,
)
def test_refusals_say_what_to_type(options, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "particles", *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and words in error, error
    assert list(tmp_path.iterdir()) == []


def test_help_and_import_stay_light():
    code = (
        "import sys; from wgflow.cli.main import main\ntry: main(['simulate', 'particles', '--help'])\nexcept SystemExit: pass\n"
    )
    code += "print(*sys.modules, file=sys.stderr)"
    loaded = subprocess.run([sys.executable, "-c", code], env=command()[1], capture_output=True, text=True, check=True).stderr
    assert not {"numba", "numpy", "scipy", "xarray", "matplotlib", "sympy", "finufft", "distributed"} & set(loaded.split())


DRAWN = {
    "plane": ("energy", {"role": "generator", "target": "two-moons", "count": 50}),
    "both move": ("rbf", {"moves": "both", "target": "gaussian(mean=2)", "count": 20, "dim": 3}),
    "a line": ("energy", {"dim": 1, "role": "generator", "target": "gaussian(mean=2)", "count": 30}),
    "a circle": ("rbf", {"dim": 1, "period": 6, "start": "gaussian(std=2)", "target": "gaussian", "count": 30}),
    "modes": ("rbf(0.5)", {"dim": 1, "period": 6, "modes": "1,2,3,4,5,6,7,8,9,10,11", "count": 200}),
    "one particle": ("rbf", {"count": 1}),
    "one particle on a line": ("rbf", {"count": 1, "dim": 1}),
    "negative energy": ("energy", {"count": 5, "role": "generator"}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_figures_and_movies_are_written(name, tmp_path):
    """Warnings of Matplotlib are errors here: of empty logarithmic axes, or axes without an extent."""
    from wgflow.dynamics.particles.drawing import save_picture

    kernel, options = DRAWN[name]
    found = wg.simulate_particles(kernel, time="0.1", frames=3, outputs=2, **options)
    for file in ("run.png", "run.gif")[: 2 if found.data.sizes["particle"] < 50 else 1]:
        save_picture(found.data, str(tmp_path / file))
        assert (tmp_path / file).stat().st_size > 3000


def test_figures_show_both_species():
    found = wg.simulate_particles("rbf", moves="both", target="ring", count=20, target_count=30, time="0.1", frames=2, outputs=2)
    axes = found.plot()
    drawn = {len(each.get_offsets()) for each in axes.collections}
    assert {20, 30} <= drawn
