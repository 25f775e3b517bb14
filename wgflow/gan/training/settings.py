"""The settings of a training run: a TOML file, read into frozen records.

[data]           name, and what that source takes
[generator]      network, latent, and what that network takes
[discriminator]  network, features, and what that network takes
[objective]      name, and what that objective takes: kernel, stabilizer, eps, certificate, ...
[training]       steps, batch, the optimizers, ...: `Training`
[measure]        what is logged, drawn and kept, and how often: `Measure`
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import isfinite
from pathlib import Path

from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.options import Options
from wgflow.gan.training.settings_records import Chosen, Measure, Optimizer, Settings, Training
from wgflow.kernels.kernel import Kernel

TABLES = ("data", "generator", "discriminator", "objective", "training", "measure")
OPTIMIZERS = ("adam", "adamw", "rmsprop", "sgd")
PRECISIONS = ("float32", "bf16")
MANY = 10**9


def read_settings(config: object, changes: Iterable[str] = ()) -> Settings:
    """Returns the settings of a TOML file or of a mapping of the same tables, changed by texts such as "training.steps=500".

    Raises InputError for wrong tables, keys and values, OSError where a file cannot be read.

    >>> found = read_settings({"data": {"name": "rings"}}, ["training.steps=500", "generator.width=32"])
    >>> found.training.steps, found.training.batch, found.generator
    (500, 256, Chosen(name='mlp', options_text='{"width": 32}'))
    """
    if isinstance(config, Settings):
        config = config.to_json()
    tables = _copied(config) if isinstance(config, Mapping) else _read_file(config)
    for change in changes:
        _change(tables, change)
    return settings_of(tables)


def settings_of(tables: Mapping[str, object]) -> Settings:
    """Returns the settings that a mapping of the six tables spells; what is missing has defaults, but for data.name."""
    for name in tables:
        if name not in TABLES:
            raise InputError(f"[{shown(name)[1:-1]}] is not a table of settings; the tables are {', '.join(TABLES)}.")
    found = {name: _table(name, tables.get(name, {})) for name in TABLES}
    networks = {name: Options(name, found[name]) for name in ("generator", "discriminator")}
    features = networks["discriminator"].take("features", None)
    return Settings(
        data=_chosen("data", found["data"], "name", None),
        generator=_chosen("generator", found["generator"], "network", "mlp", "latent"),
        latent=networks["generator"].integer("latent", 16, 1, MANY),
        discriminator=_chosen("discriminator", found["discriminator"], "network", "mlp", "features"),
        features=None if features is None else networks["discriminator"].integer("features", 8, 1, MANY),
        objective=_chosen("objective", found["objective"], "name", "mmd-rbf"),
        training=_training(Options("training", found["training"])),
        measure=_measure(Options("measure", found["measure"])),
    )


def _table(name: str, content: object) -> dict[str, object]:
    if not isinstance(content, Mapping):
        raise InputError(f"{name} = {shown(content)} must be a table; type [{name}] on a line of its own.")
    return {str(key).replace("_", "-"): _plain(value, f"{name}.{key}") for key, value in content.items()}


def _plain(value: object, name: str) -> object:
    """Returns the value as JSON can hold it; raises InputError for dates and the like."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, name) for item in value]
    if isinstance(value, Fraction | Kernel | os.PathLike):
        return os.fspath(value) if isinstance(value, os.PathLike) else str(value)
    if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    raise InputError(f"{name} = {shown(value)} is neither a text, a finite number, true or false, a list, nor a table.")


def _chosen(owner: str, given: dict[str, object], key: str, default: str | None, *own: str) -> Chosen:
    name = given.get(key, default)
    if not isinstance(name, str):
        got = "is missing" if name is None else f"= {shown(name)} is not a text"
        raise InputError(f'{owner}: {key} {got}; type {key} = "..." under [{owner}].')
    further = {other: value for other, value in given.items() if other not in (key, *own)}
    return Chosen(name, json.dumps(further, sort_keys=True))


def _training(options: Options) -> Training:
    found = Training(
        steps=options.integer("steps", 2000, 1, MANY),
        batch=options.integer("batch", 256, 1, MANY),
        discriminator_steps=options.integer("discriminator-steps", 1, 0, 1000),
        generator_optimizer=_optimizer(options, "generator-optimizer"),
        discriminator_optimizer=_optimizer(options, "discriminator-optimizer"),
        ema=_share(options, "ema", 0),
        precision=options.word("precision", "float32", PRECISIONS),
        compile=options.switch("compile", False),
        gradient_clip=float(options.number("gradient-clip", 0)),
        collapse=_share(options, "collapse", "1/100"),
        stop_on_collapse=options.switch("stop-on-collapse", False),
    )
    options.finish()
    return found


