"""Fits that are tasks themselves, and predictions that become tasks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import dask
import dask.array as da
import numpy as np
from distributed import get_worker, rejoin, secede

from skbackprop.dask.data import is_dask
from skbackprop.dask.partitions import as_scipys
from skbackprop.threads import one_thread
from skbackprop.training import Progress


@contextmanager
def in_its_own_thread() -> Iterator[None]:
    """A task that fits leaves its worker's thread to the tasks of the fit."""
    try:
        get_worker()
    except ValueError:  # this is no task
        yield
        return
    secede()
    try:
        yield
    finally:
        rejoin()


def lazily(method: Callable[[Any, Any], Any]) -> Any:
    """A prediction for local data as it is, and for dask's block by block, once it is computed."""

    @wraps(method)
    def by_blocks(self: Any, X: Any) -> Any:
        if not is_dask(X):
            return method(self, X)
        local = self.to_local()
        local._progress = Progress()  # predictions don't need the optimizer's state
        nameless = copy.copy(local)
        vars(nameless).pop("feature_names_in_", None)
        row = np.zeros((1, self.n_features_in_), self._network.theta.dtype)
        like = getattr(nameless, method.__name__)(row)

        @wraps(method)  # its name stands in dask's repr
        def function(block: Any) -> Any:
            if not block.shape[0]:
                return like[:0]
            with one_thread():
                return getattr(local, method.__name__)(as_scipys(block))

        if X.ndim != 2 or X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X must have shape (n_samples, {self.n_features_in_}), got {X.shape}."
            )
        if hasattr(X, "columns"):
            predict, unknown = dask.delayed(function, pure=False), (np.nan, *like.shape[1:])
            blocks = [da.from_delayed(predict(one), unknown, like.dtype) for one in X.to_delayed()]
            return da.concatenate(blocks, allow_unknown_chunksizes=True)
        X = X.rechunk({1: -1}) if X.numblocks[1] > 1 else X
        if like.ndim == 1:
            return X.map_blocks(function, dtype=like.dtype, drop_axis=1)
        return X.map_blocks(function, dtype=like.dtype, chunks=(X.chunks[0], like.shape[1:]))

    return by_blocks
