"""The loss of one sample over its score, with the chapter's four samples."""

import matplotlib.pyplot as plt
import numpy as np
from _drawing import GRADIENT, VALUE

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop

X, y = np.array([[0.5, 1.0], [2.0, -1.0], [-1.0, 0.5], [1.5, 2.0]]), np.array([0, 1, 0, 1])
clf = BackpropClassifier((), alpha=0).initialize(2, classes=[0, 1])
clf.coefs_, clf.intercepts_ = [np.array([[0.8], [-0.4]])], [np.array([0.1])]

figure, ax = plt.subplots(figsize=(5.2, 3.1), layout="constrained")
z = np.linspace(-6, 6, 241)
for truth, color, style in (1, VALUE, "-"), (0, GRADIENT, "--"):
    ax.plot(z, np.logaddexp(0, z) - truth * z, color=color, ls=style, label=f"y = {truth}")
near = np.array([-1.2, 1.2])
for x, truth in zip(X, y, strict=True):
    one = trace_backprop(clf, x[None], [truth])  # of a single sample dZ is the slope
    (layer,) = one.layers
    ax.plot(layer.Z.item() + near, one.loss + layer.dZ.item() * near, color="black", lw=1)
    ax.plot(layer.Z.item(), one.loss, "o", color=VALUE if truth else GRADIENT)
ax.plot([], [], "ko-", lw=1, label="a sample; its tangent\nhas the slope a - y")
ax.set(xlabel="score z", ylabel="loss", xlim=(-6, 6), ylim=(-0.3, 6.2))
ax.grid(alpha=0.3)
ax.legend(loc="upper center", fontsize=8.5)
