"""scikit-learn's callbacks in `fit`: the call is a task, and so is each of its epochs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from skbackprop.estimators.compat import callback_context, hook_arguments
from skbackprop.estimators.fitted import set_fitted
from skbackprop.estimators.samples import FitArguments
from skbackprop.network import Network
from skbackprop.training import Progress


class FitTasks:
    """Reports the progress of a call to `fit` to the callbacks of scikit-learn 1.9 and newer.

    Parameters
    ----------
    estimator : estimator
        The estimator being fitted.
    X, y : array-like
        As given to `fit`; every hook gets them.
    given : FitArguments
        The other arguments of `fit`.
    goes_on : bool
        Whether training continues from fitted weights.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, given: FitArguments, goes_on: bool) -> None:
        self.estimator, self.goes_on = estimator, goes_on
        self.data = hook_arguments(estimator, X, y, given.sample_weight)
        self.root = callback_context(estimator, int(estimator.max_iter))
        self.epoch: Any = None
        #: Makes what an exact resumption needs.
        self.record: Callable[[], Any] = lambda: None

    @classmethod
    def of(
        cls, estimator: Any, X: Any, y: Any, given: FitArguments, goes_on: bool
    ) -> FitTasks | None:
        """The tasks of a call; None if there are no callbacks."""
        tasks = cls(estimator, X, y, given, goes_on)
        return None if tasks.root is None else tasks

    def begin_fit(self) -> None:
        """Begin the task, before the samples are checked."""
        self.root.call_on_fit_task_begin(**self.data)

    def begin_epoch(self) -> None:
        """Begin an epoch's task, unless it has begun already."""
        if self.epoch is None:
            self.epoch = self.root.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(**self.data)

    def end_epoch(self, network: Network, progress: Progress) -> bool:
        """End an epoch's task; True if a callback asks to stop."""

        def stopped_here() -> dict[str, Any]:
            other = copy.copy(self.estimator)
            set_fitted(other, copy.deepcopy(network), progress.fork(), self.goes_on)
            return {**vars(other), "_resume": self.record()}

        epoch, self.epoch = self.epoch, None
        return self._end(epoch, stopped_here)

    def end_fit(self) -> None:
        """End the task, once the estimator has its fitted attributes."""
        if self.epoch is not None:
            # the epoch was cut short by Ctrl-C or divergence: it has no fitted attributes
            self.epoch.call_on_fit_task_end(**self.data)
            self.epoch = None

        def fitted() -> dict[str, Any]:
            attributes = vars(self.estimator)
            own = {name: copy.deepcopy(attributes[name]) for name in ("_network", "_progress")}
            return {**attributes, **own, "_resume": self.record()}

        self._end(self.root, fitted)

    def _end(self, task: Any, attributes: Callable[[], dict[str, Any]]) -> bool:
        """End a task; callbacks can rebuild a fitted estimator from the attributes."""
        return bool(task.call_on_fit_task_end(**self.data, reconstruction_attributes=attributes))
