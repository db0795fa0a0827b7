"""Checks of what a user gives: parameters, option objects, weights, first values.

Every error names the parameter or the array, what came and what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from math import inf
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.utils import check_array

from skbackprop import _compat
from skbackprop.activations import ACTIVATIONS, Activation
from skbackprop.initializers import INITIALIZERS, Initializer
from skbackprop.losses import LOSSES, Loss
from skbackprop.optimizers import OPTIMIZERS, Solver
from skbackprop.options import Option, resolve
from skbackprop.schedules import SCHEDULES, Schedule

#: Every parameter that takes a string or an option object: its registry, and the objects' class.
OPTIONS: dict[str, tuple[dict[str, Any], type[Option]]] = {
    "activation": (ACTIVATIONS, Activation),
    "solver": (OPTIMIZERS, Solver),
    "learning_rate": (SCHEDULES, Schedule),
    "loss": (LOSSES, Loss),
    "weight_init": (INITIALIZERS, Initializer),
}


def field_constraints(option: type[Option] | Option) -> dict[str, list[Any]]:
    """The fields of an option in scikit-learn's vocabulary of constraints."""
    return {
        f.name: [_interval(f)] if "interval" in f.metadata else ["boolean"]
        for f in fields(option)  # type: ignore[arg-type]
        if f.metadata
    }


def _interval(f: Field[Any]) -> Any:
    """scikit-learn's constraint for a number's interval, written as in "[0, 1)"."""
    interval = f.metadata["interval"]
    kind, number = (Integral, int) if type(f.default) is int else (Real, float)
    left, right = (
        None if end.strip() in ("inf", "-inf") else number(end) for end in interval[1:-1].split(",")
    )
    closed = {"[]": "both", "[)": "left", "(]": "right", "()": "neither"}
    return _compat.Interval(kind, left, right, closed=closed[interval[0] + interval[-1]])


def option_constraints() -> dict[str, list[Any]]:
    """Constraints of the option parameters, and of the flat ones that fill their objects."""
    constraints: dict[str, list[Any]] = {}
    for name, (registry, base) in OPTIONS.items():
        constraints[name] = [_compat.StrOptions(set(registry)), base]
        for option in registry.values():
            flat = {f.name for f in fields(option) if f.metadata.get("flat")}
            constraints |= {k: c for k, c in field_constraints(option).items() if k in flat}
    return constraints


@dataclass(frozen=True)
class Options:
    """The option parameters as objects, for one run."""

    activation: Activation
    solver: Any
    learning_rate: Schedule
    loss: Loss
    weight_init: Initializer


def check_options(
    params: Mapping[str, Any], constraints: dict[str, list[Any]], caller: str
) -> Options:
    """Check an estimator's parameters and make its option objects.

    Raises
    ------
    ValueError
        In scikit-learn's words, if a parameter or a field of an option isn't allowed.
    """
    if not get_config()["skip_parameter_validation"]:
        _compat.validate_parameter_constraints(constraints, params, caller)
        for option in (params[name] for name in OPTIONS):
            if isinstance(option, Option):
                _compat.validate_parameter_constraints(
                    field_constraints(option), option.get_params(), type(option).__name__
                )
    return Options(**{p: resolve(params[p], OPTIONS[p][0], params) for p in OPTIONS})


def check_sizes(sizes: Any) -> tuple[int, ...]:
    """`hidden_layer_sizes` as a tuple of positive integers."""
    sizes = list(sizes) if np.iterable(sizes) else [sizes]
    if any(not isinstance(n, Integral) or isinstance(n, bool) for n in sizes):
        raise ValueError(f"hidden_layer_sizes must be integers > 0, got {sizes}.")
    if any(n <= 0 for n in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return tuple(int(n) for n in sizes)


def in_rows(X: Any) -> Any:
    """X as CSR, or dense in C or Fortran order: there rows are gathered without copying X."""
    if issparse(X):
        return X.tocsr()
    return X if X.flags.c_contiguous or X.flags.f_contiguous else np.ascontiguousarray(X)


def check_sample_weight(sample_weight: Any, X: Any) -> np.ndarray | None:
    """One finite weight per row of X, in its dtype, with a positive sum."""
    if sample_weight is None:
        return None
    n = X.shape[0]
    if isinstance(sample_weight, Real) or getattr(sample_weight, "shape", None) == ():
        sample_weight = np.full(n, sample_weight)
    weight = check_array(
        sample_weight, ensure_2d=False, dtype=X.dtype, order="C", input_name="sample_weight"
    )
    if weight.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array. Expected"
            f" either a scalar value or a 1D array of length {n}."
        )
    if weight.shape != (n,):
        raise ValueError(f"sample_weight.shape == {weight.shape}, expected {(n,)}!")
    if not np.any(weight):
        raise ValueError("Sample weights must contain at least one non-zero number.")
    check_total(weight, "sample_weight")
    return weight


def check_total(weight: np.ndarray, name: str) -> None:
    """Raise unless the weights have a positive, finite sum."""
    with np.errstate(over="ignore"):
        total = float(np.sum(weight))
    if not 0 < total < inf:
        raise ValueError(
            f"{name} must add up to more than zero and less than infinity, got {total:g}."
        )


class Views(list[np.ndarray]):
    """Views into a network's parameters. Assigning to one checks and copies.

    Parameters
    ----------
    arrays : list of ndarray
        The views.
    name : str
        What errors call them.
    """

    def __init__(self, arrays: list[np.ndarray], name: str) -> None:
        super().__init__(arrays)
        self.name = name

    def __setitem__(self, i: Any, array: Any) -> None:
        """Copy an array into the i-th view."""
        if isinstance(i, slice):
            Views(self[i], self.name).assign(array)
        else:
            np.copyto(self[i], _like(self[i], array, f"{self.name}[{i}]"))

    def assign(self, arrays: Any) -> None:
        """Copy arrays into all views, after each has been checked."""
        if isinstance(arrays, str) or not hasattr(arrays, "__len__") or len(arrays) != len(self):
            got = len(arrays) if hasattr(arrays, "__len__") else arrays
            raise ValueError(
                f"{self.name} must be a list of {len(self)} arrays, one per layer, got {got}."
            )
        checked = [
            _like(view, array, f"{self.name}[{i}]")
            for i, (array, view) in enumerate(zip(arrays, self, strict=True))
        ]
        for array, view in zip(checked, self, strict=True):
            np.copyto(view, array)


def _like(view: np.ndarray, array: Any, name: str) -> np.ndarray:
    """Return the array in the shape and dtype of the view, where it holds finite numbers."""
    try:
        array = np.asarray(array)
    except ValueError as error:
        raise ValueError(f"{name} must have shape {view.shape}, got {array!r}.") from error
    if array.shape != view.shape:
        raise ValueError(f"{name} must have shape {view.shape}, got {array.shape}.")
    real = array.dtype.kind in "biuf"
    with np.errstate(over="ignore"):
        converted = array.astype(view.dtype) if real else array
    if not real or not np.all(np.isfinite(converted)):
        raise ValueError(
            f"{name} must hold finite numbers of {view.dtype}, got NaN, inf or {array.dtype}."
        )
    return converted
