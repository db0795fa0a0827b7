"""Sixty steps in a ravine: gradient descent, momentum, Nesterov's momentum."""

import matplotlib.pyplot as plt
import numpy as np

from skbackprop.optimizers import SGD

CURVATURE = np.array([1.0, 49.0])
WALKS = {
    "gradient descent, rate 0.04": (SGD(momentum=0, nesterovs_momentum=False), 0.04),
    "momentum 0.56, rate 0.0625": (SGD(momentum=0.5625, nesterovs_momentum=False), 0.0625),
    "Nesterov's momentum 0.75, rate 0.02": (SGD(momentum=0.75), 0.02),
}


def walk(optimizer: SGD, lr: float) -> np.ndarray:
    """The weights before the first and after each of sixty steps."""
    w = np.array([10.0, 1.0])
    state = optimizer.init(w)
    path = [w.copy()]
    for _ in range(60):
        optimizer.step(w, CURVATURE * w, state, lr)
        path.append(w.copy())
    return np.array(path)


def draw() -> plt.Figure:
    """A row for each walk, on the loss's contours."""
    figure, axes = plt.subplots(3, 1, figsize=(4.8, 6.6), sharex=True, layout="constrained")
    x, y = np.meshgrid(np.linspace(-1.5, 10.8, 200), np.linspace(-3, 3, 120))
    loss = 0.5 * (x**2 + CURVATURE[1] * y**2)
    for ax, (name, (optimizer, lr)) in zip(axes, WALKS.items(), strict=True):
        path = walk(optimizer, lr)
        ax.contour(x, y, loss, levels=[1, 5, 15, 40, 80, 140, 220], colors="0.75", linewidths=0.8)
        ax.plot(*path.T, color="#0072B2", linewidth=1.2, marker="o", markersize=3)
        ax.plot(*path[-1], color="#D55E00", marker="s", markersize=8)
        ax.plot(0, 0, color="black", marker="+", markersize=12, markeredgewidth=1.5)
        ax.set_title(name, fontsize=12)
        ax.set_ylabel("$w_2$", fontsize=12)
        ax.tick_params(labelsize=10)
    axes[-1].set_xlabel("$w_1$     (+ minimum, square: after 60 steps)", fontsize=12)
    return figure


draw()
