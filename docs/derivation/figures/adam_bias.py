"""How long Adam's steps are for a constant gradient, with and without the correction."""

import matplotlib.pyplot as plt
import numpy as np

from skbackprop.optimizers import Adam

STEPS = 3000


def lengths() -> tuple[np.ndarray, np.ndarray]:
    """Of each step over the rate: the optimizer's, and m over the root of v."""
    adam = Adam()
    w = np.zeros(1)
    state, places, quotients = adam.init(w), [0.0], []
    for _ in range(STEPS):
        adam.step(w, np.ones(1), state, 1.0)
        places.append(float(w[0]))
        m, v = (mean.scale * mean.vector[0] for mean in (state.m, state.v))
        quotients.append(float(m / np.sqrt(v)))
    return -np.diff(places), np.array(quotients)


def draw() -> plt.Figure:
    """Two curves on a logarithmic axis of steps."""
    corrected, raw = lengths()
    figure, ax = plt.subplots(figsize=(4.8, 3.4), layout="constrained")
    steps = np.arange(1, STEPS + 1)
    ax.plot(steps, raw, color="#D55E00", linestyle="--", linewidth=2)
    ax.plot(steps, corrected, color="#0072B2", linewidth=2)
    ax.text(28, 6.2, "not corrected", color="#D55E00", fontsize=12)
    ax.text(1.1, 1.35, "corrected", color="#0072B2", fontsize=12)
    ax.set(xscale="log", ylim=(0, 7.2))
    ax.set_xlabel("step", fontsize=12)
    ax.set_ylabel("length, over the rate", fontsize=12)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


draw()
