"""What every layer has: three verbs, the parameters they work with, the buffers of a batch."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skbackprop.initializers import Initializer
from skbackprop.vectors import Memory

Shapes = dict[str, tuple[int, ...]]


class Buffers:
    """What a layer keeps of a batch from its forward to its backward pass.

    `out` is the array that `forward` returns, or None where every batch brings another one, as X
    itself does. `free` is True where the layer doesn't read `out` again, so that the layer above
    may overwrite it. `learns` is True where this layer or one below it has parameters, so that the
    gradient at `out` is wanted.
    """

    def __init__(self, out: np.ndarray | None = None, free: bool = False) -> None:
        self.out, self.free, self.learns = out, free, False


class Layer:
    """One step on the way from X to the scores.

    A subclass says what is trained, in `shapes` and `initialize`, and how a batch goes through, in
    `buffers`, `forward`, `backward` and `predict`.
    """

    #: What a trace calls the output.
    symbol: ClassVar[str] = "A"

    @property
    def shapes(self) -> Shapes:
        """Shapes of what is trained, by name. The penalty counts what is called W."""
        return {}

    @property
    def statistics(self) -> Shapes:
        """Shapes of what prediction needs and nobody trains, by name."""
        return {}

    def bind(self, arrays: dict[str, np.ndarray]) -> None:
        """Take views into the network's vectors as attributes: W and its gradient dW, and so on."""
        vars(self).update(arrays)

    def initialize(self, rule: Initializer, rng: np.random.RandomState) -> None:
        """Write the first values into the parameters; `rule` draws those of W and b."""

    def buffers(self, below: Buffers, memory: Memory) -> Any:
        """Make the buffers for `memory.rows` rows; `below` are those of the layer below."""
        raise NotImplementedError

    def forward(self, A: Any, buffers: Any) -> Any:
        """Return the output for A. Overwrites A only where `below.free` was True."""
        raise NotImplementedError

    def backward(self, dA: np.ndarray, buffers: Any) -> Any:
        """Return dL/dA at the input, from dA at the output; writes the parameters' gradients.

        Overwrites dA. The result is None where nothing below learns.
        """
        raise NotImplementedError

    def predict(self, A: Any) -> Any:
        """Return the output for A in prediction. Overwrites A only above a dense layer."""
        raise NotImplementedError

    def folded(self, below: list[Layer]) -> list[Layer]:
        """Return the layers that predict what `below` and then this one would."""
        return [*below, self]
