"""Checkpoints: a fit that is killed goes on where it was."""

from __future__ import annotations

import contextlib
import copy
import os
import pickle
import time
from datetime import timedelta
from numbers import Integral
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.checks import warn
from skbackprop.estimators.compat import without_callbacks

#: Parameters that may differ when a fit goes on.
FREE = {"max_iter", "verbose"}


class Checkpoint:
    """A callback that saves a fit to a file, and continues it from there.

    Run the same script again after it was killed or interrupted, and `fit` goes on from the last
    checkpoint. It ends with the numbers of a fit without a break, to the bit. L-BFGS goes on from
    the weights alone, with other numbers, and warns.

    A file that holds a finished fit is the result: `fit` trains nothing. With a larger `max_iter`
    it goes on, unless the learning rate's schedule depends on `max_iter`. Other parameters or other
    data raise an error, and the file stays. An estimator that is already fitted and has
    `warm_start` goes on from its own state, and overwrites the file.

    Parameters
    ----------
    path : str or Path
        The file, one for each fit. It is a pickle of the fitted estimator: load only files that you
        trust.

    every : int or timedelta, default=1
        Save after every so many epochs, or at the end of the first epoch after so much time. The
        end of the fit is always saved.

    Raises
    ------
    ValueError
        If `every` isn't positive.
    TypeError
        If it is neither an integer nor a timedelta.

    See Also
    --------
    skbackprop.BackpropClassifier : Its parameter ``warm_start="exact"`` goes on in memory.

    Notes
    -----
    A file is written under another name, forced to the disk and renamed, so there is a whole one at
    every moment. If that fails, as on a full disk, training goes on, a warning says so, and the
    older file stays.

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
        self.path, self.every = Path(path), every
        self._tried_at, self._warned = 0.0, False

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
                f" {type(estimator).__name__}. Set it on a network, each with its own path."
            )
        if not self.path.parent.is_dir():
            raise ValueError(f"There is no folder {str(self.path.parent)!r} for the checkpoint.")
        for name, value in estimator.get_params(deep=False).items():
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
        has_own_state = bool(estimator.warm_start) and hasattr(estimator, "n_iter_")
        if context.task_name != "fit" or has_own_state:
            return
        for part in self.path.parent.glob(f".{self.path.name}.*.part"):
            part.unlink(missing_ok=True)  # of a fit that was killed while it wrote
        if self.path.exists():
            self._restore(estimator)

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

    def _restore(self, estimator: Any) -> None:
        """Give the estimator the fitted attributes of the one in the file."""
        saved = self.load()
        mine, theirs = estimator.get_params(deep=False), saved.get_params(deep=False)
        changed = [
            name
            for name in mine
            if name not in FREE and not _are_equal(mine[name], theirs.get(name))
        ]
        if type(saved) is not type(estimator):
            changed = [f"type of estimator, {type(saved).__name__}"]
        if changed:
            raise ValueError(
                f"The checkpoint {str(self.path)!r} belongs to another fit, with another"
                f" {', '.join(changed)}. Restore it, delete the file, or give Checkpoint another"
                " path."
            )
        vars(estimator).update({k: v for k, v in vars(saved).items() if k not in mine})
        estimator._resume.path = str(self.path)

    def _save(self, fitted: Any) -> None:
        """Write a file as a whole, or warn and leave the one that is there."""
        self._tried_at = time.monotonic()
        estimator = copy.copy(fitted)
        vars(estimator).clear()
        vars(estimator).update(without_callbacks(vars(fitted)))
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            with open(part, "wb") as file:
                pickle.dump(estimator, file, protocol=pickle.HIGHEST_PROTOCOL)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
            _sync(self.path.parent)
            self._warned = False
        except OSError as error:
            if not self._warned:
                warn(
                    f"The checkpoint {str(self.path)!r} couldn't be written after epoch"
                    f" {fitted.n_iter_}: {error}. Training goes on."
                )
            self._warned = True
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def _are_equal(one: Any, other: Any) -> bool:
    """Whether two parameters have the same value; generators are used up, so any will do."""
    if isinstance(one, np.random.RandomState) and isinstance(other, np.random.RandomState):
        return True
    return one is other or bool(joblib.hash(one) == joblib.hash(other))


def _sync(folder: Path) -> None:
    """Force a folder's list of files to the disk, where the system can do so."""
    with contextlib.suppress(OSError):  # Windows can't open folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
