"""Checkpoints: a fit that was killed resumes where it was."""

from __future__ import annotations

import contextlib
import copy
import os
import pickle
import re
import threading
import time
from datetime import timedelta
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.checks import warn
from skbackprop.estimators.compat import without_callbacks
from skbackprop.estimators.resume import Interrupted, another_fit, identity

#: Parameters that need not be the same when a fit goes on.
MAY_DIFFER = {"max_iter", "verbose"}


class Checkpoint:
    """A callback that saves a fit to a file, and continues it from there.

    Run the same script again after it was killed or interrupted, and `fit` resumes from the last
    checkpoint. At the end, every number is the same as after a fit without a break, to the bit.
    L-BFGS resumes from the weights alone, with other numbers, and a warning.

    The file of a finished fit holds its result, and `fit` trains no further. If training ended at
    `max_iter`, a larger `max_iter` continues it, unless the learning rate's schedule depends on
    that. Other parameters or other data raise an error, and the file stays. An estimator that is
    already fitted and has `warm_start` continues from its own state, and overwrites the file; with
    ``warm_start="exact"`` it continues from the file after Ctrl-C.

    Parameters
    ----------
    path : str or Path
        The file, one for each fit. It is a pickle of the fitted estimator: load only files that you
        trust.

    every : int or timedelta, default=1
        Number of epochs between two checkpoints, or the time, after which the next epoch's end is
        saved. The end of the fit is always saved. A checkpoint takes a millisecond or more, as the
        file is forced to the disk: for short epochs choose a larger number.

    Raises
    ------
    ValueError
        If `every` isn't positive.
    TypeError
        If it is neither an integer nor a timedelta.

    See Also
    --------
    skbackprop.BackpropClassifier : Its ``warm_start="exact"`` resumes in memory.

    Notes
    -----
    A checkpoint is written to another file, forced to the disk, and then replaces the old one, so
    there is a complete file at every moment. If that fails, as on a full disk, training continues,
    a warning says so, and the older file stays.

    It follows scikit-learn's protocol of callbacks, new in 1.9, and works with older versions, too.
    There `clone` drops callbacks: set them where `fit` is called.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier, Checkpoint
    >>> X, y = load_iris(return_X_y=True)
    >>> folder = tempfile.TemporaryDirectory()
    >>> checkpoint = Checkpoint(Path(folder.name) / "iris.checkpoint", every=10)
    >>> clf = BackpropClassifier(max_iter=400, tol=1e-3, random_state=0)
    >>> clf.set_callbacks(checkpoint).fit(X, y).outcome_
    'converged'
    >>> checkpoint.load().n_iter_ == clf.n_iter_
    True
    >>> folder.cleanup()
    """

    def __init__(self, path: str | os.PathLike[str], *, every: int | timedelta = 1) -> None:
        if isinstance(every, bool) or not isinstance(every, Integral | timedelta):
            raise TypeError(f"every must be an integer or a timedelta, got {every!r}.")
        if every < (timedelta(microseconds=1) if isinstance(every, timedelta) else 1):
            raise ValueError(f"every must be positive, got {every!r}.")
        self.path = Path(path).resolve()
        self.every = every if isinstance(every, timedelta) else int(every)
        self._tried_at, self._warned = 0.0, False

    def __getstate__(self) -> dict[str, Any]:
        """Nothing but strings and numbers."""
        is_time = isinstance(self.every, timedelta)
        return {
            "path": str(self.path),
            "epochs": 0 if is_time else self.every,
            "seconds": self.every.total_seconds() if is_time else 0.0,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As it was made."""
        every = state["epochs"] or timedelta(seconds=state["seconds"])
        self.__init__(state["path"], every=every)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.path)!r}, every={self.every!r})"

    def load(self) -> Any:
        """Load the estimator as it was at the last checkpoint.

        Returns
        -------
        estimator : BackpropClassifier or BackpropRegressor
            Fitted, with the weights after the last epoch, or those of the whole fit if it has
            ended.

        Raises
        ------
        FileNotFoundError
            If there is no file.
        ValueError
            If it isn't a checkpoint.
        """
        with open(self.path, "rb") as file:
            try:
                saved = pickle.load(file)
            except Exception as error:
                raise ValueError(
                    f"{str(self.path)!r} can't be read as a checkpoint:"
                    f" {type(error).__name__}: {error}"
                ) from error
        if not isinstance(saved, BaseBackprop) or not hasattr(saved, "_resume"):
            raise ValueError(
                f"{str(self.path)!r} isn't a checkpoint: it holds another object, of type"
                f" {type(saved).__name__}."
            )
        return saved

    # Hooks

    def setup(self, estimator: Any, context: Any) -> None:
        """Check what can be checked before training.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.
        context : CallbackContext
            Its task.
        """
        if not isinstance(estimator, BaseBackprop):
            raise TypeError(
                "Checkpoint saves a BackpropClassifier or a BackpropRegressor, got"
                f" {type(estimator).__name__}. Set it on a network that is fitted by itself or in a"
                " Pipeline."
            )
        outer = context.parent
        while outer is not None:
            if outer.estimator_name != "Pipeline":
                raise ValueError(
                    f"A checkpoint belongs to one fit, and {outer.estimator_name} has several."
                    " Set it on a network that is fitted by itself or in a Pipeline."
                )
            outer = outer.parent
        if self.path.is_dir():
            raise ValueError(f"The checkpoint {str(self.path)!r} must be a file, not a folder.")
        if not self.path.parent.is_dir():
            raise ValueError(f"There is no folder {str(self.path.parent)!r} for the checkpoint.")
        for name, value in (estimator.get_params(deep=False) | {"type": type(estimator)}).items():
            try:
                pickle.dumps(value)
            except Exception as error:
                raise ValueError(
                    f"A checkpoint can't hold {name}={value!r}: {error}. Define functions and"
                    " classes in a module that can be imported."
                ) from error
        self._tried_at, self._warned = time.monotonic(), False

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Continue from the file, if there is one.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.
        context : CallbackContext
            Its task.
        """
        has_own_state = bool(estimator.warm_start) and getattr(estimator, "n_iter_", 0) > 0
        began = 0  # the epoch at which the call began that was interrupted
        if estimator.warm_start == "exact" and getattr(estimator, "outcome_", "") == "interrupted":
            # in the middle of an epoch: the file alone is exact
            has_own_state, began = False, estimator._progress.began
        if context.task_name != "fit" or has_own_state:
            return
        self._remove_parts()
        if self.path.exists():
            self._restore(estimator, began)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Save, if it is time.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.
        context : CallbackContext
            Its task.
        fitted_estimator : estimator or None
            As it is at the end of the task; None if Ctrl-C cut that short.
        """
        if fitted_estimator is None or fitted_estimator.outcome_ == "interrupted":
            return
        if isinstance(self.every, timedelta):
            is_due = time.monotonic() - self._tried_at >= self.every.total_seconds()
        else:
            is_due = fitted_estimator.n_iter_ % self.every == 0
        if is_due or context.task_name == "fit":
            self._save(fitted_estimator)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing: no file is open.

        Parameters
        ----------
        estimator : estimator
            The one that was fitted.
        context : CallbackContext
            Its task.
        """

    # Files

    def _remove_parts(self) -> None:
        """Remove what processes have left that were killed while they wrote."""
        # in containers a process often has the number of the one before it
        ours = {f"{os.getpid()}.{thread.ident}" for thread in threading.enumerate()}
        ours.discard(_writer())
        for file in self.path.parent.iterdir():
            part = re.fullmatch(rf"\.{re.escape(self.path.name)}\.(\d+\.\d+)\.part", file.name)
            if part and part[1] not in ours:
                file.unlink(missing_ok=True)

    def _restore(self, estimator: Any, began: int) -> None:
        """Give the estimator the fitted attributes of the one in the file.

        If the call that was interrupted began where the one in the file ended, it begins there
        again.
        """
        saved = self.load()
        mine, theirs = estimator.get_params(deep=False), saved.get_params(deep=False)
        changed = [
            name
            for name in mine
            if name not in MAY_DIFFER and not _are_equal(mine[name], theirs.get(name))
        ]
        if type(saved) is not type(estimator):
            changed = [f"type of estimator, {type(saved).__name__}"]
        elif saved._progress.epochs_left(estimator) < 0:
            changed.append("max_iter, smaller than its number of epochs")
        if changed:
            raise another_fit(str(self.path), changed)
        if began and began == saved._progress.n_iter:
            saved._progress.begin_here()
        estimator._interrupted = Interrupted.of(saved, str(self.path))

    def _save(self, fitted: Any) -> None:
        """Write a file as a whole, or warn and leave the one that is there."""
        self._tried_at = time.monotonic()
        estimator = copy.copy(fitted)
        vars(estimator).clear()
        vars(estimator).update(without_callbacks(vars(fitted)))
        part = self.path.with_name(f".{self.path.name}.{_writer()}.part")
        try:
            with open(part, "wb") as file:
                pickle.dump(estimator, file, protocol=pickle.HIGHEST_PROTOCOL)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
            _sync(self.path.parent)
            self._warned = False
        except Exception as error:
            if not self._warned:
                warn(
                    f"The checkpoint {str(self.path)!r} couldn't be written after epoch"
                    f" {fitted.n_iter_}: {error}. Training goes on."
                )
            self._warned = True
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def _writer() -> str:
    """The number of this process, and of its thread."""
    return f"{os.getpid()}.{threading.get_ident()}"


def _are_equal(one: Any, other: Any) -> bool:
    """Whether two parameters have the same value; the states of generators are compared later."""
    if isinstance(one, np.random.RandomState) and isinstance(other, np.random.RandomState):
        return True
    with contextlib.suppress(Exception):  # arrays can't say
        if one == other:
            return True
    return identity(one) == identity(other)


def _sync(folder: Path) -> None:
    """Force a folder's list of files to the disk, where the system can do so."""
    with contextlib.suppress(OSError):  # Windows can't open folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
