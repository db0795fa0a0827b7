"""What minibatch training and L-BFGS have in common."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, nan
from typing import Any, Protocol

import numpy as np

from skbackprop.network import Network
from skbackprop.training.progress import Evaluation, Plan, Progress, Row
from skbackprop.vectors import aligned_copy


class Tasks(Protocol):
    """What is called before and after every epoch, or iteration of L-BFGS."""

    def begin_epoch(self) -> None:
        """Called before an epoch, possibly more than once."""

    def end_epoch(self, network: Network, progress: Progress) -> bool:
        """Called after an epoch; True stops training."""


class Run:
    """What both kinds of training have in common.

    Parameters
    ----------
    plan : Plan
        What to do.
    evaluate : callable, optional
        Called after every epoch; takes the network and returns an `Evaluation`.
    tasks : Tasks, optional
        Called when an epoch begins and ends; may stop training.
    """

    def __init__(
        self,
        plan: Plan,
        evaluate: Callable[[Network], Evaluation] | None = None,
        tasks: Tasks | None = None,
    ) -> None:
        self.plan, self.evaluate, self.tasks = plan, evaluate, tasks
        #: The values after the last epoch, if the best epoch's values have replaced them.
        self.last_values: np.ndarray | None = None

    def restore_best(self, network: Network, progress: Progress) -> None:
        """End with the best epoch's values, if they were kept."""
        progress.left_best = progress.best_values is not None
        if progress.best_values is not None:
            self.last_values = network.values.copy()
            np.copyto(network.values, progress.best_values)

    def finish_epoch(self, network: Network, p: Progress, row: Row, loss_now: float) -> None:
        """Evaluate and record an epoch, and keep the values if they are the best.

        `loss_now` is what improves where the loss does: that of `row`, or that of the network as it
        is now.
        """
        plan, value = self.plan, loss_now
        if self.evaluate:
            score, loss = self.evaluate(network)
            row = row._replace(validation_score=score, validation_loss=loss)
            if plan.monitor == "validation_score":
                # a network whose loss overflows isn't worth keeping, whatever its score
                value = -score if isfinite(loss) else nan
        self.say_epoch(p, row)
        p.note(row)
        is_best = p.update_best(value, plan.tol)
        if plan.restore_best and is_best:
            if p.best_values is None:
                p.best_values = aligned_copy(network.values)
            else:
                np.copyto(p.best_values, network.values)

    def say_epoch(self, progress: Progress, row: Row) -> None:
        """Print an epoch's record if `verbose`. The line begins as MLPClassifier's does."""
        if not self.plan.verbose:
            return
        count = f"Iteration {progress.n_iter + 1}"
        if self.plan.max_iter > 1:  # a call of `partial_fit` doesn't know how many there will be
            count += f" of {progress.began + self.plan.max_iter}"
        parts = [count, f"loss = {row.loss:.8f}"]
        if self.evaluate:
            parts.append(f"validation loss = {row.validation_loss:.8f}")
            parts.append(f"validation score = {row.validation_score:f}")
        print(", ".join([*parts, f"{row.seconds:.3f} s"]))

    def say(self, line: str, *values: Any) -> None:
        """Print if `verbose`."""
        if self.plan.verbose:
            print(line.format(*values))
