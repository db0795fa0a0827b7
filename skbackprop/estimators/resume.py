"""Exact resuming: what is kept of a run, and when the next one may go on from there."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from zlib import crc32

import joblib
import numpy as np
from scipy.sparse import issparse

from skbackprop.batches import reshuffle
from skbackprop.estimators.choices import Chosen
from skbackprop.estimators.parameters import Parameters
from skbackprop.estimators.samples import Dataset
from skbackprop.estimators.validation import RawInput
from skbackprop.network import Network
from skbackprop.training import Progress

#: Draws the rows to train on and those to validate with; None for all, and for none.
Split = Callable[[np.random.RandomState], tuple[np.ndarray | None, np.ndarray | None]]


class Draws:
    """The random numbers of a run, and the rows drawn with them.

    A pickle holds where they began and not the rows, eight bytes for each sample: `repeat` draws
    them again.

    Parameters
    ----------
    start : dict
        State of the RandomState before the rows were split.
    generator : Generator or None
        For dropout, if there is any.

    Attributes
    ----------
    rng : RandomState or None
        Shuffles the rows. None if they have to be drawn again.
    train : ndarray of shape (n_train,) or None
        Rows to train on, in their current order. None for all, in the order of X.
    val : ndarray of shape (n_val,) or None
        Rows set aside for validation.
    """

    def __init__(self, start: Any, generator: np.random.Generator | None) -> None:
        self.start, self.generator = start, generator
        self.rng: np.random.RandomState | None = None
        self.train: np.ndarray | None = None
        self.val: np.ndarray | None = None

    def draw(self, split: Split, rng: np.random.RandomState) -> None:
        """Draw the rows of a new run."""
        self.rng = rng
        self.train, self.val = split(rng)

    def repeat(self, split: Split, rng: np.random.RandomState, epochs: int) -> None:
        """Draw the rows again, as they are after so many epochs; `rng` is set to where it is then.

        Every epoch has shuffled the order that the last one left.
        """
        rng.set_state(self.start)
        self.draw(split, rng)
        if self.train is not None:
            for _ in range(epochs):
                reshuffle(self.train, rng)

    def record(self) -> Draws:
        """A copy without the rows."""
        return Draws(self.start, copy.deepcopy(self.generator))

    def fork(self) -> Draws:
        """A copy with the rows."""
        other = self.record()
        other.rng, other.train, other.val = copy.deepcopy((self.rng, self.train, self.val))
        return other

    def __getstate__(self) -> dict[str, Any]:
        """Where they began, and dropout's generator."""
        return {"start": self.start, "generator": self.generator}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """The rows have to be drawn again."""
        self.__init__(**state)  # type: ignore[misc]


@dataclass
class Resumable:
    """What the next run needs to continue as if this one had never ended.

    Parameters
    ----------
    draws : Draws
        Their state at the end of the run.
    values, left : ndarray or None
        If the network was left with the best epoch's values: those of the last epoch, and those it
        was left with.
    fingerprint : dict
        A number for each array of data.
    settings : dict
        The parameters that must stay the same, in a form that can be compared.
    """

    draws: Draws
    values: np.ndarray | None
    left: np.ndarray | None
    fingerprint: dict[str, Any]
    settings: dict[str, Any]

    def fork(self) -> Resumable:
        """A copy that a run may change without changing this one."""
        return Resumable(**{**vars(self), "draws": self.draws.fork()})

    def differences(self, fingerprint: dict[str, Any], settings: dict[str, Any]) -> list[str]:
        """Names of data and settings that aren't what they were in the last run."""
        return [
            name
            for now, before in ((fingerprint, self.fingerprint), (settings, self.settings))
            for name in now
            if now[name] != before[name]
        ]

    def restore(self, network: Network, progress: Progress) -> None:
        """Put the last epoch's values back into a network that was left with the best epoch's."""
        if self.values is None or self.left is None:
            return
        if np.array_equal(network.values, self.left):
            np.copyto(network.values, self.values)
        else:
            progress.reset_best()  # other weights have been assigned since


