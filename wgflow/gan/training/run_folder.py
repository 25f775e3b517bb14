"""The folder of a training run: its settings, log, checkpoints, sheets and result. One process writes it.

DIR/settings.json   the resolved settings, seed, data checksums, versions
DIR/log.jsonl       one line a logged step; equal for equal runs, also resumed ones
DIR/times.jsonl     when each line was written
DIR/checkpoint/     what --resume goes on from
DIR/sheets/         sample sheets
DIR/result.json     how it ended
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from wgflow.arithmetic.number import InputError, integer, shown
from wgflow.files import remove_remains, write_whole
from wgflow.gan.training.settings import read_settings
from wgflow.gan.training.settings_records import Settings

SETTINGS, RESULT, LOG, CHECKPOINT, SHEETS = "settings.json", "result.json", "log.jsonl", "checkpoint", "sheets"
SCHEMA = "wgflow.training-settings/1"


def recorded_settings(folder: Path) -> tuple[Settings, int] | None:
    """Returns the settings and the seed of the run in a folder, None where there is none. Raises InputError for damaged files."""
    if not (folder / SETTINGS).exists():
        return None
    try:
        data = json.loads((folder / SETTINGS).read_bytes())
        if data["schema"] != SCHEMA:
            raise KeyError("schema")
        return read_settings(data["settings"]), integer(data["seed"], "seed", 0, 2**63 - 1)
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise InputError(f"{shown(folder / SETTINGS, 200)} cannot be read ({problem}); start the run anew elsewhere.") from None


def agreeing_settings(
    folder: Path | None, resume: bool, config: object, changes: tuple[str, ...], seed: int | None
) -> tuple[Settings, int]:
    """Returns the settings and the seed of a run that begins or goes on; raises InputError where the folder says otherwise."""
    before = None if folder is None else recorded_settings(folder)
    if before is not None and not resume:
        raise InputError(f"{shown(folder, 200)} holds a run; type --resume to go on with it, or choose another --out.")
    if config is None:
        if before is None:
            where = "" if folder is None else f" There is no run in {shown(folder, 200)} to go on with."
            raise InputError(f"settings are needed; type --config FILE.toml.{where}")
        config = before[0]
    asked = read_settings(config, changes)
    if before is None:
        return asked, 0 if seed is None else seed
    if (differs := first_difference(before[0].to_json(), asked.to_json())) is not None:
        go_on = "to go on with its own leave out --config and --set; for others choose another --out"
        raise InputError(f"the run in {shown(folder, 200)} has other settings: {differs}; {go_on}.")
    if seed is not None and seed != before[1]:
        raise InputError(f"the run in {shown(folder, 200)} has seed {before[1]}, not {seed}; leave out --seed.")
    return before


def write_settings(
    folder: Path, settings: Settings, seed: int, provenance: Mapping[str, str], versions: Mapping[str, str]
) -> None:
    """Records what a run is made with."""
    body = {
        "schema": SCHEMA,
        "seed": seed,
        "settings": settings.to_json(),
        "data": dict(provenance),
        "versions": dict(versions),
    }
    write_whole(folder / SETTINGS, (json.dumps(body, indent=1, sort_keys=True) + "\n").encode())


def check_data(folder: Path, provenance: Mapping[str, str]) -> None:
    """Raises InputError where the data are not those that the run in the folder began with."""
    before = json.loads((folder / SETTINGS).read_bytes()).get("data")
    if before != dict(provenance):
        differs = first_difference(before, dict(provenance))
        raise InputError(f"the data are not those that {shown(folder, 200)} began with: {differs}.")


def clear_remains(folder: Path) -> None:
    """Removes temporary files of killed writers."""
    for name in (SETTINGS, RESULT):
        remove_remains(folder / name)
    if (folder / SHEETS).is_dir():
        remove_remains(folder / SHEETS / "sheet.png")


def first_difference(before: object, after: object, name: str = "") -> str | None:
    """Returns where two trees of plain data differ first, in words; None where they do not.

    >>> first_difference({"a": {"b": 1}}, {"a": {"b": 2}})
    'a.b is 1, not 2'
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            found = first_difference(before.get(key), after.get(key), f"{name}.{key}" if name else str(key))
            if found is not None:
                return found
        return None
    return None if before == after else f"{name} is {shown(before)[1:-1]}, not {shown(after)[1:-1]}"
