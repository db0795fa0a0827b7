"""The columns of a table, whatever holds it: an array, or a frame of pandas, polars or pyarrow."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

#: How pandas, polars and pyarrow call types whose values are categories, even if they are numbers.
CATEGORICAL = ("category", "categorical", "enum", "dictionary")
#: What to do if a column should hold something else than it does.
ADVICE = {
    "numbers": "Declare it in categorical_features if its values are categories.",
    "dates": "Convert it as for `fit`.",
}
#: Types of polars that NumPy doesn't have: it would make several columns of them, or fail.
NOT_IN_NUMPY = ("struct", "array", "int128", "uint128")
#: Whole numbers up to here are floats.
EXACT = 2**53
#: Names of the types of missing values other than None and NaN; comparing them isn't allowed.
MISSING = ("NAType", "NaTType")


class Column:
    """The values of one column, and what it is called in messages.

    `values` is an array of numbers, with NaN for missing ones, or of objects. `missing` tells which
    are missing. `kind` is "number", "date", "text", "flag" or "other", and `declared` True if the
    table says that the column holds categories.
    """

    def __init__(self, given: Any, title: str) -> None:
        self.title = title
        name = str(getattr(given, "dtype", getattr(given, "type", ""))).lower()
        self.declared = name.startswith(CATEGORICAL)
        if name.startswith("dictionary") and hasattr(given, "to_pylist"):
            # pyarrow's __array__ takes a missing value for the last category
            given = np.array(given.to_pylist(), dtype=object)
        elif name.startswith(NOT_IN_NUMPY) and hasattr(given, "to_list"):
            given = np.fromiter(given.to_list(), dtype=object, count=len(given))
        values = np.asarray(given)
        self.kind, self.values, self.missing = "number", values, np.zeros(len(values), bool)
        self.exact: np.ndarray | None = None  # large integers are no floats
        if values.dtype.kind in "mM":
            self._take_dates(values)
        elif values.dtype.kind == "b":
            self.kind, self.values = "flag", values.astype(np.float64)
        elif values.dtype.kind in "iuf":
            self.exact, self.values = values, values.astype(np.float64)
            self.missing = np.isnan(self.values)
        elif values.dtype.kind == "c":
            raise ValueError(f"Complex data not supported: {title} holds complex numbers.")
        else:
            self._take_objects(values.astype(object))

    def _take_dates(self, values: np.ndarray) -> None:
        """Dates become days since 1970, durations days."""
        self.kind = "date"
        self.missing = np.isnat(values)
        unit = "timedelta64[us]" if values.dtype.kind == "m" else "datetime64[us]"
        self.values = values.astype(unit).astype(np.float64) / 86_400e6
        self.values[self.missing] = np.nan

    def _take_objects(self, values: np.ndarray) -> None:
        """Sort out what the objects are."""
        self.missing = np.array([is_missing(v) for v in values], bool)
        there = values[~self.missing]
        self.values = values
        if all(isinstance(v, bool | np.bool_) for v in there) and len(there):
            self.kind, self.values = "flag", self._floats(there)
        elif all(isinstance(v, Real | Decimal) for v in there):
            self.values = self._floats(there)
            if all(isinstance(v, Integral) for v in there):
                self.exact = values
        elif all(isinstance(v, timedelta | np.timedelta64) for v in there):
            durations = np.full(len(values), np.timedelta64("NaT", "us"))
            durations[~self.missing] = [np.timedelta64(v, "us") for v in there]
            self._take_dates(durations)
        elif all(isinstance(v, date | np.datetime64) for v in there):
            dates = np.full(len(values), np.datetime64("NaT", "us"))
            dates[~self.missing] = [_without_zone(v) for v in there]
            self._take_dates(dates)
        elif all(isinstance(v, str | bytes | Real | Decimal) for v in there):
            self.kind = "text"
        else:
            self.kind = "other"

    def _floats(self, there: np.ndarray) -> np.ndarray:
        """The values that are there as floats, NaN elsewhere."""
        floats = np.full(len(self.missing), np.nan)
        try:
            floats[~self.missing] = there.astype(np.float64)
        except OverflowError as error:
            raise ValueError(f"{self.title} holds a number that no float can hold.") from error
        return floats

    def numbers(self, held: str = "numbers") -> np.ndarray:
        """The values as floats, NaN where missing. `held` is what the column held in `fit`.

        Raises
        ------
        ValueError
            If there are other values; the message names the column and the first of them.
        """
        if self.kind in ("number", "date", "flag"):
            return self.values
        floats = np.full(len(self.values), np.nan)
        for i in np.flatnonzero(~self.missing):
            try:
                floats[i] = float(self.values[i])
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(
                    f"{self.title} must hold {held}, got {self.values[i]!r}. {ADVICE[held]}"
                ) from error
        return floats

    def categories(self) -> list[str | None]:
        """The values as strings that can be compared, None where missing.

        A value has the same string whatever else is in the column: 3, 3.0 and "3" are one category.

        Raises
        ------
        ValueError
            If there are values that are none.
        """
        if self.kind == "other" and not self.declared:
            first = self.values[~self.missing][0]
            raise ValueError(
                f"{self.title} must hold numbers, strings, booleans or dates, got {first!r} of type"
                f" {type(first).__name__}. Declare it in categorical_features if its values are"
                " categories."
            )
        values = (self.values if self.exact is None else self.exact).tolist()
        if self.kind == "flag":
            values = [value == 1 for value in values]
        return [
            None if is_gap else _category(value)
            for value, is_gap in zip(values, self.missing.tolist(), strict=True)
        ]

    def tensor(self, is_categorical: bool) -> str:
        """What a tensor of ONNX has to hold: "number", "flag", "text", "integer" or what it can't.

        Categories are "integer" if they are too large for a float to tell them apart.
        """
        if self.kind in ("date", "other"):
            return self.kind
        if not is_categorical:
            return "number"
        if self.exact is not None and self.exact.dtype.kind in "iuO" and not self.missing.all():
            there = self.exact[~self.missing]
            low, high = int(there.min()), int(there.max())
            if low <= -EXACT or high >= EXACT:
                return "integer" if low > -(2**63) and high < 2**63 else "huge"
        return self.kind


def _category(value: Any) -> str:
    """The name of a category."""
    if isinstance(value, Integral) and not isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return str(value)


def is_missing(value: Any) -> bool:
    """True for None, NaN, NaT and NA."""
    if value is None or type(value).__name__ in MISSING:
        return True
    return isinstance(value, Real | Decimal | np.datetime64 | np.timedelta64) and bool(
        value != value
    )


def _without_zone(value: Any) -> Any:
    """A date in universal time, as NumPy has no time zones."""
    if getattr(value, "tzinfo", None) is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(value, "us")


def is_frame(X: Any) -> bool:
    """True for a data frame or a table with named columns."""
    return hasattr(X, "columns") or hasattr(X, "column_names")


def names_of(X: Any) -> list[Any] | None:
    """The names of a frame's columns; None for an array."""
    if not is_frame(X):
        return None
    return list(X.column_names if hasattr(X, "column_names") else X.columns)