def _optimizer(options: Options, key: str) -> Optimizer:
    """Returns the optimizer that a table, or its name alone, says: ``generator-optimizer = "adam"``."""
    content = options.take(key, "adam")
    inner = Options(
        f"{options.owner}.{key}", _table(f"{options.owner}.{key}", {"name": content} if isinstance(content, str) else content)
    )
    name = inner.word("name", "adam", OPTIMIZERS)
    rate = float(inner.number("rate", "1/100" if name == "sgd" else "1/5000"))
    numbers: dict[str, object] = {"weight-decay": float(inner.number("weight-decay", "1/100" if name == "adamw" else 0))}
    if name in ("adam", "adamw"):
        numbers["betas"] = _betas(inner)
    else:
        numbers["momentum"] = _share(inner, "momentum", 0)
    if name == "rmsprop":
        numbers["smoothing"] = _share(inner, "smoothing", "99/100")
    inner.finish()
    return Optimizer(name, rate, json.dumps(numbers, sort_keys=True))


def _betas(options: Options) -> list[float]:
    both = options.take("betas", [0.5, 0.9])
    if not isinstance(both, list) or len(both) != 2:
        raise InputError(f"{options.says('betas')} = {shown(both)} must be two numbers, such as [0.5, 0.9].")
    return [_share(Options(options.owner, {"betas": value}), "betas", 0) for value in both]


def _share(options: Options, name: str, default: object) -> float:
    """Returns a number in [0, 1)."""
    value = options.number(name, default)
    if value >= 1:
        raise InputError(f"{options.says(name)} = {shown(value)} is out of range; type a number from 0 to below 1.")
    return float(value)


def _measure(options: Options) -> Measure:
    found = Measure(
        every=options.integer("every", 0, 0, MANY),
        log_every=options.integer("log-every", 10, 1, MANY),
        samples=options.integer("samples", 2000, 4, 10**6),
        features=_text(options, "features"),
        sheets_every=options.integer("sheets-every", 0, 0, MANY),
        probe=options.switch("probe", False),
        probe_every=options.integer("probe-every", 100, 1, MANY),
        tensorboard=options.switch("tensorboard", False),
        checkpoint_seconds=float(options.number("checkpoint-seconds", 60)),
    )
    options.finish()
    return found


def _text(options: Options, name: str) -> str | None:
    value = options.take(name, None)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{options.says(name)} = {shown(value)} is not a text; put it in quotes.")
    return value


def _read_file(path: object) -> dict[str, object]:
    name = os.fspath(path)  # type: ignore[call-overload]
    try:
        return tomllib.loads(Path(name).read_text(encoding="utf-8-sig"))  # some editors write a mark first
    except UnicodeDecodeError:
        raise InputError(f"{shown(name)} is not a text in UTF-8; write the settings as TOML.") from None
    except tomllib.TOMLDecodeError as problem:
        raise InputError(f"{shown(name)} is not TOML: {problem}.") from None
    except RecursionError:
        raise InputError(f"{shown(name)} is nested too deeply for settings.") from None


def _copied(tables: Mapping[str, object]) -> dict[str, object]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in tables.items()}


def _change(tables: dict[str, object], change: str) -> None:
    """Sets one key: ``training.steps=500``, ``training.generator-optimizer.rate=1e-4``; text needs no quotes."""
    path, equals, text = change.partition("=")
    *parents, key = [part.strip() for part in path.split(".")]
    if not equals or not parents or not all([*parents, key]):
        raise InputError(f"--set {shown(change)} must be TABLE.KEY=VALUE, such as training.steps=500.")
    place: dict[str, object] = tables
    for parent in parents:
        inner = place.setdefault(parent, {})
        if isinstance(inner, str):  # the short form: an optimizer's name alone
            inner = place[parent] = {"name": inner}
        if not isinstance(inner, dict):
            raise InputError(f"--set {shown(change)}: {parent} is a value, not a table.")
        place = inner
    place[key] = _typed(text.strip())


def _typed(text: str) -> object:
    """Returns what TOML reads, or the text itself: ``500``, ``true``, ``[0.5, 0.9]``, ``rbf(1)``."""
    try:
        found = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return found["value"] if set(found) == {"value"} else text
