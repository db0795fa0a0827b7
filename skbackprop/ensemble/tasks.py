"""scikit-learn's callbacks in `fit` of what trains others: the call is a task, so is each part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skbackprop.estimators.compat import callback_context, hook_arguments


class FitTask:
    """A call of `fit`, as callbacks of scikit-learn 1.9 and newer see it; nothing without any.

    Parameters
    ----------
    estimator : estimator
        The estimator being fitted.
    X, y, sample_weight : array-like
        As given to `fit`; every hook gets them.
    n_parts : int or None
        Parts at most; None if that isn't known.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, n_parts: Any) -> None:
        self.data = hook_arguments(estimator, X, y, sample_weight)
        self.context = callback_context(estimator, n_parts, sequential=False)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Begin the task, and end it if nothing fails."""
        if self.context is None:
            yield
            return
        self.context.call_on_fit_task_begin(**self.data)
        yield
        attributes = vars(self.data["estimator"])
        self.context.call_on_fit_task_end(
            **self.data, reconstruction_attributes=lambda: dict(attributes)
        )

    def part(self, name: str, number: int) -> Part:
        """One of its parts; it may be pickled and run in another process."""
        if self.context is None:
            return Part(None, {})
        return Part(self.context.subcontext(task_name=name, task_id=number), self.data)


class Part:
    """A part of a call of `fit`: an estimator is trained, and its own tasks are below this one."""

    def __init__(self, context: Any, data: dict[str, Any]) -> None:
        self.context, self.data = context, data

    @contextmanager
    def training(self, estimator: Any) -> Iterator[None]:
        """Hand the callbacks on to the estimator while it is trained."""
        if self.context is None:
            yield
            return
        # callbacks that are handed on are told of the estimator's own task instead of this one
        with self.context.propagate_callback_context(estimator):
            self.context.call_on_fit_task_begin(**self.data)
            yield
            self.context.call_on_fit_task_end(**self.data)