def read(X: Any, estimator: str) -> list[Column]:
    """The columns of a table.

    Raises
    ------
    TypeError
        If X is sparse, or not in memory.
    ValueError
        If X isn't two-dimensional, or has no rows or columns.
    """
    if issparse(X):
        raise TypeError(
            f"{estimator} takes tables as dense arrays or data frames, got sparse data."
        )
    if hasattr(X, "collect") and not hasattr(X, "__len__"):  # a LazyFrame
        raise TypeError(
            f"{estimator} takes tables that are in memory, got a {type(X).__name__}. Give it what"
            " its method collect() returns."
        )
    names = names_of(X)
    if names is None:
        if not hasattr(X, "dtype"):  # lists of mixed types must not become strings
            X = _as_array(X)
        X = check_array(
            X,
            dtype=None,
            ensure_all_finite=False,
            ensure_min_features=1,
            estimator=estimator,
            input_name="X",
        )
        return [Column(X[:, j], f"column {j} of X") for j in range(X.shape[1])]
    if not names or not len(X):
        raise ValueError(
            f"Found array with {len(X)} sample(s) and {len(names)} feature(s) (shape="
            f"({len(X)}, {len(names)})) while a minimum of 1 is required by {estimator}."
        )
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"X has several columns of the name {name!r}. Rename them.")
    columns = (X.iloc[:, j] if hasattr(X, "iloc") else X[name] for j, name in enumerate(names))
    return [
        Column(column, f"column {name!r} of X") for column, name in zip(columns, names, strict=True)
    ]


def _as_array(X: Any) -> Any:
    """Nested lists as an array of numbers or, where strings are among them, of objects."""
    try:
        array = np.asarray(X)
    except ValueError:
        return X  # rows of different lengths: scikit-learn's check says so
    return np.asarray(X, dtype=object) if array.dtype.kind in "USO" else array


def in_order(keys: list[str | None]) -> np.ndarray:
    """Distinct categories, sorted; numbers by their size."""
    distinct = sorted({key for key in keys if key is not None})  # a set's own order is random
    try:
        size = np.array([float(key) for key in distinct])
    except ValueError:
        return np.array(distinct, dtype=object)
    return np.array(distinct, dtype=object)[np.argsort(size, kind="stable")]


def unique_names(names: list[str]) -> np.ndarray:
    """The names, with a number after those that have been used before."""
    used: set[str] = set()
    for i, name in enumerate(names):
        k = 1
        while names[i] in used:
            k += 1
            names[i] = f"{name}_{k}"
        used.add(names[i])
    return np.array(names, dtype=object)
