"""What every loss has: a link, a value and a gradient; and what `loss=` takes."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.options import Option


class OutputLoss:
    """A loss and its link, for one kind of target."""

    #: The link's name, as in `out_activation_`.
    link_name: ClassVar[str]
    #: True where Y holds class indices, of shape (m,); False where Y is shaped like Z.
    integer_targets: ClassVar[bool] = False
    #: True where the value is a mean over the outputs, although dZ is the gradient of their sum.
    mean_over_outputs: ClassVar[bool] = False

    def link(self, Z: np.ndarray) -> np.ndarray:
        """A = link(Z), the values of the output units, in a new array."""
        raise NotImplementedError

    def proba(self, Z: np.ndarray) -> np.ndarray:
        """Probabilities, in a new array."""
        return self.link(Z)

    def log_proba(self, Z: np.ndarray) -> np.ndarray:
        """Logarithms of the probabilities, straight from the scores, in a new array."""
        raise NotImplementedError

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """Return `proba` of Z in ONNX operators. Without it the network can't be exported."""
        raise NotImplementedError

    def check_targets(self, Y: np.ndarray) -> None:
        """Raise ValueError if Y holds numbers that the loss isn't defined for."""

    def scratch(self, Z: np.ndarray) -> Any:
        """Scratch for `value_and_gradient`; Z is the array that will hold the scores."""
        return np.empty_like(Z), np.empty_like(Z)

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: Any
    ) -> float:
        """Sum of weight * loss over the samples. Overwrites Z with dZ."""
        raise NotImplementedError


class Loss(Option):
    """What `loss=` takes: it picks the `OutputLoss` for a kind of target."""

    #: True where targets must not be negative; scikit-learn's checks then use positive ones only.
    positive_only: ClassVar[bool] = False

    def on(self, target: str) -> OutputLoss:
        """The loss for a "binary", "multiclass", "multilabel" or "regression" target.

        Raises
        ------
        ValueError
            If it has no form for this kind of target.
        """
        raise NotImplementedError

    def one_of(self, forms: Mapping[str, OutputLoss], target: str) -> OutputLoss:
        """The form for a kind of target; if there is none, a ValueError that lists the kinds."""
        if target not in forms:
            raise ValueError(
                f"loss={self!r} can't be used on a {target!r} target. It takes:"
                f" {', '.join(map(repr, forms))}."
            )
        return forms[target]
