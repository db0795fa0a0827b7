"""What an estimator asks of its targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, Self

import numpy as np

from skbackprop.formulas import Output
from skbackprop.losses import OutputLoss


class ClassWeights(Protocol):
    """Weights of samples that follow from their targets."""

    def of(self, y: Any) -> np.ndarray:
        """One weight for each sample."""


class Targets(Protocol):
    """The targets of a fitted estimator: `Labels` of a classifier, `Numbers` of a regressor."""

    @property
    def kind(self) -> str:
        """The kind of target that `Loss.on` takes."""

    @property
    def n_outputs(self) -> int:
        """Output units."""

    @property
    def attributes(self) -> dict[str, Any]:
        """Fitted attributes that the targets add to the estimator."""

    @classmethod
    def of(cls, y: Any, classes: Any, incremental: bool) -> tuple[Self, Any]:
        """The targets of a first call, and the checked y. `classes` is that of `partial_fit`."""

    def again(self, y: Any, classes: Any, incremental: bool) -> Any:
        """Return the y of a later call, checked against these targets."""

    def check(self, y: Any) -> Any:
        """Return y, checked against these targets; it may lack some classes."""

    def class_weights(
        self, class_weight: Any, y: Any, sample_weight: np.ndarray | None, incremental: bool
    ) -> ClassWeights | None:
        """The weights of the classes when training on y; None if there are none."""

    def encode(self, y: Any, dtype: np.dtype, as_index: bool) -> np.ndarray:
        """Y of shape (n, n_outputs), or (n,) if `as_index` and there are classes."""

    def stratify(self, Y: np.ndarray) -> np.ndarray | None:
        """What a validation split keeps in proportion, or None."""

    def missing(self, y: Any) -> str:
        """What a checked y has no sample of, in words; empty if there is nothing."""

    def advice(self, y: Any, positive_only: bool) -> str:
        """What else to do where training on y didn't converge, in words; empty if nothing."""

    def predict(self, Z: np.ndarray, loss: OutputLoss) -> Any:
        """Predictions from the scores of the output units, in the form of y."""

    def score(self, Z: np.ndarray, loss: OutputLoss, y: Any, sample_weight: Any) -> float:
        """The default metric, used if `scoring` is None."""

    @property
    def onnx(self) -> Callable[..., dict[str, Output]]:
        """Outputs by name in ONNX operators, from a graph, Z, the loss and options."""
