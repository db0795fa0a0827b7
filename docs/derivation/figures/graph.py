"""The computation graph of one pass: values on the way down, gradients on the way up."""

import matplotlib.pyplot as plt
import numpy as np

from skbackprop import BackpropClassifier
from skbackprop.inspection import Trace, trace_backprop

VALUE, GRADIENT = "#0072B2", "#D55E00"  # of Okabe and Ito's colours, which all can tell apart
MIDDLE, STEP = 0.0, 2.4


def traced() -> Trace:
    """One sample through the network of the chapter."""
    clf = BackpropClassifier((3,), alpha=0).initialize(2, classes=[0, 1])
    clf.coefs_ = [[[1.0, -1.0, 0.5], [-0.5, -1.0, 1.0]], [[1.0], [-2.0], [3.0]]]
    clf.intercepts_ = [[0.0, 0.5, 0.0], [0.5]]
    return trace_backprop(clf, [[1.0, -2.0]], [1])


def show(name: str, array: np.ndarray) -> str:
    """Name and numbers; a matrix of several rows has its name in a line of its own."""
    rows = np.atleast_2d(array) + 0.0  # no minus before a zero
    if len(rows) == 1:
        return f"{name} = [{', '.join(f'{x:.2f}' for x in rows[0])}]"
    return "\n".join([f"{name} =", *(" ".join(f"{x:6.2f}" for x in row) for row in rows)])


def draw(trace: Trace) -> plt.Figure:
    """The graph of a network with one hidden layer and one output unit."""
    hidden, output = trace.layers
    figure, ax = plt.subplots(figsize=(8.2, 9.9), layout="constrained")
    ax.set(xlim=(-5.3, 5.3), ylim=(-0.6, 5 * STEP + 1.3))
    ax.axis("off")
    text = {"fontsize": 10, "family": "monospace", "linespacing": 1.25}

    def node(x: float, y: float, label: str) -> None:
        box = {"boxstyle": "round,pad=0.45", "facecolor": "#f2f2f2", "edgecolor": "black"}
        ax.text(x, y, label, ha="center", va="center", fontsize=11, bbox=box, zorder=3)

    def arrow(start: tuple[float, float], end: tuple[float, float], color: str, style: str) -> None:
        line = {"arrowstyle": "-|>", "color": color, "linestyle": style, "linewidth": 1.6}
        ax.annotate("", end, start, arrowprops={**line, "mutation_scale": 14})

    def down(level: int, value: str, gradient: str | None) -> None:
        """The edge from a level to the next one."""
        top, bottom = level * STEP - 0.42, (level - 1) * STEP + 0.42
        arrow((MIDDLE - 0.1, top), (MIDDLE - 0.1, bottom), VALUE, "-")
        middle = (top + bottom) / 2
        ax.text(-0.3, middle, value, color=VALUE, ha="right", va="center", **text)
        if gradient is None:
            ax.text(0.3, middle, "(dX is not computed)", color="dimgray", va="center", fontsize=10)
        else:
            arrow((MIDDLE + 0.1, bottom), (MIDDLE + 0.1, top), GRADIENT, "--")
            ax.text(0.3, middle, gradient, color=GRADIENT, va="center", **text)

    def parameters(level: int, side: int, name: str, value: str, gradient: str) -> None:
        """The edge between a node and its weights (left) or intercepts (right)."""
        y, outer, inner = level * STEP, side * 4.75, side * 1.3
        node(outer, y, name)
        arrow((outer - side * 0.4, y + 0.06), (inner, y + 0.06), VALUE, "-")
        arrow((inner, y - 0.06), (outer - side * 0.4, y - 0.06), GRADIENT, "--")
        x = 0.42 * outer + 0.58 * inner
        ax.text(x, y + 0.18, value, color=VALUE, ha="center", va="bottom", **text)
        ax.text(x, y - 0.18, gradient, color=GRADIENT, ha="center", va="top", **text)

    names = ["$L$", "sigmoid and\ncross-entropy", "$A_1 W_2 + b_2$", "ReLU", "$X W_1 + b_1$", "$X$"]
    for level, name in enumerate(names):
        node(MIDDLE, level * STEP, name)
    down(5, show("X", trace.X), None)
    down(4, show("Z1", hidden.Z), show("dZ1", hidden.dZ))
    down(3, show("A1", hidden.A), show("dA1", hidden.dA))
    down(2, show("Z2", output.Z), show("dZ2", output.dZ))
    down(1, f"L = {trace.loss:.2f}", "dL = 1")
    parameters(4, -1, "$W_1$", show("W1", hidden.W), show("dW1", hidden.dW))
    parameters(4, 1, "$b_1$", show("b1", hidden.b), show("db1", hidden.db))
    parameters(2, -1, "$W_2$", show("W2.T", output.W.T), show("dW2.T", output.dW.T))
    parameters(2, 1, "$b_2$", show("b2", output.b), show("db2", output.db))
    ax.text(-0.3, 5 * STEP + 0.95, "values, forward", color=VALUE, ha="right", fontsize=12)
    ax.text(0.3, 5 * STEP + 0.95, "gradients, backward", color=GRADIENT, fontsize=12)
    return figure


draw(traced())
