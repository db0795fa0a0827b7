"""What is measured. Every peer gets the same data, architecture, batches, epochs and dtype."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from skbackprop.datasets import make_spirals

ALPHA = 1e-4
LEARNING_RATE = 1e-3
Run = Callable[[], object]


def random_csr(shape: tuple[int, int], density: float) -> csr_array:
    """The same number of entries in every row, but for a few that fall on one place and add up."""
    (n, d), rng = shape, np.random.default_rng(0)
    per_row = max(1, round(d * density))
    indices = rng.integers(d, size=n * per_row, dtype=np.int32)
    indptr = np.arange(0, n * per_row + 1, per_row, dtype=np.int32)
    X = csr_array((rng.standard_normal(n * per_row), indices, indptr), shape=shape)
    X.sum_duplicates()
    return X


@dataclass(frozen=True)
class Workload:
    """One training task: `epochs` passes over n_samples x n_features in batches.

    `kind` is "train", "lbfgs" or "predict"; a "predict" workload has one entry in `rows` for each
    number of rows that probabilities are asked for. `given` says as what: "array", "frame", or
    "float32" where the fit's X is float64.
    """

    name: str
    n_samples: int
    n_features: int
    n_classes: int
    hidden: tuple[int, ...]
    batch_size: int
    dtype: str
    epochs: int
    kind: str = "train"
    density: float = 1.0
    rows: int = 0
    given: str = "array"

    @property
    def label(self) -> str:
        if not self.rows:
            return f"{self.name} {self.dtype}"
        given = "" if self.given == "array" else f", {self.given}"
        return f"{self.name} {self.rows:,} row{'s' * (self.rows > 1)}{given}"

    @property
    def is_array(self) -> bool:
        """Whether probabilities are asked for an array of the fit's dtype, where they are."""
        return self.given == "array"

    @property
    def is_plain(self) -> bool:
        """Whether the products of dense arrays say what it costs at least."""
        return self.is_array and self.density == 1

    @cached_property
    def data(self) -> tuple[Any, np.ndarray]:
        """X in C order or CSR, and y."""
        rng = np.random.default_rng(0)
        if self.name == "W1":
            X, y = make_spirals(self.n_samples, self.n_classes, random_state=0)
        elif self.n_features == 64 and self.n_samples <= 1797:
            X, y = load_digits(return_X_y=True)
            X, y = X[: self.n_samples] / 16, y[: self.n_samples]
        else:
            y = rng.integers(self.n_classes, size=self.n_samples)
            shape = (self.n_samples, self.n_features)
            if self.density < 1:
                X = random_csr(shape, self.density)
            else:
                X = rng.standard_normal(shape, dtype=self.dtype)
        return X.astype(self.dtype, copy=False), y

    def as_given(self, X: np.ndarray) -> Any:
        """X to fit on: a frame where predictions are asked for one."""
        if self.given != "frame":
            return X
        import pandas as pd

        return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])

    @property
    def asked(self) -> Any:
        """X to predict."""
        X = np.resize(self.data[0], (self.rows, self.n_features))
        return self.as_given(X.astype("float32") if self.given == "float32" else X)

    @property
    def n_outputs(self) -> int:
        return 1 if self.n_classes == 2 else self.n_classes

    @property
    def shapes(self) -> list[tuple[int, int]]:
        return list(pairwise((self.n_features, *self.hidden, self.n_outputs)))

    @property
    def n_steps(self) -> int:
        """Optimizer steps of a run; for predictions and L-BFGS, calls and iterations."""
        if self.kind == "train":
            return self.epochs * -(-self.n_samples // self.batch_size)
        return self.epochs

    def toy(self) -> Workload:
        """The same at a size for tests."""
        return replace(
            self,
            n_samples=min(self.n_samples, 40),
            n_features=self.n_features if self.n_features <= 64 else 30,
            hidden=tuple(min(h, 8) for h in self.hidden),
            batch_size=20,
            epochs=2,
            density=0.1 if self.density < 1 else 1.0,
            rows=min(self.rows, 40),
        )


def _both(name: str, *args: Any, **kwargs: Any) -> list[Workload]:
    return [Workload(name, *args, dtype, **kwargs) for dtype in ("float64", "float32")]


_PREDICTIONS = Workload("W7", 1797, 64, 10, (100,), 200, "float64", 0, kind="predict")
WORKLOADS: list[Workload] = [
    *_both("W1", 300, 2, 3, (100,), 200, epochs=200),
    *_both("W2", 1797, 64, 10, (100,), 200, epochs=40),
    *_both("W3", 20_000, 50, 2, (100,), 200, epochs=4),
    Workload("W4", 60_000, 784, 10, (256, 128), 256, "float32", epochs=1),
    Workload("W5", 10_000, 1000, 10, (1024, 1024), 512, "float32", epochs=1),
    *_both("W6", 20_000, 20_000, 20, (100,), 200, epochs=1, density=0.002),
    *(
        replace(_PREDICTIONS, epochs=calls, rows=rows, given=given)
        for rows, calls in [(1, 500), (10, 500), (100, 300), (1_000, 100), (100_000, 2)]
        for given in ("array", "frame", "float32")
        if rows <= 1_000 or given == "array"
    ),
    Workload("W9", 1797, 64, 10, (100,), 1797, "float64", epochs=100, kind="lbfgs"),
]
