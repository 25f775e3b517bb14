"""Training in several processes, and training where only torch, NumPy and safetensors are installed."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from wgflow.gan.processes import Alone
from wgflow.gan.train import train
from wgflow.gan.training.process_group import agreed, chosen_device

torch.set_num_threads(1)
ROOT = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
CONFIG = """
[data]
name = "eight-gaussians"
[generator]
width = 8
depth = 1
latent = 2
[discriminator]
width = 8
depth = 1
[objective]
name = "{objective}"
[training]
steps = 6
batch = 16
discriminator-steps = 2
ema = 0.9
gradient-clip = 0.5
generator-optimizer = "sgd"
discriminator-optimizer = "sgd"
[measure]
log-every = 1
samples = 20
probe = {probe}
probe-every = 2
"""
BLOCKED = ("flint", "scipy", "numba", "llvmlite", "xarray", "pandas", "matplotlib", "rich", "sklearn", "PIL", "tensorboard")


def parameters(out: Path) -> dict[str, torch.Tensor]:
    (path,) = (out / "checkpoint").rglob("model.safetensors")
    return load_file(path)


def in_two_processes(config: Path, out: Path, *more: str) -> subprocess.CompletedProcess:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "wgflow", "train"]
    return subprocess.run(
        [*launch, "--config", str(config), "--out", str(out), "--device", "cpu", "--json", *more],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=240,
    )


def check_equal_to_rounding(folder: Path, objective: str, probe: str) -> None:
    config = folder / "config.toml"
    config.write_text(CONFIG.format(objective=objective, probe=probe))
    done = in_two_processes(config, folder / "two")
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["machine"]["processes"] == 2
    alone = train(config, out=folder / "one", device="cpu")
    one, two = parameters(folder / "one"), parameters(folder / "two")
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_allclose(two[name].numpy(), value.numpy(), rtol=1e-4, atol=1e-6, err_msg=name)
    start = train(config, device="cpu", changes=["training.steps=1", "training.generator-optimizer.rate=0"]).players
    assert not any(torch.equal(value, one[f"generator.{key}"]) for key, value in start.generator.state_dict().items())
    lines = [(folder / each / "log.jsonl").read_text().splitlines() for each in ("one", "two")]
    assert len(lines[0]) == len(lines[1]) == len(alone.log) == 6
    for here, there in zip(*lines, strict=True):
        for key, value in json.loads(here).items():
            if isinstance(value, float):
                assert json.loads(there)[key] == pytest.approx(value, rel=1e-3, abs=1e-6), key


def test_two_processes_train_what_one_does(tmp_path):
    check_equal_to_rounding(tmp_path, "mmd-rbf", "true")


@pytest.mark.long
@pytest.mark.parametrize("objective", ["wgan-gp", "ns-r1", "mmd-gp", "repulsive", "cramer"])
def test_two_processes_train_every_objective_as_one_does(tmp_path, objective):
    check_equal_to_rounding(tmp_path, objective, "false")


@pytest.mark.long
def test_a_run_of_two_processes_goes_on_in_one(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(objective="mmd-rbf", probe="true"))
    done = in_two_processes(config, tmp_path / "two", "--budget-minutes", "1/100000")
    assert json.loads(done.stdout)["outcome"] == "budget", done.stderr[-3000:]
    rest = train(out=tmp_path / "two", resume=True, device="cpu")
    whole = train(config, device="cpu")
    for one, two in zip(whole.players.generator.parameters(), rest.players.generator.parameters(), strict=True):
        np.testing.assert_allclose(two.detach().numpy(), one.detach().numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.long
def test_batches_that_cannot_be_divided_are_refused(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(objective="mmd-rbf", probe="false"))
    done = in_two_processes(config, tmp_path / "two", "--set", "training.batch=15")
    assert done.returncode != 0 and "cannot be divided evenly among 2 processes" in done.stderr


def test_one_process_agrees_with_itself():
    assert agreed(Alone(), [True, False], torch.device("cpu")) == [True, False]
    assert chosen_device("cpu") == torch.device("cpu")


def fresh(code: str, *arguments: str) -> subprocess.CompletedProcess:
    """Runs code in a process in which the blocked packages are not installed, as far as Python can tell.

    SymPy is a requirement of torch itself, whose optimizers import it: it is absent for wgflow alone.
    """
    hook = f"""
        import sys
        BLOCKED = {BLOCKED!r}
        def importer():
            frame = sys._getframe(2)
            while frame is not None and "importlib" in frame.f_code.co_filename:
                frame = frame.f_back
            return "" if frame is None else frame.f_globals.get("__name__", "")
        from importlib.machinery import ModuleSpec
        class Absent:  # torch asks whether some of these can be found, and imports none
            def find_spec(self, name, path=None, target=None):
                package = name.partition(".")[0]
                if package in BLOCKED or (package == "sympy" and importer().startswith("wgflow")):
                    return ModuleSpec(name, self)
            def create_module(self, spec):
                raise ModuleNotFoundError(f"No module named {{spec.name!r}}", name=spec.name)
            def exec_module(self, module):
                pass
        sys.meta_path.insert(0, Absent())
    """
    text = textwrap.dedent(hook) + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", text, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=240)


def test_training_needs_only_torch_numpy_and_safetensors(tmp_path):
    from wgflow.stability.certify import certify

    certificate = tmp_path / "rbf.json"
    certify("rbf(1)", "rbf(1/2)", 5, 2).save(certificate)
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(objective="mmd", probe="true"))
    code = """
        from wgflow.cli.main import main
        changes = ["objective.kernel=rbf(1)", "objective.stabilizer=rbf(1/2)", "objective.eps=5", "discriminator.features=2"]
        arguments = [word for change in changes for word in ("--set", change)]
        first = ["train", "--config", sys.argv[1], "--device", "cpu", *arguments, "--set", f"objective.certificate={sys.argv[2]}"]
        code = main([*first, "--out", sys.argv[3]])
        code = code or main(["train", "--config", sys.argv[1], "--device", "cpu", *arguments])
        loaded = {name.partition(".")[0] for name in sys.modules} & set(BLOCKED)
        sys.exit(code or (9 if loaded else 0))
    """
    done = fresh(code, str(config), str(certificate), str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "every feature mode decays (DECAYS) [certificate rbf.json]" in done.stdout
    assert "predicted to decay" in done.stdout and "python-flint is not installed" in done.stdout
    assert "need Matplotlib" in done.stderr  # the sheet of points
    found = json.loads((tmp_path / "run" / "result.json").read_text())
    assert found["prediction"]["discriminator"] == "DECAYS" and found["prediction"]["source"] == "certificate rbf.json"
    wrong = fresh(code.replace("objective.eps=5", "objective.eps=6"), str(config), str(certificate), str(tmp_path / "other"))
    assert wrong.returncode == 2 and "certificate" in wrong.stderr
