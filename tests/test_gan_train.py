"""The trainer: settings, steps, averages, checkpoints, outcomes."""

import io
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from wgflow.arithmetic.number import InputError
from wgflow.cli.main import main
from wgflow.gan.train import train
from wgflow.gan.training.averages import Averaged
from wgflow.gan.training.checkpoint import load_checkpoint
from wgflow.gan.training.optimizers import clip, gradient_norm, make_optimizer
from wgflow.gan.training.outcome import TrainingOutcome
from wgflow.gan.training.settings import read_settings
from wgflow.gan.training.sheets import grid, png, save_sheet

torch.set_num_threads(1)
ROOT = Path(__file__).parent.parent
SMALL = {
    "data": {"name": "eight-gaussians"},
    "generator": {"network": "mlp", "width": 8, "depth": 1, "latent": 2},
    "discriminator": {"network": "mlp", "width": 8, "depth": 1, "features": 2},
    "objective": {"name": "mmd", "kernel": "rbf(1)", "stabilizer": "rbf(1/2)", "eps": 0.2, "precision": "float64"},
    "training": {"steps": 12, "batch": 16, "discriminator-steps": 2, "ema": 0.9},
    "measure": {"log-every": 1, "samples": 20, "every": 5, "probe": True, "probe-every": 1, "checkpoint-seconds": 0},
}


def small(**changes):
    return read_settings(SMALL, [f"{name.replace('__', '.').replace('_', '-')}={value}" for name, value in changes.items()])


def files(folder):
    return {name: (folder / name).read_bytes() for name in ("log.jsonl", "settings.json")} | final_tensors(folder)


def final_tensors(folder):
    inside = folder / "checkpoint" / json.loads((folder / "checkpoint" / "latest.json").read_text())["folder"]
    return {name: (inside / name).read_bytes() for name in ("model.safetensors", "optimizer.safetensors")}


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("trainin.steps=5", ["trainin", "training"]),
        ("training.step=5", ["training", "step", "steps"]),
        ("training.steps=0", ["training", "steps", "'0'"]),
        ("training.steps=many", ["training", "steps", "many"]),
        ("training.batch=1.5", ["training", "batch", "1.5"]),
        ("training.ema=1", ["training", "ema", "below 1"]),
        ("training.precision=half", ["precision", "half", "bf16"]),
        ("training.compile=1", ["training", "compile", "true"]),
        ("training.generator-optimizer.name=lion", ["generator-optimizer", "lion", "adamw"]),
        ("training.generator-optimizer.momentum=0.5", ["generator-optimizer", "momentum", "betas"]),
        ("training.generator-optimizer.betas=[0.5]", ["generator-optimizer", "betas", "two numbers"]),
        ("training.generator-optimizer=3", ["training.generator-optimizer", "3", "table"]),
        ("measure.samples=1", ["measure", "samples"]),
        ("measure.probe=yes", ["measure", "probe", "true"]),
        ("discriminator.features=0", ["discriminator", "features"]),
        ("data.name=7", ["data", "name", "text"]),
        ("objective.when=2020-01-01", ["objective.when", "text"]),
        ("training=5", ["TABLE.KEY=VALUE"]),
        ("training.steps.a=5", ["steps"]),
        ("training.steps", ["TABLE.KEY=VALUE"]),
    ],
)
def test_wrong_settings_are_named_in_one_line(change, words):
    with pytest.raises(InputError) as problem:
        read_settings(SMALL, [change])
    text = str(problem.value)
    assert "\n" not in text and all(word in text for word in words), text


def test_resolved_settings_read_back_as_they_are():
    found = small(training__generator_optimizer="rmsprop", objective__eps="1/3")
    assert read_settings(found.to_json()) == found == read_settings(json.loads(found.text))
    assert found.objective.options["eps"] == "1/3"
    assert found.training.generator_optimizer.options == {"momentum": 0.0, "smoothing": 0.99, "weight-decay": 0.0}


