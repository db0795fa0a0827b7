"""Adam and gradient descent in a ravine along a weight, and in one turned by 45 degrees."""

import matplotlib.pyplot as plt
import numpy as np

from skbackprop.optimizers import SGD, Adam, Optimizer

HALF = np.sqrt(0.5)
TURNED = np.array([[HALF, -HALF], [HALF, HALF]])
RAVINES = {"along a weight": np.eye(2), "turned by 45°": TURNED}
PLAIN = SGD(momentum=0, nesterovs_momentum=False)


def walk(optimizer: Optimizer, lr: float, hessian: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The weights before the first and after each of forty steps."""
    w = start.copy()
    state = optimizer.init(w)
    path = [w.copy()]
    for _ in range(40):
        optimizer.step(w, hessian @ w, state, lr)
        path.append(w.copy())
    return np.array(path)


def draw() -> plt.Figure:
    """A row for each ravine, with the paths on the loss's contours."""
    heights = {"height_ratios": [6.4, 14]}
    figure, axes = plt.subplots(2, 1, figsize=(4.8, 7.6), layout="constrained", gridspec_kw=heights)
    for ax, (name, turn) in zip(axes, RAVINES.items(), strict=True):
        hessian, start = turn @ np.diag([1.0, 49.0]) @ turn.T, turn @ np.array([10.0, 1.0])
        x, y = np.meshgrid(np.linspace(-3.2, 10.8, 200), np.linspace(-3.2, 10.8, 200))
        loss = 0.5 * (hessian[0, 0] * x**2 + 2 * hessian[0, 1] * x * y + hessian[1, 1] * y**2)
        ax.contour(x, y, loss, levels=[1, 5, 15, 40, 80, 140, 220], colors="0.75", linewidths=0.8)
        for optimizer, lr, label, style in (
            (PLAIN, 0.04, "gradient descent", {"color": "#D55E00", "marker": "s", "ls": "--"}),
            (Adam(), 0.5, "Adam", {"color": "#0072B2", "marker": "o", "ls": "-"}),
        ):
            path = walk(optimizer, lr, hessian, start)
            ax.plot(*path.T, label=label, linewidth=1.2, markersize=3, **style)
        ax.plot(0, 0, color="black", marker="+", markersize=12, markeredgewidth=1.5)
        ax.set_title(name, fontsize=12)
        ax.set_xlabel("$w_1$", fontsize=12)
        ax.set_ylabel("$w_2$", fontsize=12)
        ax.set_aspect("equal")
    axes[0].set_ylim(-3.2, 3.2)
    axes[0].legend(fontsize=11, loc="upper left", frameon=False, ncols=2)
    return figure


draw()