@dataclass(frozen=True)
class Interrupted:
    """A call of `fit` that is in a checkpoint, for the call that is the rest of it."""

    path: str
    progress: Progress
    network: Network
    kept: Resumable
    attributes: dict[str, Any]

    @classmethod
    def of(cls, saved: Any, path: str) -> Self:
        """The fit that `saved` was in the middle of, or has ended."""
        history = {name: getattr(saved, name) for name in ("history_", "validation_scores_")}
        return cls(path, saved._progress, saved._network, saved._resume, history)

    def check(self, fingerprint: dict[str, Any], settings: dict[str, Any]) -> None:
        """Raise if this call is another one."""
        names = self.kept.differences(fingerprint, settings)
        if names:
            raise another_fit(self.path, names)


def another_fit(path: str, names: list[str]) -> ValueError:
    """An error for a checkpoint that doesn't belong to this call of `fit`."""
    return ValueError(
        f"The checkpoint {path!r} belongs to another fit, with another {', '.join(names)}. Restore"
        " it, delete the file, or give Checkpoint another path."
    )


def settings_of(params: Parameters, chosen: Chosen, has_validation: bool) -> dict[str, Any]:
    """The parameters that must stay the same, in a form that can be compared."""
    splits = params.early_stopping and not has_validation
    schedule = chosen.learning_rate
    return {
        "solver": identity(chosen.solver),
        "loss": identity(chosen.loss),
        "early_stopping": bool(params.early_stopping),
        "validation_fraction": float(params.validation_fraction) if splits else None,
        "validation_split": identity(params.validation_split) if splits else None,
        "scoring": "callable" if callable(params.scoring) else params.scoring,
        "shuffle": bool(params.shuffle),
        "dropout": bool(np.any(params.dropout)),
        "input_dropout": bool(params.input_dropout),
        "X_val": has_validation,
        "max_iter": params.max_iter if schedule.moves and not schedule.epochs else None,
    }


#: Parts of the fingerprint that matter in the first call only.
FIRST_CALL = {"classes", "coefs_init", "intercepts_init", "random_state"}


def fingerprint(
    raw: RawInput, training: Dataset | None, validation: Dataset | None, classes: Any
) -> dict[str, Any]:
    """A number for each array of data, which changes if the array does."""
    numbers: dict[str, Any] = {"classes": identity(classes), "groups": _grouping(raw.groups)}
    for name in "coefs_init", "intercepts_init", "random_state":
        value = getattr(raw, name)
        numbers[name] = None if value is None else identity(value)
    for suffix, data in ("", training), ("_val", validation):
        arrays = (data.samples.X, data.samples.Y, data.sample_weight) if data else (None,) * 3
        for name, array in zip(("X", "y", "sample_weight"), arrays, strict=True):
            numbers[name + suffix] = None if array is None else checksum(array)
    return numbers


def _grouping(groups: Any) -> Any:
    """The same for groups of the same samples in the same order, whatever they are called."""
    if groups is None:
        return None
    try:
        return checksum(np.unique(np.asarray(groups), return_inverse=True)[1])
    except TypeError:  # names that can't be sorted
        return identity(groups)


def identity(value: Any) -> str:
    """The same for equal values, in another process as well if they can be pickled."""
    try:
        return str(joblib.hash(value))
    except Exception:  # such as a class that was defined inside a function
        return repr(value)


def checksum(array: Any, rows_at_once: int = 4096) -> int:
    """CRC-32 of a matrix's shape and numbers, whatever their order in memory."""
    value = crc32(repr((array.shape, array.dtype.str)).encode())
    if issparse(array):
        for part in array.data, array.indices.astype(np.int64), array.indptr.astype(np.int64):
            value = crc32(np.ascontiguousarray(part).data, value)
        return value
    for start in range(0, len(array), rows_at_once):
        value = crc32(np.ascontiguousarray(array[start : start + rows_at_once]).data, value)
    return value


def resumable(
    kept: Resumable | None,
    progress: Progress,
    fingerprint: dict[str, Any],
    settings: dict[str, Any],
) -> Resumable | None:
    """A copy of what the last call kept for this one; None after `initialize`."""
    if kept is not None:
        later = {name: one for name, one in fingerprint.items() if name not in FIRST_CALL}
        if names := kept.differences(later, settings):
            raise ValueError(
                f"warm_start='exact' continues the last call, which had another {', '.join(names)}."
                " Restore it, or set warm_start=True."
            )
        return kept.fork()
    if progress.n_iter or progress.outcome == "interrupted":
        raise ValueError(
            "warm_start='exact' has nothing to go on from: the last call was another one, was"
            " interrupted or has diverged. Set warm_start=True to go on from the weights alone,"
            " or clone the estimator and use 'exact' from the first fit on."
        )
    return None