def test_files_that_are_not_settings(tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("[data\n")
    with pytest.raises(InputError, match="not TOML"):
        read_settings(bad)
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_settings(bad)
    with pytest.raises(FileNotFoundError):
        read_settings(tmp_path / "absent.toml")


def test_the_shipped_settings_are_read():
    found = read_settings(ROOT / "analysis" / "configs" / "eight_gaussians.toml")
    assert found.data.name == "eight-gaussians"


def test_what_does_not_fit_together_is_refused():
    for changes, words in [
        ({"objective__name": "wgan"}, "wgan"),
        ({"data__name": "nowhere"}, "nowhere"),
        ({"generator__network": "nothing"}, "nothing"),
    ]:
        with pytest.raises(InputError, match=words):
            train(small(**changes), device="cpu")
    for options in ({"device": "tpu"}, {"budget_minutes": 0}, {"seed": -1}, {"resume": True}, {"config": None}):
        with pytest.raises(InputError):
            train(**({"config": SMALL, "device": "cpu"} | options))


# --- steps ----------------------------------------------------------------------------------------------------------

DIRECT = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.3, 0.8), weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.3, 0.8), weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5, alpha=0.7, weight_decay=0.1),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.5, weight_decay=0.1),
}
OPTIONS = {
    "adam": {"betas": [0.3, 0.8]},
    "adamw": {"betas": [0.3, 0.8]},
    "rmsprop": {"momentum": 0.5, "smoothing": 0.7},
    "sgd": {"momentum": 0.5},
}


@pytest.mark.parametrize("name", DIRECT)
def test_optimizers_step_as_torch_does(name):
    table = {"name": name, "rate": "0.01", "weight-decay": 0.1, **OPTIONS[name]}
    settings = read_settings({"data": {"name": "rings"}, "training": {"generator-optimizer": table}})
    generator = torch.Generator().manual_seed(1)
    start, pulls = torch.randn(7, generator=generator), torch.randn(5, 7, generator=generator)
    ends = []
    for make in (lambda p: make_optimizer(settings.training.generator_optimizer, p), DIRECT[name]):
        parameter = torch.nn.Parameter(start.clone())
        optimizer = make([parameter])
        for pull in pulls:
            parameter.grad = pull.clone()
            optimizer.step()
        ends.append(parameter.detach())
    assert torch.equal(*ends) and not torch.equal(ends[0], start)


def test_the_norm_of_gradients_and_clipping():
    a, b, c = (torch.nn.Parameter(torch.zeros(n)) for n in (2, 1, 3))
    a.grad, b.grad = torch.tensor([1.0, 2.0]), torch.tensor([2.0])
    assert float(gradient_norm([a, b, c])) == 3 and float(gradient_norm([c])) == 0
    clip([a, b, c], 3.0, 6.0)
    assert a.grad.tolist() == [1, 2]
    clip([a, b, c], 3.0, 1.5)
    assert a.grad.tolist() == [0.5, 1] and b.grad.tolist() == [1] and c.grad is None


def test_the_average_follows_as_a_naive_loop_does():
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    average, twin = Averaged(network, 0.7), [p.detach().numpy().astype(np.float64) for p in network.parameters()]
    rng = np.random.default_rng(0)
    for _ in range(10):
        for i, p in enumerate(network.parameters()):
            new = rng.standard_normal(p.shape)
            p.data = torch.from_numpy(new).float()
            twin[i] = 0.7 * twin[i] + 0.3 * new
        network[1].running_mean.add_(1)
        average.follow(network)
    for found, expected in zip(average.network.parameters(), twin, strict=True):
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)
    assert average.network[1].running_mean.tolist() == [10, 10, 10]


