"""What every layer has: three methods, the parameters they use, the buffers of a batch."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.initializers import Initializer
from skbackprop.vectors import Memory

Shapes = dict[str, tuple[int, ...]]


class Buffers:
    """What a layer keeps of a batch from its forward to its backward pass.

    `out` is the array that `forward` returns, or None if it's a different one in every batch, as X
    itself is. `free` is True if the layer doesn't read `out` again, so that the layer above may
    overwrite it. `learns` is True if this layer or one below it has parameters, so that the
    gradient at `out` is needed.
    """

    def __init__(self, out: np.ndarray | None = None, free: bool = False) -> None:
        self.out, self.free, self.learns = out, free, False


class Layer:
    """One step on the way from X to the scores.

    A subclass defines its parameters by `shapes` and `initialize`, and what it does with a batch by
    `buffers`, `forward`, `backward` and `predict`.
    """

    #: The derivation's name of the output, if it has one: a trace shows it.
    symbol: ClassVar[str | None] = None

    @property
    def shapes(self) -> Shapes:
        """Shapes of the trained parameters, by name. The penalty applies to those named W."""
        return {}

    @property
    def statistics(self) -> Shapes:
        """Shapes of what prediction needs but training doesn't optimise, by name."""
        return {}

    def bind(self, arrays: dict[str, np.ndarray]) -> None:
        """Set views into the network's vectors as attributes: W, its gradient dW, and so on."""
        vars(self).update(arrays)

    def initialize(self, rule: Initializer, rng: np.random.RandomState) -> None:
        """Write initial values into the parameters; `rule` draws those of W and b."""

    def buffers(self, below: Buffers, memory: Memory) -> Any:
        """Make the buffers for `memory.rows` rows; `below` are those of the layer below.

        Called before `bind`: sizes are known, arrays are not.
        """
        raise NotImplementedError

    def forward(self, A: Any, buffers: Any) -> Any:
        """Return the output for A. Overwrites A only where `below.free` was True."""
        raise NotImplementedError

    def backward(self, dA: np.ndarray, buffers: Any) -> Any:
        """Return dL/dA at the input, from dA at the output; writes the parameters' gradients.

        May overwrite dA. If nothing below learns, nobody uses the result.
        """
        raise NotImplementedError

    def predict(self, A: Any, free: bool) -> Any:
        """Return the output for A in prediction. Overwrites A only if it is `free`."""
        raise NotImplementedError

    def predict_into(self, A: Any, out: np.ndarray) -> None:
        """Write the output for A into `out`, which may have any memory order."""
        np.copyto(out, self.predict(A, free=False))

    def onnx(self, graph: Graph, A: Value) -> Value:
        """Return what `predict` does in ONNX operators. Without it there is no export."""
        raise NotImplementedError

    def fold_into(self, row: list[Layer]) -> None:
        """Extend a row of layers for prediction by this one, or merge it into the last of them."""
        row.append(self)
