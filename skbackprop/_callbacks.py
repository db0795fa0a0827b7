"""scikit-learn's callbacks on our `fit`: the call is a task, and so is each of its epochs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from skbackprop.network import Network
from skbackprop.training import Progress


class FitTasks:
    """Tells callbacks of scikit-learn 1.9 and newer where a call to `fit` has arrived.

    Parameters
    ----------
    root : CallbackContext
        Of the call.
    data : dict
        What every hook is told: `estimator`, `X`, `y` and `metadata`.
    fitted : callable
        Network and progress to the attributes of an estimator that stopped there. It is called
        only where a callback asks for that estimator.
    """

    def __init__(
        self,
        root: Any,
        data: dict[str, Any],
        fitted: Callable[[Network, Progress], dict[str, Any]],
    ) -> None:
        self.root, self.data, self.fitted = root, data, fitted
        self.epoch: Any = None

    def begin_fit(self) -> None:
        """Before the call does anything."""
        self.root.call_on_fit_task_begin(**self.data)

    def begin_epoch(self) -> None:
        """Before an epoch; nothing happens if it has begun already."""
        if self.epoch is None:
            self.epoch = self.root.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(**self.data)

    def end_epoch(self, network: Network, progress: Progress) -> bool:
        """After an epoch; true where a callback says stop."""
        epoch, self.epoch = self.epoch, None
        return self._end(epoch, lambda: self.fitted(network, progress))

    def end_fit(self, estimator: Any) -> None:
        """After the call, when the estimator has its fitted attributes."""
        if self.epoch is not None:
            # broken off by Ctrl-C or by divergence: there is nothing to show for it
            self.epoch.call_on_fit_task_end(**self.data)
            self.epoch = None
        self._end(self.root, lambda: _attributes(estimator))

    def _end(self, task: Any, attributes: Callable[[], dict[str, Any]]) -> bool:
        return bool(task.call_on_fit_task_end(**self.data, reconstruction_attributes=attributes))


def _attributes(estimator: Any) -> dict[str, Any]:
    """An estimator's attributes, with a network and a progress of their own."""
    own = {name: copy.deepcopy(vars(estimator)[name]) for name in ("_network", "_progress")}
    return {**vars(estimator), **own}
