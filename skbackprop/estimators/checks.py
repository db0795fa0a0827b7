"""Checks of user input: sizes, rates, weights. Warnings that point at the user's line.

Every error names the parameter or the array, what was given and what is allowed.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import currentframe
from math import inf, isinf
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import check_array, column_or_1d


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
    """Raise for a dict or a set: their values can't be matched to the layers."""
    if isinstance(values, Mapping | Set):
        raise ValueError(
            f"{name} must be a number or a list with one for each hidden layer, got {values!r}."
        )


def check_floats(params: Mapping[str, Any], of: str = "") -> None:
    """Raise for a number that no float can hold, such as 10**400, in a list or a dict as well."""
    for name, value in params.items():
        if isinstance(value, dict | list | tuple):
            inside = list(value.values()) if isinstance(value, dict) else value
            for one in inside:
                check_floats({name: one}, of)
        elif is_beyond_float(value):
            raise ValueError(
                f"{name}{of} must be below {sys.float_info.max:.3g}, the largest float; got a"
                f" larger one of type {type(value).__name__}."
            )


def is_beyond_float(value: Any) -> bool:
    """True for a finite number that no float can hold."""
    if isinstance(value, float) or not isinstance(value, Real):
        return False
    try:
        return isinf(float(value)) and value not in (inf, -inf)
    except OverflowError:
        return True


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


def check_sample_weight(sample_weight: Any, X: Any) -> np.ndarray | None:
    """One finite weight per row of X, in its dtype, with a positive sum."""
    if sample_weight is None:
        return None
    n = X.shape[0]
    try:
        if isinstance(sample_weight, Real) or getattr(sample_weight, "shape", None) == ():
            sample_weight = np.full(n, sample_weight, X.dtype)
        weight = check_array(
            sample_weight,
            ensure_2d=False,
            ensure_min_samples=0,
            dtype=X.dtype,
            order="C",
            input_name="sample_weight",
        )
    except (ValueError, TypeError, OverflowError) as error:
        if "sample_weight" in str(error):
            raise
        raise ValueError(f"sample_weight must hold {n} numbers: {error}") from error
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


#: From NumPy's and Python's messages about what is no number.
NO_NUMBER = (
    "could not convert",
    "Cannot cast",
    "could not be promoted",
    "array element",
    "float() argument",
)


@contextmanager
def naming_what_is_no_number(X: Any) -> Iterator[None]:
    """Name X, and its columns if they have names, where it can't be converted to numbers."""
    try:
        yield
    except (TypeError, ValueError) as error:
        is_ragged = "inhomogeneous" in str(error)  # NumPy says so of y, too
        if is_ragged or not any(words in str(error) for words in NO_NUMBER):
            raise
        columns = getattr(X, "column_names", getattr(X, "columns", ()))
        wrong = [repr(name) for name in columns if not _holds_numbers(X[name])]
        where = f" in column {', '.join(wrong)}" if wrong else ""
        raise type(error)(
            f"X must hold numbers{where}, but {str(error).rstrip('.')}. Encode categories, as"
            " OneHotEncoder does, and turn dates into numbers."
        ) from error


def _holds_numbers(column: Any) -> bool:
    """True if a column of a frame can be converted to floats; dates can, but not beside others."""
    try:
        values = np.asarray(column)
        values.astype(float)
    except (TypeError, ValueError):
        return False
    return values.dtype.kind not in "mM"


def column_as_1d(y: Any) -> Any:
    """Return a y of one column flat, with scikit-learn's warning."""
    if y.ndim != 2 or y.shape[1] != 1:
        return y
    warn(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y to"
        " (n_samples, ), for example using ravel().",
        DataConversionWarning,
    )
    return column_or_1d(y)


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Restore every attribute, and the user's RandomState, if the body fails.

    A shallow copy is enough: what attributes hold only changes in place once nothing can fail.
    """
    state, before = estimator.__dict__, estimator.__dict__.copy()
    rng: Any = getattr(estimator, "random_state", None)
    draws: Any = rng.get_state(legacy=False) if isinstance(rng, np.random.RandomState) else None
    try:
        yield
    except BaseException:
        state.clear()
        state.update(before)
        if draws is not None:
            rng.set_state(draws)
        raise


def check_integer(name: str, value: Any, least: int, or_none: bool = False) -> None:
    """Raise ValueError unless a parameter is an integer of at least so much."""
    if value is None and or_none:
        return
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        allowed = f"an integer >= {least}{' or None' if or_none else ''}"
        raise ValueError(f"{name} must be {allowed}, got {value!r}.")


def check_rows(part: Any, n: int, name: str) -> np.ndarray:
    """Row numbers from one part of a split, given as such or as a mask."""
    rows = np.asarray(part)
    if rows.dtype.kind == "b" and rows.shape == (n,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or not len(rows):
        raise ValueError(f"{name} made an empty part.")
    if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n:
        raise ValueError(f"{name} must give row numbers from 0 to {n - 1} or masks, got {rows!r}.")
    return rows


def check_groups(groups: Any, n: int) -> np.ndarray | None:
    """The group of each sample, or None."""
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape not in ((n,), (n, 1)):
        raise ValueError(
            f"groups must hold one group for each of the {n} samples, got an array of shape"
            f" {groups.shape}."
        )
    return groups.ravel()


#: Whether a member of an ensemble is being trained, of which all epochs are wanted. Then it is no
#: news that it took them. `warnings.catch_warnings` can't be used there: threads share its filters.
ALL_EPOCHS_WANTED: ContextVar[bool] = ContextVar("ALL_EPOCHS_WANTED", default=False)


#: Packages whose frames stand between the user's line and a warning.
BETWEEN = {"skbackprop", "sklearn", "joblib"}


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the user's line: the innermost frame outside the packages `BETWEEN`."""
    frame, level = currentframe(), 1
    while frame and str(frame.f_globals.get("__name__")).split(".")[0] in BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
