"""scikit-learn's callbacks on our `fit`: the call is a task, and so is each of its epochs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from skbackprop.estimators.fitted import set_fitted
from skbackprop.estimators.samples import FitArguments
from skbackprop.network import Network
from skbackprop.training import Progress


class FitTasks:
    """Tells callbacks of scikit-learn 1.9 and newer where a call to `fit` has arrived.

    Parameters
    ----------
    estimator : estimator
        Whose call it is.
    X, y : array-like
        What it was given; every hook is told.
    given : FitArguments
        The same, beside X and y.
    goes_on : bool
        Whether it goes on from fitted weights.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, given: FitArguments, goes_on: bool) -> None:
        self.estimator, self.goes_on, sample_weight = estimator, goes_on, given.sample_weight
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.root = estimator._init_callback_context(max_subtasks=int(estimator.max_iter))
        self.epoch: Any = None

    @classmethod
    def of(
        cls, estimator: Any, X: Any, y: Any, given: FitArguments, goes_on: bool
    ) -> FitTasks | None:
        """The tasks of a call, where there are callbacks to tell of them."""
        if not getattr(estimator, "_skl_callbacks", None):
            return None
        return cls(estimator, X, y, given, goes_on)

    def begin_fit(self) -> None:
        """Before the samples are looked at."""
        self.root.call_on_fit_task_begin(**self.data)

    def begin_epoch(self) -> None:
        """Before an epoch; nothing happens if it has begun already."""
        if self.epoch is None:
            self.epoch = self.root.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(**self.data)

    def end_epoch(self, network: Network, progress: Progress) -> bool:
        """After an epoch; true where a callback says stop."""

        def stopped_here() -> dict[str, Any]:
            other = copy.copy(self.estimator)
            set_fitted(other, copy.deepcopy(network), progress.fork(), self.goes_on)
            return vars(other)

        epoch, self.epoch = self.epoch, None
        return self._end(epoch, stopped_here)

    def end_fit(self) -> None:
        """After the call, when the estimator has its fitted attributes."""
        if self.epoch is not None:
            # broken off by Ctrl-C or by divergence: there is nothing to show for it
            self.epoch.call_on_fit_task_end(**self.data)
            self.epoch = None

        def fitted() -> dict[str, Any]:
            attributes = vars(self.estimator)
            own = {name: copy.deepcopy(attributes[name]) for name in ("_network", "_progress")}
            return {**attributes, **own}

        self._end(self.root, fitted)

    def _end(self, task: Any, attributes: Callable[[], dict[str, Any]]) -> bool:
        """End a task; a callback that wants an estimator makes it from the attributes."""
        return bool(task.call_on_fit_task_end(**self.data, reconstruction_attributes=attributes))
