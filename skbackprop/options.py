"""Option objects: small frozen records that carry an option's own hyperparameters.

A string in the constructor is the default form of an option and an object is the full one.
`resolve` turns either into the object that the maths uses.
"""

from collections.abc import Mapping
from dataclasses import field, fields, replace
from typing import Any, Self, TypeVar

import numpy as np


def number(default: float, interval: str, flat: bool = False) -> Any:
    """A real field within `interval`, such as "[0, 1)".

    `flat` marks a field that the estimator's constructor has too, under the same name: it is
    filled from there when the option is given as a string.
    """
    metadata = {"interval": interval, "integer": False, "flat": flat}
    return field(default=default, metadata=metadata)


def integer(default: int, interval: str, flat: bool = False) -> Any:
    """An integer field within `interval`; `flat` as in `number`."""
    return field(default=default, metadata={"interval": interval, "integer": True, "flat": flat})


def switch(default: bool, flat: bool = False) -> Any:
    """A field that is true or false; `flat` as in `number`."""
    return field(default=default, metadata={"flat": flat})


class Option:
    """Parameters by name, as scikit-learn's `clone` and `GridSearchCV` ask for them.

    Subclasses are frozen dataclasses. `set_params` is the one door for a change; a run never
    uses it.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the hyperparameters by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    def set_params(self, **params: Any) -> Self:
        """Set hyperparameters by name.

        Raises
        ------
        ValueError
            If a name isn't one of this option's; nothing is set then.
        """
        known = self.get_params()
        for name in params:
            if name not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for {type(self).__name__}. "
                    f"Valid parameters are: {sorted(known)}."
                )
        for name, value in params.items():
            object.__setattr__(self, name, value)
        return self


AnyOption = TypeVar("AnyOption", bound=Option)


def resolve(
    option: Any, registry: Mapping[str, type[AnyOption]], flat: Mapping[str, Any]
) -> AnyOption:
    """The object behind a string, or a copy of the object given, with Python numbers in its fields.

    A string's object takes its flat fields from `flat`. NumPy's scalars become Python numbers,
    since they would widen float32 arrays.
    """
    if isinstance(option, str):
        cls = registry[option]
        names = [f.name for f in fields(cls) if f.metadata.get("flat")]  # type: ignore[arg-type]
        option = cls(**{name: flat[name] for name in names})
    scalars = {k: v.item() for k, v in option.get_params().items() if isinstance(v, np.generic)}
    return replace(option, **scalars)
