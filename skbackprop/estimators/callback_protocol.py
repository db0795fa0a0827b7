"""The part of scikit-learn 1.9's callbacks that a network's `fit` needs, for older versions.

The hooks of a callback and their arguments are those of scikit-learn's `FitCallback`, so a callback
written for one works with the other. Meta-estimators don't hand callbacks on, and `clone` drops
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from typing import Any, Self

import sklearn

#: What a callback has to have.
HOOKS = "setup", "on_fit_task_begin", "on_fit_task_end", "teardown"


class CallbackContext:
    """A task: a call of `fit`, or a part of it.

    Parameters
    ----------
    callbacks : list
        Whose hooks are called.
    estimator_name, task_name : str
        What is done.
    parent : CallbackContext or None
        The task that this one is a part of.
    """

    def __init__(
        self, callbacks: list[Any], estimator_name: str, task_name: str, parent: Any = None
    ) -> None:
        self._callbacks, self.parent = callbacks, parent
        self.estimator_name, self.task_name = estimator_name, task_name
        self.task_id = self._parts = 0

    def subcontext(self, task_name: str = "", task_id: int | None = None) -> CallbackContext:
        """A part of this task; parts are numbered from 0."""
        part = CallbackContext(self._callbacks, self.estimator_name, task_name, self)
        part.task_id = self._parts if task_id is None else task_id
        self._parts += 1
        return part

    @contextmanager
    def propagate_callback_context(self, sub_estimator: Any) -> Iterator[None]:
        """Nothing is handed on."""
        yield

    def call_on_fit_task_begin(self, **data: Any) -> None:
        """Call the hooks."""
        self._call("on_fit_task_begin", **data)

    def call_on_fit_task_end(self, **data: Any) -> bool:
        """Call the hooks; True if one of them asks to stop."""
        return self._call("on_fit_task_end", **data)

    def _call(
        self, hook: str, estimator: Any, reconstruction_attributes: Any = None, **data: Any
    ) -> bool:
        """Give each callback what its hook asks for; a fitted copy is made if one asks for it."""
        stops = False
        for callback in self._callbacks:
            method = getattr(callback, hook)
            parameters = signature(method).parameters.values()
            wanted = {p.name for p in parameters if p.kind == p.KEYWORD_ONLY}
            if "fitted_estimator" in wanted and "fitted_estimator" not in data:
                data["fitted_estimator"] = _fitted(estimator, reconstruction_attributes)
            stops |= bool(method(estimator, self, **{name: data.get(name) for name in wanted}))
        return stops


def _fitted(estimator: Any, attributes: Callable[[], dict[str, Any]] | None) -> Any:
    """A copy of the estimator with these attributes; None without them."""
    if attributes is None:
        return None
    other = object.__new__(type(estimator))
    vars(other).update(attributes())
    return other


class CallbackSupportMixin:
    """`set_callbacks` for an estimator."""

    def set_callbacks(self, *callbacks: Any) -> Self:
        """Set the callbacks of `fit`.

        Parameters
        ----------
        *callbacks : callback instances
            Objects with the hooks of scikit-learn's `FitCallback`.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        TypeError
            If an object lacks a hook.
        """
        for callback in callbacks:
            missing = [name for name in HOOKS if not hasattr(callback, name)]
            if missing or isinstance(callback, type):
                raise TypeError(
                    f"callbacks must be instances with {', '.join(HOOKS)}, got {callback!r}."
                    f" scikit-learn {sklearn.__version__} has none of its own: they are new in 1.9."
                )
        self.__dict__.pop("_skl_callbacks", None)
        if callbacks:
            self._skl_callbacks = list(callbacks)
        return self

    def _init_callback_context(
        self, task_name: str = "fit", max_subtasks: Any = None, sequential_subtasks: bool = True
    ) -> CallbackContext:
        """Set up the callbacks; the context of the whole call."""
        callbacks = self._skl_callbacks
        context = CallbackContext(callbacks, type(self).__name__, task_name)
        self._callback_fit_ctx = context
        for callback in callbacks:
            callback.setup(self, context)
        return context


def with_callbacks(method: Any) -> Any:
    """Decorate `fit`: the callbacks are torn down at its end, whatever happens."""

    @wraps(method)
    def managed(estimator: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(estimator, *args, **kwargs)
        finally:
            context = estimator.__dict__.pop("_callback_fit_ctx", None)
            if context is not None:
                for callback in estimator._skl_callbacks:
                    callback.teardown(estimator, context)

    return managed
