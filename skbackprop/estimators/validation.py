"""Validation samples: those that a user gives, and those that `early_stopping` sets aside."""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.estimators.checks import check_rows, check_sample_weight, check_total, warn
from skbackprop.estimators.parameters import Parameters
from skbackprop.estimators.samples import Dataset, Encoding, FitArguments, check_X_y

#: Row numbers of the samples to train on and of those to validate with.
Parts = tuple[np.ndarray, np.ndarray]


def check_validation(
    estimator: Any, given: FitArguments, encoding: Encoding, dtype: np.dtype
) -> Dataset | None:
    """The validation samples of a call to `fit`, checked like the training samples."""
    if given.X_val is None and given.y_val is None:
        if given.sample_weight_val is not None:
            raise ValueError("sample_weight_val was given without X_val and y_val.")
        return None
    if given.X_val is None or given.y_val is None:
        missing = "y_val" if given.y_val is None else "X_val"
        raise ValueError(f"X_val and y_val belong together, but {missing} is missing.")
    try:
        X, y = check_X_y(estimator, given.X_val, given.y_val, dtype)
        y = encoding.targets.check(y)
        return encoding.dataset(X, y, check_sample_weight(given.sample_weight_val, X))
    except ValueError as error:
        raise ValueError(f"X_val, y_val and sample_weight_val: {error}") from error


@dataclass(frozen=True)
class Given:
    """X, y and groups as `fit` got them: a splitter may know columns that the engine doesn't."""

    X: Any
    y: Any
    groups: Any


def set_aside(
    params: Parameters,
    given: Given,
    dataset: Dataset,
    stratify: np.ndarray | None,
    rng: np.random.RandomState,
) -> Parts:
    """Choose the validation samples of `early_stopping`.

    Raises
    ------
    ValueError
        If either part has too few samples, or none with a weight.
    """
    if params.validation_split is None:
        if given.groups is not None:
            warn(
                "groups is ignored by early_stopping: it draws the validation samples from all"
                " groups. Set validation_split=GroupShuffleSplit(n_splits=1), or give X_val."
            )
        train, val = _at_random(params.validation_fraction, len(dataset.samples), stratify, rng)
    else:
        train, val = _by_splitter(params.validation_split, given, len(dataset.samples), rng)
    weight = dataset.samples.sample_weight
    if weight is not None:
        for part, rows in ("training", train), ("validation", val):
            check_total(weight[rows], f"sample_weight of the {part} part (early_stopping=True)")
    return train, val


def _at_random(
    fraction: float, n: int, stratify: np.ndarray | None, rng: np.random.RandomState
) -> Parts:
    """A share of the samples, as MLPClassifier draws them."""
    from sklearn.model_selection import train_test_split  # slow to import, seldom needed

    too_small = (
        "The validation set is too small. Increase 'validation_fraction' or the size of your"
        f" dataset. Got validation_fraction={fraction} of {n} samples; two or more are needed."
    )
    if fraction == 0:
        raise ValueError(too_small)
    try:
        # indices instead of X: the same split, and no copy of the data
        train, val = train_test_split(
            np.arange(n), random_state=rng, test_size=fraction, stratify=stratify
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping=True can't split y with validation_fraction={fraction}: {error}"
        ) from error
    if len(val) < 2:
        raise ValueError(too_small)
    return train, val


def _by_splitter(splitter: Any, given: Given, n: int, rng: np.random.RandomState) -> Parts:
    """The last of a splitter's splits; of TimeSeriesSplit's it has the latest samples."""
    name = f"validation_split={splitter!r}"
    if hasattr(splitter, "split"):
        if getattr(splitter, "random_state", 0) is None:
            splitter = copy.copy(splitter)
            splitter.random_state = rng.randint(2**31 - 1)
        try:
            splits = deque(splitter.split(given.X, given.y, given.groups), maxlen=1)
        except (TypeError, ValueError) as error:
            hint = (
                " Pass groups to fit; in a Pipeline or a search that takes metadata routing."
                if given.groups is None and "groups" in str(error)
                else ""
            )
            raise ValueError(f"{name} can't split X and y: {error}{hint}") from error
    else:
        splits = deque(splitter, maxlen=1)
    if not splits:
        raise ValueError(f"{name} has no splits.")
    try:
        train, val = splits[0]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must give pairs of row numbers, got {splits[0]!r}.") from error
    train, val = check_rows(train, n, name), check_rows(val, n, name)
    if len(val) < 2:
        raise ValueError(f"{name} must set aside two samples or more, got {len(val)} of {n}.")
    both = np.intersect1d(train, val)
    if len(both):
        raise ValueError(
            f"{name} must give parts that have no row in common, got {len(both)} of {n} rows in"
            " both: early stopping would be judged by what was trained on."
        )
    return train, val
