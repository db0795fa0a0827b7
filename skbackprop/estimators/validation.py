"""Validation samples: those that a user gives, and those that `early_stopping` sets aside."""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from skbackprop.estimators.checks import (
    check_groups,
    check_rows,
    check_sample_weight,
    check_total,
    warn,
)
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
class RawInput:
    """What `fit` was given, before any check: a splitter may read columns that the engine doesn't.

    `random_state` is the state of a user's RandomState, None for other seeds.
    """

    X: Any
    y: Any
    groups: Any
    coefs_init: Any
    intercepts_init: Any
    random_state: Any

    @classmethod
    def of(cls, X: Any, y: Any, given: FitArguments, random_state: Any) -> Self:
        """The arguments of a call, and a user's random state as it is now."""
        state = None
        if isinstance(random_state, np.random.RandomState):
            state = random_state.get_state(legacy=False)
        return cls(X, y, given.groups, given.coefs_init, given.intercepts_init, state)


def set_aside(
    params: Parameters,
    raw: RawInput,
    dataset: Dataset,
    stratify: np.ndarray | None,
    rng: np.random.RandomState,
) -> Parts:
    """Choose the validation samples of `early_stopping`.

    Raises
    ------
    ValueError
        If either part has too few samples, or none with a weight; or if there isn't one group for
        each sample.
    """
    n = len(dataset)
    raw = replace(raw, groups=check_groups(raw.groups, n))
    if params.validation_split is None:
        train, val = _at_random(params.validation_fraction, n, stratify, rng)
    else:
        train, val = _by_splitter(params.validation_split, raw, n, rng)
    weight = dataset.samples.sample_weight
    if weight is not None:
        for part, rows in ("training", train), ("validation", val):
            check_total(weight[rows], f"sample_weight of the {part} part (early_stopping=True)")
    if raw.groups is not None:
        _warn_of_groups_in_both(raw.groups[train], raw.groups[val])
    return train, val


def _warn_of_groups_in_both(train: np.ndarray, val: np.ndarray) -> None:
    """Warn of groups in both parts."""
    try:
        both = len(np.intersect1d(train, val))
    except TypeError:  # names that can't be sorted
        both = len(set(train.tolist()) & set(val.tolist()))
    if both:
        warn(
            f"{both} of the groups {'is' if both == 1 else 'are'} among the training and the"
            " validation samples of early_stopping. Set"
            " validation_split=GroupShuffleSplit(n_splits=1), or give X_val."
        )


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


def _by_splitter(splitter: Any, raw: RawInput, n: int, rng: np.random.RandomState) -> Parts:
    """The last of a splitter's splits; of TimeSeriesSplit's it has the latest samples."""
    name = "validation_split"
    if isinstance(splitter, type):
        given = splitter.__name__
        raise ValueError(f"{name} must be an object, such as {given}(), got the class {given}.")
    if hasattr(splitter, "split"):
        name = f"validation_split={splitter!r}"
        splitter = copy.deepcopy(splitter)  # `split` may draw from a random state of its own
        if getattr(splitter, "random_state", 0) is None:
            splitter.random_state = rng.randint(2**31 - 1)
        try:
            splits = deque(splitter.split(raw.X, raw.y, raw.groups), maxlen=1)
        except (TypeError, ValueError) as error:
            hint = (
                " Pass groups to fit; in a Pipeline or a search that takes metadata routing."
                if raw.groups is None and "groups" in str(error)
                else ""
            )
            raise ValueError(f"{name} can't split X and y: {error}{hint}") from error
    else:
        splits = deque(splitter, maxlen=1)
    if not splits:
        raise ValueError(f"{name} has no splits.")
    pair = splits[0]
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ValueError(
            f"{name} must give pairs (train, validation) of row numbers, got an object of type"
            f" {type(pair).__name__} in place of the last one. A single pair needs a list around"
            " it: validation_split=[(train, validation)]."
        )
    train, val = pair
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
