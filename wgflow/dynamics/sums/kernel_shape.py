"""What a kernel's compiled instructions depend on, as a value whose Numba type carries it."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from numba.core import types
from numba.extending import NativeValue, models, register_model, unbox

import wgflow
from wgflow.kernels.catalogue import spell_family
from wgflow.kernels.family import Family
from wgflow.kernels.text import parse
from wgflow.record import record

FORMULAS = ("kernel_shape", "kernel_code", "compact_slope", "tabulated", "precise", "slope")
ONE = Fraction(1)


@lru_cache
def _formulas() -> str:
    """Returns a digest of the sources that the instructions depend on: code that Numba cached from older ones is not reused."""
    root = Path(wgflow.__file__).parent
    sources = [path for folder in ("kernels", "arithmetic") for path in sorted((root / folder).glob("*.py"))]
    sources += [Path(__file__).with_name(f"{name}.py") for name in FORMULAS]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


class ShapeType(types.Type):
    """The Numba type of a shape; its name carries everything that the instructions depend on."""

    def __init__(self, text: str, formulas: str) -> None:
        self.text = text
        super().__init__(name=f"Shape({text!r}, {formulas})")


register_model(ShapeType)(models.OpaqueModel)


@unbox(ShapeType)
def _unbox(typ: ShapeType, obj: Any, c: Any) -> NativeValue:
    return NativeValue(c.context.get_dummy_value())


@record
class Shape:
    """What a kernel's instructions depend on, as canonical text: dimension, flags, families at unit scale."""

    text: str

    @cached_property
    def _numba_type_(self) -> ShapeType:
        return ShapeType(self.text, _formulas())


@record
class Layout:
    """A shape read back: flags (softened, unbounded-slope, unbounded-value) and the families of the terms."""

    dim: int
    flags: tuple[str, ...]
    families: tuple[Family, ...]

    @property
    def text(self) -> str:
        return "; ".join([" ".join([f"dim={self.dim}", *self.flags]), *(spell_family(x, ONE)[1] for x in self.families)])


@lru_cache
def layout_of(text: str) -> Layout:
    flags, *names = text.split("; ")
    dim, *rest = flags.split(" ")
    return Layout(int(dim.removeprefix("dim=")), tuple(rest), tuple(parse(name).terms[0].family for name in names))
