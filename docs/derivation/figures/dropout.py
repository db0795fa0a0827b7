"""A dropout layer's two passes: the same mask on the way forward and on the way back."""

import matplotlib.pyplot as plt
import numpy as np

from skbackprop.layers import Buffers, Dropout
from skbackprop.vectors import Memory

M_SAMPLES, N_UNITS = 8, 10


def passes() -> dict[str, np.ndarray]:
    """The arrays of a forward and a backward pass, by what stands above them."""
    rng = np.random.default_rng(1)
    A, dA = rng.uniform(0.4, 1.0, (2, M_SAMPLES, N_UNITS))
    given = dA.copy()
    layer = Dropout(1 / 3)
    buffers = layer.buffers(Buffers(A), Memory(M_SAMPLES, A.dtype, rng))
    out = layer.forward(A, buffers).copy()
    mask = buffers.M
    return {
        "$A$": A,
        "$M$": mask,
        r"$\tilde A = A \odot M$": out,
        r"$d\tilde A$": given,
        "$M$ again": mask,
        r"$dA = d\tilde A \odot M$": layer.backward(dA, buffers),
    }


def draw() -> plt.Figure:
    """Three tables for each pass; what is 0 is crossed out."""
    figure, axes = plt.subplots(2, 3, figsize=(4.8, 3.8), layout="constrained")
    for ax, (name, array) in zip(axes.flat, passes().items(), strict=True):
        ax.imshow(array, cmap="Blues", vmin=0, vmax=2)
        rows, columns = np.nonzero(array == 0)
        ax.plot(columns, rows, "x", color="#D55E00", markersize=5)
        ax.set_title(name, fontsize=12)
        ax.set(xticks=[], yticks=[])
    axes[0, 0].set_ylabel("forward", fontsize=12)
    axes[1, 0].set_ylabel("backward", fontsize=12)
    return figure


draw()
