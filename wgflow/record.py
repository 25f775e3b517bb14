"""Frozen records: what `@dataclass(frozen=True)` gives, without compiling six functions for every class at start-up.

A command starts in a few hundredths of a second; with some thirty records the standard decorator would take a fifth of
it. Type checkers see the standard one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import replace
    from typing import dataclass_transform

    @dataclass_transform(frozen_default=True)
    def record(cls: type) -> type: ...

else:

    def record(cls):
        """Makes a class with annotated fields a frozen record: constructor, equality, hash, repr, pattern matching.

        >>> @record
        ... class Point:
        ...     x: int
        ...     y: int = 0
        >>> Point(1) == Point(1, 0), Point(2, y=3), hash(Point(1)) == hash(Point(1, 0)), replace(Point(2), y=5)
        (True, Point(x=2, y=3), True, Point(x=2, y=5))
        """
        fields = tuple(cls.__annotations__)  # of this class alone (Python >= 3.10)
        defaults = {name: cls.__dict__[name] for name in fields if name in cls.__dict__}

        def __init__(self, *args, **given):
            if len(args) > len(fields):
                raise TypeError(f"{cls.__name__} takes {len(fields)} fields, got {len(args)}")
            values = dict(defaults)
            values.update(zip(fields, args, strict=False))
            values.update(given)
            if len(values) != len(fields) or (given and not given.keys() <= set(fields[len(args) :])):
                raise TypeError(f"{cls.__name__} takes the fields {', '.join(fields)}")
            self.__dict__.update(values)

        def __eq__(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            mine, theirs = self.__dict__, other.__dict__
            return all(mine[name] == theirs[name] for name in fields)

        def __hash__(self):
            values = self.__dict__
            return hash((cls, *(values[name] for name in fields)))

        def __repr__(self):
            return f"{cls.__name__}({', '.join(f'{name}={self.__dict__[name]!r}' for name in fields)})"

        def __setattr__(self, name, value):
            raise AttributeError(f"{cls.__name__} is frozen: {name} cannot be set; use replace()")

        def __delattr__(self, name):
            raise AttributeError(f"{cls.__name__} is frozen: {name} cannot be deleted")

        for function in (__init__, __eq__, __hash__, __repr__, __setattr__, __delattr__):
            if function.__name__ not in cls.__dict__ or function.__name__ in ("__setattr__", "__delattr__"):
                setattr(cls, function.__name__, function)
        cls.__match_args__ = fields
        cls.__record_fields__ = fields
        return cls

    def replace(item, **changes):
        """Returns a copy of a record with some fields changed."""
        values = {name: item.__dict__[name] for name in item.__record_fields__}
        return type(item)(**{**values, **changes})


__all__ = ["record", "replace"]
