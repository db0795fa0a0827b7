"""The arrays of a step, a cell for each number: values above, gradients below."""

import numpy as np
from _drawing import GRADIENT, VALUE, Sheet
from _small import traced
from matplotlib.colors import to_rgb

trace = traced()
hidden, output = trace.layers
CELL, GAP = 0.135, 0.32


def cells(sheet: Sheet, x: float, y: float, array: np.ndarray, color: str) -> None:
    """The darker, the larger, whatever the sign."""
    rows = np.atleast_2d(array)
    share = 0.08 + 0.92 * abs(rows) / abs(rows).max()
    paper = np.clip(1.0 - share[..., None] * (1.0 - np.array(to_rgb(color))), 0.0, 1.0)
    box = (x, x + CELL * rows.shape[1], y - CELL * len(rows) / 2, y + CELL * len(rows) / 2)
    sheet.ax.imshow(paper, extent=box, aspect="auto", zorder=2)
    for i in range(rows.shape[1] + 1):
        sheet.ax.plot([x + CELL * i] * 2, box[2:], color="0.3", lw=0.5, zorder=3)
    for j in range(len(rows) + 1):
        sheet.ax.plot(box[:2], [box[2] + CELL * j] * 2, color="0.3", lw=0.5, zorder=3)


def draw() -> Sheet:
    """Z1 = X W1 + b1, A1 = max(Z1, 0), Z2 = A1 W2 + b2, A2 = softmax(Z2)."""
    sheet = Sheet(5.2, 3.3)
    arrays = [
        ("X", trace.X, None),
        ("W1", hidden.W, hidden.dW),
        ("Z1", hidden.Z, hidden.dZ),
        ("A1", hidden.A, hidden.dA),
        ("W2", output.W, output.dW),
        ("Z2", output.Z, output.dZ),
        ("A2", output.A, None),
    ]
    x = 0.12
    for (name, value, gradient), sign in zip(arrays, "·→→·→→ ", strict=True):
        middle = x + CELL * value.shape[1] / 2
        shape = f"{name}\n{value.shape[0]} x {value.shape[1]}"
        sheet.write(middle, 2.95, shape, VALUE, fontsize=9)
        cells(sheet, x, 2.28, value, VALUE)
        if gradient is not None:
            cells(sheet, x, 0.98, gradient, GRADIENT)
            sheet.write(middle, 0.4, f"d{name}", GRADIENT, fontsize=9)
        x += CELL * value.shape[1] + GAP
        sheet.write(x - GAP / 2, 2.28, sign, fontsize=13)
    sheet.ax.set(xlim=(0, 5.2), ylim=(0, 3.3))
    words = "values: forward, to the right", "gradients: backward, to the left"
    sheet.write(0.12, 1.66, words[0], VALUE, ha="left", fontsize=9)
    sheet.write(0.12, 0.12, words[1], GRADIENT, ha="left", fontsize=9)
    return sheet


draw()
