"""An activation made of two functions that the user supplies."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skbackprop.activations.base import Activation
from skbackprop.formulas import Graph, Value


@dataclass(frozen=True)
class FunctionPair(Activation):
    """A = function(Z), f'(Z) = derivative(Z), both elementwise.

    Parameters
    ----------
    function : callable
        Maps an array to one of the same shape; must not change its argument.
    derivative : callable
        Likewise, and also a function of Z.

    Notes
    -----
    What they return is copied into the network's buffers, in the network's dtype. To pickle the
    pair, use functions defined at the top of a module, not lambdas.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.activations import FunctionPair, check_activation
    >>> sine = FunctionPair(np.sin, np.cos)
    >>> check_activation(sine)
    """

    function: Callable[[np.ndarray], np.ndarray]
    derivative: Callable[[np.ndarray], np.ndarray]
    needs_z: ClassVar[bool] = True

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = function(Z)."""
        np.copyto(out, _like(Z, self.function(Z), "function"))

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * derivative(Z); A becomes derivative(Z)."""
        np.copyto(A, _like(Z, self.derivative(Z), "derivative"))
        np.multiply(dA, A, out=dA)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """Raise: a Python function has no ONNX operators.

        Raises
        ------
        NotImplementedError
            Always.
        """
        name = getattr(self.function, "__name__", type(self.function).__name__)
        raise NotImplementedError(
            f"An activation made of Python functions, here {name}, can't be exported to ONNX."
            " Write a subclass of Activation that has a method `onnx`: see skbackprop.onnx."
        )


def _like(Z: np.ndarray, values: np.ndarray, name: str) -> np.ndarray:
    """Return the values if they are real numbers in the shape of Z; copyto would broadcast."""
    if np.shape(values) != Z.shape or np.asarray(values).dtype.kind not in "biuf":
        raise ValueError(
            f"{name} must return an array of real numbers shaped like its argument, {Z.shape}. "
            f"It returned {np.asarray(values).dtype} of shape {np.shape(values)}."
        )
    return values
