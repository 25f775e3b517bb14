"""The probe: growth recovered, alarms where certified modes grow, none otherwise; certificates; what training code relies on."""

import json
import subprocess
import sys
from math import exp, pi

import numpy as np
import pytest
import torch
from torch import nn

import wgflow as wg
from wgflow.arithmetic.number import InputError
from wgflow.dynamics.student import tail, upper_quantile
from wgflow.gan.certificate_file import read_certificate
from wgflow.gan.probing.feature_modes import default_wavevectors, feature_modes, mode_variance
from wgflow.gan.probing.mode_growth import mode_growth
from wgflow.gan.probing.predicted_modes import Prediction, Theory, certified_signs, effective_density, predicted_modes
from wgflow.gan.probing.probe import SpectrumProbe
from wgflow.gan.probing.probe_history import History

torch.set_num_threads(1)

DECAYS = Prediction(-1, None, True, "certified in a test")


# --- modes ---------------------------------------------------------------------------------------------------------------


def test_modes_against_plain_sums():
    rng = np.random.default_rng(1)
    x, xi = rng.standard_normal((37, 3)), rng.standard_normal((5, 3))
    plain = [np.mean([np.exp(-1j * sum(k * c for k, c in zip(wave, point, strict=True))) for point in x]) for wave in xi]
    assert np.abs(feature_modes(torch.from_numpy(x), torch.from_numpy(xi)) - plain).max() < 1e-15
    single = feature_modes(torch.from_numpy(x).float(), torch.from_numpy(xi))
    assert np.abs(single - plain).max() < 1e-6


