"""Checks of what a user gives: sizes, rates, weights, first values.

Every error names the parameter or the array, what came and what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from math import inf
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array


def check_sizes(sizes: Any) -> tuple[int, ...]:
    """`hidden_layer_sizes` as a tuple of positive integers."""
    check_ordered(sizes, "hidden_layer_sizes")
    sizes = list(sizes) if np.iterable(sizes) else [sizes]
    if any(not isinstance(n, Integral) or isinstance(n, bool) for n in sizes):
        raise ValueError(f"hidden_layer_sizes must be integers > 0, got {sizes}.")
    if any(n <= 0 for n in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return tuple(int(n) for n in sizes)


def check_ordered(values: Any, name: str) -> None:
    """Raise for a dict or a set, whose values have no order that the layers could go by."""
    if isinstance(values, Mapping | Set):
        raise ValueError(
            f"{name} must be a number or a list with one for each hidden layer, got {values!r}."
        )


def check_dropout(dropout: Any, input_dropout: float, hidden: tuple[int, ...]) -> tuple[float, ...]:
    """Rates of the input and of each hidden layer, or () where all of them are 0."""
    check_ordered(dropout, "dropout")
    rates = list(dropout) if np.iterable(dropout) else [dropout] * len(hidden)
    if len(rates) != len(hidden):
        raise ValueError(
            f"dropout must be one rate for all hidden layers or a list with one for each of the"
            f" {len(hidden)}, got {len(rates)}: {dropout!r}."
        )
    if not all(isinstance(rate, Real) and 0.0 <= float(rate) < 1.0 for rate in rates):
        raise ValueError(f"dropout must be in the range [0, 1), got {dropout!r}.")
    rates = [float(rate) for rate in (input_dropout, *rates)]
    return tuple(rates) if any(rates) else ()


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
