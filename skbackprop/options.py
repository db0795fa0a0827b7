"""Option objects: small frozen records that carry an option's own hyperparameters.

An estimator takes an option as a string or, to set its hyperparameters, as an object. `resolve`
turns either into the object that the maths uses.
"""

from collections.abc import Mapping
from dataclasses import field, fields, replace
from typing import Any, Self, TypeVar

import numpy as np


def number(default: float, interval: str, flat: bool = False) -> Any:
    """A real field within `interval`, such as "[0, 1)".

    `flat` marks a field that is also a parameter of the estimator, under the same name: its value
    is taken from there when the option is given as a string.
    """
    metadata = {"interval": interval, "integer": False, "flat": flat}
    return field(default=default, metadata=metadata)


def integer(default: int, interval: str, flat: bool = False) -> Any:
    """An integer field within `interval`; `flat` as in `number`."""
    return field(default=default, metadata={"interval": interval, "integer": True, "flat": flat})


def switch(default: bool, flat: bool = False) -> Any:
    """A boolean field; `flat` as in `number`."""
    return field(default=default, metadata={"flat": flat})


class Option:
    """Base class of all options, with the parameter methods that scikit-learn's `clone` calls.

    Subclasses are frozen dataclasses. Only `set_params` changes them; training never calls it.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the hyperparameters by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    def set_params(self, **params: Any) -> Self:
        """Set hyperparameters by name.

        Raises
        ------
        ValueError
            If a name isn't one of this option's hyperparameters; nothing is set then.
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
    """The option that a string names, or a copy of the object given.

    For a string, flat fields are taken from `flat`. NumPy scalars in the fields become Python
    numbers, since they would promote float32 arrays to float64.
    """
    if isinstance(option, str):
        cls = registry[option]
        names = [f.name for f in fields(cls) if f.metadata.get("flat")]  # type: ignore[arg-type]
        option = cls(**{name: flat[name] for name in names})
    scalars = {k: v.item() for k, v in option.get_params().items() if isinstance(v, np.generic)}
    return replace(option, **scalars)