def test_totals_are_float64_under_autocast():
    x, xi = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0)), torch.ones(1, 2, dtype=torch.float64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = feature_modes(x, xi)
    assert abs(found - feature_modes(x, xi)).max() == 0


def test_the_variance_is_that_of_batches():
    """Over 4000 batches of 10 samples of N(0, 1): E|m - E m|^2 = (1 - exp(-k^2)) / 10, and the estimates average to it."""
    generator = torch.Generator().manual_seed(2)
    k = torch.tensor([[0.5], [1.5]], dtype=torch.float64)
    batches = [feature_modes(torch.randn(10, 1, generator=generator), k) for _ in range(4000)]
    expected = (1 - np.exp(-(k[:, 0].numpy() ** 2))) / 10
    assert np.var(np.array(batches), axis=0) == pytest.approx(expected, rel=0.1)
    assert np.mean([mode_variance(m, 10) for m in batches], axis=0) == pytest.approx(expected, rel=0.05)
    assert mode_variance(np.array([0.5 + 0j]), 1) == 1.0


def test_default_wavevectors():
    waves = default_wavevectors(3, 2.0, 5)
    assert np.linalg.norm(waves, axis=1) == pytest.approx(np.geomspace(0.125, 2, 5))
    assert (waves == default_wavevectors(3, 2.0, 5)).all() and (waves != default_wavevectors(3, 2.0, 5, seed=1)).any()


# --- growth --------------------------------------------------------------------------------------------------------------


def noisy(rate: float, seed: int, steps: int = 64, start: float = 0.2, noise: float = 0.02) -> tuple[np.ndarray, ...]:
    """|w| of start exp(rate t) with complex noise of this root mean square."""
    rng = np.random.default_rng(seed)
    t = np.arange(float(steps))
    w = start * np.exp(rate * t) + noise / np.sqrt(2) * (rng.standard_normal(steps) + 1j * rng.standard_normal(steps))
    return t, np.abs(w), np.full(steps, noise)


@pytest.mark.parametrize("rate", [0.02, 0.0, -0.01])
def test_growth_is_recovered_within_its_interval(rate):
    """Of 200 seeded series, about 95 % of the intervals hold the rate; 88 % is five standard deviations below."""
    found = [mode_growth(*noisy(rate, seed)) for seed in range(200)]
    inside = [abs(each.rate - rate) <= each.half_width for each in found]
    assert np.mean(inside) > 0.88
    assert np.mean([each.rate for each in found]) == pytest.approx(rate, abs=2e-4)


def test_exact_exponentials():
    t = np.arange(40.0)
    found = mode_growth(t, 1e-3 * np.exp(-0.1 * t), np.full(40, 1e-9))
    assert found.rate == pytest.approx(-0.1, abs=1e-12) and found.half_width < 1e-6


def test_a_mode_in_its_noise_has_no_growth():
    t, a, floor = noisy(0.0, 0, start=0.0)
    found = mode_growth(t, a, floor)
    assert found.rate is None and "noise" in found.reason


def test_a_mode_that_sinks_into_its_noise_does_not_grow():
    t, a, floor = noisy(-0.2, 0)
    assert mode_growth(t, a, floor).rate is None


# --- alarms --------------------------------------------------------------------------------------------------------------


def run_of(rates: list[float], seed: int, start: float, predictions: tuple[Prediction, ...], steps: int = 128) -> History:
    """A history of modes start exp(rate t) + noise, looked at as a probe of window 32 looks."""
    rng = np.random.default_rng(seed)
    history = History(np.ones((len(rates), 1)), predictions)
    noise = 0.02
    for step in range(steps):
        scatter = rng.standard_normal((2, len(rates))) * noise / np.sqrt(2)
        modes = start * np.exp(np.array(rates) * step) + scatter[0] + 1j * scatter[1]
        history.add(float(step), modes, np.full(len(rates), noise))
        if step + 1 >= 32 and (step + 1) % 16 == 0:
            history.look(32, 0.01)
    return history


@pytest.mark.parametrize("start", [0.0, 0.03, 0.08, 0.3])
def test_no_false_alarm_beyond_the_level(start):
    """200 runs of 8 neutral modes, the case nearest to an alarm: at level 0.01, eight runs with one have a chance of 1e-3."""
    alarmed = sum(bool(run_of([0.0] * 8, seed, start, (DECAYS,) * 8, 64).alarms) for seed in range(200))
    assert alarmed <= 7


def test_no_false_alarm_of_decaying_modes():
    assert not any(run_of([-0.01, -0.05, -0.2], seed, 0.5, (DECAYS,) * 3).alarms for seed in range(50))


def test_an_alarm_on_the_mode_that_grows():
    history = run_of([-0.02, 0.02, 0.02], 0, 0.1, (DECAYS, DECAYS, Prediction(1, None, True, "")))
    assert {alarm.mode for alarm in history.alarms} == {1}  # mode 2 was not certified to decay
    (alarm,) = history.alarms  # told once, though it goes on growing
    assert alarm.growth.rate == pytest.approx(0.02, abs=0.005) and alarm.certified == DECAYS.source
    assert str(alarm).startswith("step 31: mode 1 (k = 1) grows at 0.019")


def test_unproved_predictions_raise_no_alarm():
    assert not run_of([0.05], 0, 0.1, (Prediction(-1, None, False, "a guess"),)).alarms


# --- the probe -----------------------------------------------------------------------------------------------------------


def grown(rate: float, steps: int, probe: SpectrumProbe) -> None:
    """Two Gaussian clouds whose distance grows: for k small against 1 / distance, |w| grows at the same rate."""
    for step in range(steps):
        generator = torch.Generator().manual_seed(step)
        x, y = torch.randn(2, 4000, 2, generator=generator)
        probe.observe(x, y + 0.2 * exp(rate * step), step)


def test_fresh_batches_growth_and_alarms():
    probe = SpectrumProbe(wavevectors=[[0.5, 0.5], [1.0, 0.0]], kernel="rbf(1)", stabilizer="elastic", eps="0.7", window=48)
    grown(0.02, 48, probe)
    for found in probe.growth():
        assert found.rate == pytest.approx(0.02, abs=0.004) and abs(found.rate - 0.02) < 2 * found.half_width
    assert {alarm.mode for alarm in probe.alarms} == {0, 1}
    assert probe.table().count("ALARM") == 2 and "decays" in probe.table()
    assert [row["sign"] for row in probe.rows] == [-1, -1] and probe.rows[0]["step"] == 47.0


def test_no_predictions_no_alarms():
    probe = SpectrumProbe(wavevectors=[[0.5, 0.5]])
    grown(0.05, 32, probe)
    assert probe.growth()[0].grows and not probe.alarms and probe.rows[0]["sign"] is None


class Counting(nn.Module):
    """A discriminator with dropout, running averages, and parts in different modes."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 4))
        self.frozen = nn.Dropout(0.1).train(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.frozen(self.body(x)).view(len(x), 2, 2)


def test_the_module_is_left_as_it_was():
    torch.manual_seed(0)
    discriminator = Counting()
    before = {name: value.clone() for name, value in discriminator.state_dict().items()}
    modes = [part.training for part in discriminator.modules()]
    state = torch.random.get_rng_state()
    x = torch.randn(20, 3, generator=torch.Generator().manual_seed(1), requires_grad=True)
    probe = SpectrumProbe(discriminator)
    probe.observe(x, x + 1)
    assert [part.training for part in discriminator.modules()] == modes and True in modes and False in modes
    assert all((value == before[name]).all() for name, value in discriminator.state_dict().items())
    assert (torch.random.get_rng_state() == state).all()
    assert x.grad is None and all(each.grad is None for each in discriminator.parameters())
    assert len(probe.rows) == 16 and probe.history.wavevectors.shape == (16, 4)


def test_a_failing_module_gets_its_mode_back():
    class Failing(nn.Module):
        def forward(self, x):
            raise RuntimeError("no")

    module = Failing()
    with pytest.raises(RuntimeError):
        SpectrumProbe(module).observe(torch.ones(2, 1), torch.ones(2, 1))
    assert module.training


def test_features_that_are_not_finite_are_left_out():
    probe = SpectrumProbe(wavevectors=[[1.0]])
    bad = torch.tensor([[float("nan")], [1.0]])
    assert probe.observe(bad, torch.ones(2, 1)) == ()
    probe.observe(torch.ones(2, 1), torch.zeros(2, 1))
    probe.observe(torch.full((2, 1), float("inf")), torch.ones(2, 1))
    assert probe.lost == 2 and probe.history.steps == [1.0]
    assert json.loads(json.dumps(probe.to_json(), allow_nan=False))["lost"] == 2


def test_one_sample_and_equal_batches():
    probe = SpectrumProbe(wavevectors=[[1.0]])
    for step in range(40):
        probe.observe(torch.ones(1, 1), torch.ones(1, 1), step)
    assert probe.rows[0]["amplitude"] == 0.0 and probe.rows[0]["growth"] is None


def test_json_goes_on_where_it_stopped():
    arguments = {"wavevectors": [[0.5, 0.5]], "kernel": "rbf(1)", "stabilizer": "elastic", "eps": "0.7"}
    whole, first = SpectrumProbe(**arguments), SpectrumProbe(**arguments)
    grown(0.05, 64, whole)
    grown(0.05, 40, first)
    second = SpectrumProbe(**arguments)
    second.restore(json.loads(json.dumps(first.to_json())))
    for step in range(40, 64):
        x, y = torch.randn(2, 4000, 2, generator=torch.Generator().manual_seed(step))
        second.observe(x, y + 0.2 * exp(0.05 * step), step)
    assert second.to_json() == whole.to_json() and second.alarms == whole.alarms and whole.alarms
    with pytest.raises(InputError, match="window"):
        SpectrumProbe(window=16).restore(first.to_json())
    with pytest.raises(InputError, match="no observations"):
        second.restore({**first.to_json(), "real": [1]})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"wavevectors": [[0.0, 0.0]]}, "not zero"),
        ({"wavevectors": [1.0, 2.0]}, "shape"),
        ({"wavevectors": "all"}, "shape"),
        ({"level": 0}, "level"),
        ({"window": 4}, "window"),
        ({"density": "auto"}, "estimate"),
        ({"certificate": "no-such-file.json"}, "cannot be read"),
    ],
)
def test_wrong_arguments(arguments, words):
    with pytest.raises(InputError, match=words):
        SpectrumProbe(**arguments)


def test_wrong_observations():
    probe = SpectrumProbe(wavevectors=[[1.0]])
    with pytest.raises(InputError, match="2 dimensions, not 1"):
        probe.observe(torch.ones(2, 2), torch.ones(2, 2))
    with pytest.raises(InputError, match="one sample at least"):
        probe.observe(torch.ones(0, 1), torch.ones(2, 1))
    probe.observe(torch.ones(2, 1), torch.ones(2, 1), 3)
    with pytest.raises(InputError, match="does not come after"):
        probe.observe(torch.ones(2, 1), torch.ones(2, 1), 3)
    with pytest.raises(InputError, match="2 predictions are given for 1"):
        SpectrumProbe(wavevectors=[[1.0]], predictions=[DECAYS, DECAYS]).observe(torch.ones(2, 1), torch.ones(2, 1))


# --- predictions ---------------------------------------------------------------------------------------------------------


def test_predicted_rates_and_signs():
    """rbf(1) - 0.2 elastic in the plane: k^2 2 pi (exp(-k^2/2) - 0.2 / k), twice that where both move."""
    k = [0.1, 1.0, 3.0]
    expected = [4 * pi * w * w * (exp(-w * w / 2) - 0.2 / w) * 0.3 for w in k]
    found = predicted_modes(k, Theory("rbf(1)", "elastic", "0.2"), 2, 0.3)
    assert [each.rate for each in found] == pytest.approx(expected, rel=1e-12)
    assert [each.sign for each in found] == [int(np.sign(each)) for each in expected] == [-1, 1, -1]
    single = predicted_modes(k, Theory("rbf(1)", "elastic", "0.2"), 2, 0.3, both=False)
    assert [2 * each.rate for each in single] == pytest.approx(expected, rel=1e-12)
    assert all(each.rate is None and each.proved for each in predicted_modes(k, Theory("rbf(1)"), 2))
    (generator,) = predicted_modes([1.0], Theory("rbf(1)", role="generator"), 2, 0.3)
    assert generator.sign == -1 and generator.rate == pytest.approx(-0.3 * 2 * pi * exp(-1 / 2))  # it moves p alone


def test_an_estimated_density_is_labelled():
    probe = SpectrumProbe(kernel="rbf(1)", density="estimate")
    x = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    probe.observe(x, x)
    assert all("an estimate" in each.source and each.rate > 0 for each in probe.history.predictions)


def test_effective_density():
    """Of N(0, s^2) in the plane: 1 / (4 pi s^2), smoothed a little; none for a collapsed cloud."""
    x = 3 * torch.randn(2048, 2, generator=torch.Generator().manual_seed(0))
    assert effective_density(x) == pytest.approx(1 / (36 * pi), rel=0.15)
    assert effective_density(torch.zeros(5, 2)) is None and effective_density(torch.ones(1, 2)) is None


def saved(tmp_path, **claim):
    certificate = wg.certify(**claim)
    certificate.save(tmp_path / "claim.json")
    return certificate, read_certificate(tmp_path / "claim.json")


def test_a_certificate_that_decays(tmp_path):
    certificate, claim = saved(tmp_path, kernel="rbf(1)", stabilizer="elastic", eps="0.7", dim=2)
    assert (claim.kernel, claim.stabilizer, claim.eps) == ("rbf(lengthscale=1)", "elastic", "7/10")
    assert (claim.dim, claim.role, claim.verdict) == (2, "discriminator", "DECAYS")
    assert claim.digest == certificate.to_file_json()["digest"]
    assert [each.sign for each in certified_signs([1e-3, 1.0, 50.0], claim, 2)] == [-1, -1, -1]
    with pytest.raises(InputError, match="dim=2"):
        certified_signs([1.0], claim, 3)


def test_a_certificate_that_grows_agrees_with_proofs_mode_by_mode(tmp_path):
    _, claim = saved(tmp_path, kernel="rbf(1)", stabilizer="elastic", eps="0.2", dim=2)
    k = np.geomspace(0.05, 10, 60)
    proved = [each.sign for each in predicted_modes(k, Theory("rbf(1)", "elastic", "0.2"), 2)]
    assert [each.sign for each in certified_signs(k, claim, 2)] == proved and {-1, 1} == set(proved)
    assert claim.sign(claim.bands[0].low) is None  # within the enclosure of an end


def test_certificates_of_bands_tori_and_incomplete_lists(tmp_path):
    _, band = saved(tmp_path, kernel="rbf(1)", stabilizer="elastic", eps="0.2", dim=2, band="3,5")
    assert band.verdict == "DECAYS" and (band.sign(4.0), band.sign(6.0), band.sign(2.9)) == (-1, None, None)
    _, torus = saved(tmp_path, kernel="rbf(1)", stabilizer="rbf(1/2)", eps="1.5", dim=1, period="2*pi")
    assert torus.verdict == "DECAYS" and (torus.sign(2.0), torus.sign(2.5)) == (-1, None)
    assert torus.sign(2**0.5) is None and torus.sign(40000.3) is None  # 2 is no square; beyond what a double tells apart
    _, plane = saved(tmp_path, kernel="rbf(1)", stabilizer="rbf(1/2)", eps="3.1", dim=2, period="2*pi")
    assert [plane.sign(m2**0.5) for m2 in (1, 2, 3, 5, 6)] == [-1, -1, None, -1, None]
    _, many = saved(tmp_path, kernel="tophat(1)", dim=2)
    assert not many.complete and (many.sign(1.0), many.sign(5.0)) == (1, None)
    _, every = saved(tmp_path, kernel="rbf(1)", stabilizer="rbf(1)", eps="2", dim="all")
    assert every.verdict == "DECAYS" and every.dim is None and certified_signs([1.0], every, 77)[0].sign == -1


@pytest.mark.parametrize("damage", ["number", "digest", "schema", "nothing", "list", "text"])
def test_damaged_certificates(tmp_path, damage):
    wg.certify("rbf(1)", stabilizer="elastic", eps="0.7", dim=2).save(tmp_path / "good.json")
    text = (tmp_path / "good.json").read_text()
    changed = {
        "number": text.replace('"eps":"7/10"', '"eps":"1/10"'),
        "digest": text.replace('"digest":"sha256:', '"digest":"sha256:0'),
        "schema": text.replace("wgflow.certificate/1", "wgflow.certificate/9"),
        "nothing": "",
        "list": "[1, NaN]",
        "text": "[" * 100_000,
    }[damage]
    assert changed != text
    (tmp_path / "bad.json").write_text(changed)
    with pytest.raises(InputError) as caught:
        read_certificate(tmp_path / "bad.json")
    assert "\n" not in str(caught.value) and "certif" in str(caught.value)


def test_without_flint_and_scipy_a_certificate_is_enough(tmp_path):
    """What a training machine has: torch, numpy. Everything else is hidden from the interpreter."""
    wg.certify("rbf(1)", stabilizer="elastic", eps="0.7", dim=2).save(tmp_path / "claim.json")
    code = f"""
import sys
for name in ("flint", "scipy", "numba", "xarray", "sympy", "matplotlib", "rich", "sklearn"):
    sys.modules[name] = None
import torch
from wgflow.arithmetic.number import InputError
from wgflow.gan.probing.probe import SpectrumProbe
probe = SpectrumProbe(certificate={str(tmp_path / "claim.json")!r}, wavevectors=[[0.5, 0.5]])
for step in range(32):
    x, y = torch.randn(2, 4000, 2, generator=torch.Generator().manual_seed(step))
    probe.observe(x, y + 0.2 * 1.05**step, step)
print(len(probe.alarms), probe.rows[0]["sign"])
try:
    SpectrumProbe(kernel="rbf(1)").observe(x, y)
except InputError as problem:
    print(problem)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    first, second = done.stdout.splitlines()
    assert first == "1 -1" and "pip install python-flint" in second


# --- Student's t ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("freedom", [0.5, 1.0, 2.3, 12.7, 100.0, 1e5])
def test_student_against_scipy(freedom):
    from scipy.stats import t

    for probability in (0.4999, 0.1, 0.025, 1e-3, 1e-7, 1e-12):
        assert upper_quantile(probability, freedom) == pytest.approx(t.isf(probability, freedom), rel=1e-8)
    for size in (0.0, 1e-3, 1.0, 7.0, 300.0):
        assert tail(size, freedom) == pytest.approx(t.sf(size, freedom), rel=1e-8, abs=1e-300)
