"""Checkpoints of a training run: safetensors and JSON, each with its SHA-256, the old one or the new one at every moment.

    DIR/checkpoint/latest.json             which folder counts, and the digest of its manifest
    DIR/checkpoint/0000000120/             model.safetensors, optimizer.safetensors, state.json, manifest.json

A folder is written under another name, synced, renamed; then latest.json is replaced whole; then older folders go.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from wgflow.arithmetic.number import InputError, integer, shown
from wgflow.files import remove_remains, sync_folder, write_whole
from wgflow.record import record

SCHEMA = "wgflow.checkpoint/1"
MODEL, OPTIMIZER, STATE, MANIFEST, LATEST = (
    "model.safetensors",
    "optimizer.safetensors",
    "state.json",
    "manifest.json",
    "latest.json",
)


@record
class Checkpoint:
    """What a run goes on from: named tensors of the networks and of the optimizers, and the rest as JSON."""

    step: int
    model: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    state: Mapping[str, object]


def save_checkpoint(found: Checkpoint, folder: Path) -> None:
    """Writes a checkpoint below ``folder`` and removes the ones before. Killed at any moment it leaves the old or the new one.

    Raises OSError. One process may write (`wgflow.files.sole_holder`).
    """
    folder.mkdir(exist_ok=True)
    name = f"{found.step:010d}"
    if _latest_name(folder) == name:
        return  # the state after a step is unique
    fresh = folder / f"{name}.new"
    for remains in (fresh, folder / name):  # of a process that was killed in the middle of this
        shutil.rmtree(remains, ignore_errors=True)
    fresh.mkdir()
    manifest = _written(found, fresh)
    os.replace(fresh, folder / name)
    sync_folder(folder)
    latest = {"schema": SCHEMA, "folder": name, "manifest": manifest}
    write_whole(folder / LATEST, _json(latest))
    sync_folder(folder)
    remove_remains(folder / LATEST)
    for other in folder.iterdir():
        if other.is_dir() and other.name != name:
            shutil.rmtree(other, ignore_errors=True)


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """Returns the checkpoint below ``folder``, None where there is none; raises InputError where it is damaged."""
    if not (folder / LATEST).exists():
        return None
    latest = _object(folder / LATEST, _read(folder / LATEST))
    if latest.get("schema") != SCHEMA:
        raise InputError(f"{shown(folder / LATEST, 200)} is not of the kind that this version of wgflow calls {SCHEMA}.")
    inside = folder / Path(str(latest.get("folder")).replace("\0", "")).name
    text = _verified(inside / MANIFEST, latest.get("manifest"))
    sums = _object(inside / MANIFEST, text)
    parts = {name: _verified(inside / name, sums.get(name)) for name in (MODEL, OPTIMIZER, STATE)}
    state = _object(inside / STATE, parts[STATE])
    step = integer(state.get("step"), f"{shown(inside / STATE, 200)}: step", 0, 2**63 - 1)
    return Checkpoint(step, _tensors(inside / MODEL, parts[MODEL]), _tensors(inside / OPTIMIZER, parts[OPTIMIZER]), state)


def flat_optimizer(prefix: str, optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Returns an optimizer's state as named tensors and JSON; `restore_optimizer` reads both."""
    found = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    plain: dict[str, dict[str, object]] = {}
    for index, state in found["state"].items():
        for key, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"{prefix}/{index}/{key}"] = value
            else:
                plain.setdefault(str(index), {})[key] = value
    return tensors, {"groups": found["param_groups"], "state": plain}


def restore_optimizer(
    prefix: str, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], plain: Mapping[str, object]
) -> None:
    """Puts an optimizer into the state that `flat_optimizer` returned."""
    state: dict[int, dict[str, object]] = {}
    for name, value in tensors.items():
        owner, index, key = name.split("/", 2) if name.count("/") >= 2 else ("", "", "")
        if owner == prefix:
            state.setdefault(int(index), {})[key] = value
    kept: Mapping[str, Mapping[str, object]] = plain["state"]  # type: ignore[assignment]
    for index, values in kept.items():
        state.setdefault(int(index), {}).update(values)
    groups: list[dict[str, object]] = plain["groups"]  # type: ignore[assignment]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _written(found: Checkpoint, folder: Path) -> str:
    """Writes and syncs the files of a checkpoint; returns the digest of its manifest."""
    parts = {
        MODEL: save(_savable(found.model)),
        OPTIMIZER: save(_savable(found.optimizer)),
        STATE: _json({**found.state, "step": found.step}),
    }
    sums = {name: _digest(content) for name, content in parts.items()}
    parts[MANIFEST] = _json(sums)
    for name, content in parts.items():
        with open(folder / name, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    sync_folder(folder)
    return _digest(parts[MANIFEST])


def _savable(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().to("cpu").contiguous().clone() for name, value in tensors.items()}


def _latest_name(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / LATEST).read_bytes())["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _verified(path: Path, expected: object) -> bytes:
    content = _read(path)
    if _digest(content) != expected:
        raise InputError(
            f"{shown(path, 200)} is damaged or was changed: its SHA-256 does not match; start the run anew elsewhere."
        )
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"the checkpoint lacks {shown(path, 200)}; start the run anew elsewhere.") from None


def _object(path: Path, content: bytes) -> dict[str, object]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError(f"{shown(path, 200)} is damaged: it is not a JSON object; start the run anew elsewhere.")
    return found


def _tensors(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        found: dict[str, Tensor] = load(content)
    except SafetensorError:
        raise InputError(f"{shown(path, 200)} is not in the format of safetensors; start the run anew elsewhere.") from None
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _json(value: object) -> bytes:
    return (json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()
