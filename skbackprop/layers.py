"""The dense layer: one line forward, three lines backward.

Samples are rows. `W` has shape (fan_in, fan_out), `b` (fan_out,). All four arrays of a layer are
views into the network's flat vectors, so an optimizer that steps along those steps every layer.
"""

import numpy as np


class Dense:
    """Z = A W + b.

    Parameters
    ----------
    W, b : ndarray of shape (fan_in, fan_out) and (fan_out,)
        Views into `theta`.
    dW, db : ndarray of the same shapes
        Views into `grad`.
    """

    def __init__(self, W: np.ndarray, b: np.ndarray, dW: np.ndarray, db: np.ndarray) -> None:
        self.W, self.b, self.dW, self.db = W, b, dW, db

    def forward(self, A: np.ndarray, out: np.ndarray) -> None:
        """out = A @ W + b; A may be CSR."""
        product(A, self.W, out)
        np.add(out, self.b, out=out)

    def backward(
        self, A: np.ndarray, dZ: np.ndarray, ones: np.ndarray, dA: np.ndarray | None
    ) -> None:
        """dW = A.T @ dZ, db = sum of dZ over rows (ones @ dZ), dA = dZ @ W.T.

        The first layer passes `dA=None`: nobody asks for the gradient of the data.
        """
        product(A.T, dZ, self.dW)
        ones.dot(dZ, self.db)
        if dA is not None:
            product(dZ, self.W.T, dA)


def product(A: np.ndarray, B: np.ndarray, out: np.ndarray) -> None:
    """out = A @ B, in whatever memory order `out` is; A may be CSR."""
    if not isinstance(A, np.ndarray):
        np.copyto(out, A @ B)
    elif out.flags.c_contiguous:
        A.dot(B, out)
    elif out.flags.f_contiguous:
        B.T.dot(A.T, out.T)
    else:
        np.matmul(A, B, out=out)