def test_a_cycle_is_what_its_losses_and_optimizers_say():
    """One cycle by hand: the same networks, batches by the documented keys, torch's own SGD, the particle distance in NumPy."""
    from wgflow.dynamics.random_streams import stream
    from wgflow.gan.data.names import make_source

    changes = {"training__discriminator_steps": 1, "training__ema": 0, "training__steps": 1, "measure__probe": "false"}
    changes |= {"training__generator_optimizer": "sgd", "training__discriminator_optimizer": "sgd"}
    settings = small(**changes)
    kept = {}
    still = small(**(changes | {"training__discriminator_steps": 0, "training__generator_optimizer.rate": 0}))
    train(
        still,
        seed=3,
        device="cpu",
        on_step=lambda _, state: kept.update(g=state.players.generator, d=state.players.discriminator),
    )
    generator, discriminator = kept["g"].double(), kept["d"].double().requires_grad_(True)
    source = make_source("eight-gaussians")

    def energy(x, y, weight):  # D_k / 2 for k = rbf(1) - weight rbf(1/2)
        def k(a, b):
            r2 = (a[:, None] - b[None]).square().sum(-1)
            return (torch.exp(-r2 / 2) - weight * torch.exp(-2 * r2)).mean()

        return (k(x, x) + k(y, y) - 2 * k(x, y)) / 2

    def batch(i):
        noise = stream(3, f"latent/1/{i}").standard_normal((16, 2), dtype=np.float32)
        return torch.from_numpy(source.batch(3, i, 16)).double(), generator(torch.from_numpy(noise).double())

    real, fake = batch(0)
    loss = -energy(discriminator(fake.detach()), discriminator(real), 0.2)
    gradients = torch.autograd.grad(loss, list(discriminator.parameters()))
    with torch.no_grad():
        for p, g in zip(discriminator.parameters(), gradients, strict=True):
            p -= 0.01 * g
    real, fake = batch(1)
    second = energy(discriminator(fake), discriminator(real), 0)
    gradients = torch.autograd.grad(second, list(generator.parameters()))
    expected = [p - 0.01 * g for p, g in zip(generator.parameters(), gradients, strict=True)]
    run = train(settings, seed=3, device="cpu")
    np.testing.assert_allclose(run.log[0]["discriminator_loss"], loss.item(), rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(run.log[0]["generator_loss"], second.item(), rtol=1e-4, atol=1e-8)
    for found, p in zip(run.players.generator.parameters(), expected, strict=True):
        np.testing.assert_allclose(found.detach().numpy(), p.detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("name", ["wgan", "wgan-gp", "ns-r1", "mmd-rbf", "mmd-gp", "cramer", "eieg"])
def test_every_objective_trains(name):
    tables = {**SMALL, "objective": {"name": name}, "discriminator": {"width": 8, "depth": 1}}
    run = train(tables, device="cpu", changes=["training.steps=3", "measure.every=0"])
    assert run.outcome is TrainingOutcome.FINISHED and run.step == 3 and len(run.log) == 3
    assert all(np.isfinite(row["generator_gradient"]) for row in run.log)


def test_images_train_and_are_drawn(tmp_path):
    tables = {
        "data": {"name": "digits"},
        "generator": {"network": "dcgan", "width": 8},
        "discriminator": {"network": "dcgan", "width": 8, "features": 4},
        "objective": {"name": "mmd-rbf"},
        "training": {"steps": 2, "batch": 8, "precision": "bf16"},
        "measure": {"samples": 20},
    }
    run = train(tables, out=tmp_path / "run", device="cpu")
    assert run.outcome is TrainingOutcome.FINISHED and run.samples(3).shape == (3, 1, 8, 8)
    assert (tmp_path / "run" / "sheets" / "0000000002.png").read_bytes().startswith(b"\x89PNG")


def test_bfloat16_is_near_float32_and_not_equal():
    both = [train(small(training__precision=p), device="cpu", changes=["training.steps=1"]) for p in ("float32", "bf16")]
    plain, mixed = (run.log[0] for run in both)
    assert plain["generator_loss"] != mixed["generator_loss"]
    assert mixed["generator_loss"] == pytest.approx(plain["generator_loss"], rel=0.1, abs=1e-3)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")  # of torch's compiler itself
def test_compiled_networks_train_alike():
    plain, compiled = (train(small(training__compile=c, measure__probe="false"), device="cpu") for c in ("false", "true"))
    assert compiled.log[-1]["generator_loss"] == pytest.approx(plain.log[-1]["generator_loss"], rel=1e-3, abs=1e-5)

    with pytest.raises(InputError, match="differentiates twice"):
        tables = {**SMALL, "objective": {"name": "wgan-gp"}, "discriminator": {"width": 8, "depth": 1}}
        train(tables, device="cpu", changes=["training.compile=true", "measure.probe=false"])


# --- outcomes -------------------------------------------------------------------------------------------------------


def test_divergence_is_an_outcome(tmp_path):
    settings = small(training__discriminator_optimizer="sgd", objective__feature_penalty=1)
    settings = read_settings(settings, ["training.discriminator-optimizer.rate=1e30", "objective.kernel=energy"])
    run = train(settings, out=tmp_path / "run", device="cpu")
    assert run.outcome is TrainingOutcome.NONFINITE and run.outcome.exit_code == 4 and run.step < 12
    kept = load_checkpoint(tmp_path / "run" / "checkpoint")
    assert kept.step == run.step and all(bool(torch.isfinite(value).all()) for value in kept.model.values())
    assert json.loads((tmp_path / "run" / "result.json").read_text())["outcome"] == "nonfinite"
    assert run.reason.startswith(f"in step {run.step + 1} the discriminator's ")


def test_collapse_is_recorded_and_ends_the_run_where_asked():
    still = {"training__generator_optimizer.rate": 0, "training__collapse": 0.99, "measure__probe": "false"}
    run = train(small(**still), device="cpu")
    assert run.outcome is TrainingOutcome.FINISHED and run.collapsed == 7  # narrow from the start counts after half the run
    run = train(small(**still, training__stop_on_collapse="true"), device="cpu")
    assert run.outcome is TrainingOutcome.COLLAPSED and run.step == run.collapsed == 7 and run.metrics["samples"] == 20
    run = train(small(**still | {"training__collapse": 0}), device="cpu")
    assert run.collapsed is None


def test_the_budget_ends_a_run_that_can_be_gone_on_with(tmp_path):
    run = train(SMALL, out=tmp_path / "run", device="cpu", budget_minutes="1/100000")
    assert run.outcome is TrainingOutcome.BUDGET and run.step == 1 and "coverage" in run.metrics
    rest = train(out=tmp_path / "run", resume=True, device="cpu")
    assert rest.outcome is TrainingOutcome.FINISHED and rest.step == 12


# --- checkpoints ----------------------------------------------------------------------------------------------------


def test_resumed_runs_are_bitwise_those_never_interrupted(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(SMALL, out=whole, seed=5, device="cpu")
    stops = iter([1, 4, 5, 9])

    def interrupt(step, state):
        if step == stop:
            os.kill(os.getpid(), signal.SIGINT)

    for stop in stops:
        run = train(SMALL, out=parts, seed=5, resume=True, device="cpu", on_step=interrupt)
        assert run.outcome is TrainingOutcome.INTERRUPTED and run.step == stop and run.outcome.exit_code == 130
    run = train(out=parts, resume=True, device="cpu")
    assert run.outcome is TrainingOutcome.FINISHED
    assert files(whole) == files(parts)
    a, b = (json.loads((each / "result.json").read_text()) for each in (whole, parts))
    assert {k: v for k, v in a.items() if k != "seconds"} == {k: v for k, v in b.items() if k != "seconds"}
    assert train(out=parts, resume=True, device="cpu").step == 12  # once more: nothing is left to do
    assert files(whole) == files(parts)


def test_measuring_changes_no_digit_of_the_training():
    choices = (("true", 1, 0.9), ("false", 0, 0))
    runs = [train(small(measure__probe=p, measure__every=e, training__ema=m), device="cpu") for p, e, m in choices]
    for one, other in zip(*(run.players.generator.parameters() for run in runs), strict=True):
        assert torch.equal(one, other)


def test_a_folder_with_a_run_is_not_overwritten(tmp_path):
    out = tmp_path / "run"
    train(SMALL, out=out, device="cpu", changes=["training.steps=1"])
    with pytest.raises(InputError, match="--resume"):
        train(SMALL, out=out, device="cpu", changes=["training.steps=1"])
    with pytest.raises(InputError, match=r"training\.steps is 1, not 12"):
        train(SMALL, out=out, device="cpu", resume=True)
    with pytest.raises(InputError, match="seed 0, not 1"):
        train(out=out, seed=1, device="cpu", resume=True)


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json", "latest.json"])
def test_damaged_checkpoints_are_refused(tmp_path, name):
    out = tmp_path / "run"
    train(SMALL, out=out, device="cpu", changes=["training.steps=1"])
    (path,) = (out / "checkpoint").rglob(name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged|lacks|not of the kind"):
        train(out=out, resume=True, device="cpu")
    path.unlink()
    if name != "latest.json":
        with pytest.raises(InputError, match="lacks"):
            train(out=out, resume=True, device="cpu")


def test_two_processes_cannot_train_into_one_folder(tmp_path):
    def another(step, state):
        if step == 1:
            with pytest.raises(OSError, match="another process"):
                train(SMALL, out=tmp_path / "run", device="cpu", resume=True)

    train(SMALL, out=tmp_path / "run", device="cpu", on_step=another, changes=["training.steps=1"])


COMMAND = [sys.executable, "-m", "wgflow", "train", "--device", "cpu"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def killed_and_resumed(folder: Path, tables: dict, seconds: list[float]) -> int:
    """Checks that a run killed so many seconds after it logs ends bitwise as a whole one; returns how often it still ran then."""
    config, parts, hit = folder / "config.toml", folder / "parts", 0
    config.write_text(toml(tables))
    arguments = [*COMMAND, "--config", str(config), "--out", str(parts), "--resume"]
    for wait in seconds:
        process = subprocess.Popen(arguments, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        log, begun = parts / "log.jsonl", time.monotonic()
        size = log.stat().st_size if log.exists() else 0
        while process.poll() is None and (not log.exists() or log.stat().st_size <= size) and time.monotonic() - begun < 60:
            time.sleep(0.01)  # until it trains
        time.sleep(wait)
        hit += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert train(config, out=parts, device="cpu", resume=True).outcome is TrainingOutcome.FINISHED
    train(config, out=folder / "whole", device="cpu")
    assert files(folder / "whole") == files(parts)
    return hit


def toml(tables: dict) -> str:
    lines = [
        line for name, table in tables.items() for line in (f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items()))
    ]
    return "\n".join(lines) + "\n"


LONGER = {
    **SMALL,
    "training": {**SMALL["training"], "steps": 60},
    "measure": {**SMALL["measure"], "every": 0, "probe-every": 10, "checkpoint-seconds": 0.02},
}


def test_killed_and_resumed_training_is_bitwise_equal(tmp_path):
    assert killed_and_resumed(tmp_path, LONGER, [0.05]) == 1


@pytest.mark.long
def test_training_killed_at_twenty_random_moments_is_bitwise_equal(tmp_path):
    measure = {**LONGER["measure"], "probe-every": 20, "every": 1000}
    longer = {**LONGER, "training": {**LONGER["training"], "steps": 6000}, "measure": measure}
    draw = random.Random(0)
    assert killed_and_resumed(tmp_path, longer, [draw.uniform(0, 0.8) for _ in range(20)]) == 20


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_trains_and_tells(tmp_path, capsys):
    config = tmp_path / "small.toml"
    config.write_text(toml(SMALL))
    out = str(tmp_path / "run")
    assert main(["train", "--config", str(config), "--out", out, "--device", "cpu", "--set", "training.steps=3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "wgflow.train/1" and found["outcome"] == "finished" and found["prediction"]["source"] == "certified"
    assert found == json.loads((tmp_path / "run" / "result.json").read_text())
    assert main(["train", "--out", out, "--resume", "--device", "cpu"]) == 0
    told = capsys.readouterr().out
    assert "finished" in told and "while the discriminator trains" in told and "coverage" in told
    assert main(["train", "--config", str(tmp_path / "absent.toml")]) in (2, 4)
    assert main(["train"]) == 2
    assert "--config" in capsys.readouterr().err


def test_sheets(tmp_path):
    images = np.linspace(-1, 1, 2 * 3 * 4 * 4, dtype=np.float32).reshape(2, 3, 4, 4)
    assert save_sheet(images, images, tmp_path / "images.png") is None
    from matplotlib.image import imread  # reads PNG by another library than wrote it

    np.testing.assert_allclose(imread(tmp_path / "images.png")[2:6, 2:6], (images[0].transpose(1, 2, 0) + 1) / 2, atol=3e-3)
    points = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)
    assert save_sheet(points, points, tmp_path / "points.png") is None and (tmp_path / "points.png").stat().st_size > 1000
    assert save_sheet(points[:, :1], points[:, :1], tmp_path / "line.png") is None
    assert imread(io.BytesIO(png(grid(images)))).shape == (8, 14, 3)


def test_tensorboard_gets_the_same_numbers(tmp_path):
    pytest.importorskip("tensorboard")
    run = train(
        small(measure__tensorboard="true", measure__probe="false"),
        out=tmp_path / "run",
        device="cpu",
        changes=["training.steps=2"],
    )
    assert run.step == 2 and list((tmp_path / "run" / "tensorboard").iterdir())


def test_the_checkpoint_holds_what_the_networks_are(tmp_path):
    run = train(SMALL, out=tmp_path / "run", device="cpu")
    (path,) = (tmp_path / "run" / "checkpoint").rglob("model.safetensors")
    tensors = load_file(path)
    for name, value in run.players.generator.state_dict().items():
        assert torch.equal(tensors[f"generator.{name}"], value)
    assert {key.split(".")[0] for key in tensors} == {"generator", "discriminator", "averaged"}


def test_what_cannot_be_measured_is_refused_before_the_training(tmp_path):
    steps = []
    with pytest.raises(InputError, match="features 'foo' are not known"):
        train(small(measure__features="foo"), device="cpu", on_step=lambda step, state: steps.append(step))
    np.savez(tmp_path / "few.npz", x_train=np.ones((9, 2)), x_test=np.ones((3, 2)))
    few = small(data__name="npz", data__file="few.npz")
    with pytest.raises(InputError, match="holds out 3 samples"):
        train(few, data_root=tmp_path, device="cpu", on_step=lambda step, state: steps.append(step))
    assert not steps


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sheets_of_few_held_out_images_of_any_channels(tmp_path, channels):
    images = np.random.default_rng(0).uniform(-1, 1, (20, channels, 8, 9)).astype(np.float32)
    assert save_sheet(images, images[:10], tmp_path / "sheet.png") is None
    size = struct.unpack(">II", (tmp_path / "sheet.png").read_bytes()[16:24])
    assert size == (2 * (2 + 4 * (9 + 2)), 2 + 3 * (8 + 2))  # two grids of ten, four columns and three rows


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: shutil.rmtree(folder / "checkpoint"), "its checkpoint is not"),
        (lambda folder: (folder / "checkpoint" / "latest.json").unlink(), "its checkpoint is not"),
        (lambda folder: garble(folder / "log.jsonl", b"\xff\x00{{"), "no JSON object with a step"),
        (lambda folder: garble(folder / "settings.json", b"[" * 100_000), "cannot be read"),
    ],
)
def test_a_run_that_lost_its_checkpoint_or_log_is_left_as_it_is(tmp_path, change, words):
    train(small(), tmp_path / "run", seed=1, device="cpu")
    change(tmp_path / "run")
    before = (tmp_path / "run" / "log.jsonl").read_bytes()
    with pytest.raises(InputError, match=words):
        train(None, tmp_path / "run", resume=True, device="cpu")
    assert (tmp_path / "run" / "log.jsonl").read_bytes() == before
    assert (tmp_path / "run" / "result.json").exists()


def garble(path, content):
    whole = path.read_bytes()
    path.write_bytes(whole[:10] + content + whole[10 + len(content) :])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--set", "training.generator-optimizer.rate='1e400'"),
        ("--set", "training.gradient-clip='1e999'"),
        ("--set", "measure.checkpoint-seconds='1e400'"),
        ("--set", "data.std=1e39"),
        ("--set", "x.y=" + "[" * 3000),
        ("--budget-minutes", "1e400"),
        ("--out", ""),
        ("--seed", "9223372036854775808"),
    ],
)
def test_numbers_beyond_reason_are_wrong_input(tmp_path, capsys, arguments):
    (tmp_path / "a.toml").write_text('\ufeff[data]\nname = "eight-gaussians"\n', encoding="utf-8")  # as some editors write it
    assert main(["train", "--config", str(tmp_path / "a.toml"), "--device", "cpu", *arguments]) == 2
    message = capsys.readouterr().err
    assert "internal" not in message and message.count("\n") == 1 and len(message) < 400


def test_the_largest_seed_is_taken():
    assert train(small(training__steps=1), seed=2**63 - 1, device="cpu").seed == 2**63 - 1
