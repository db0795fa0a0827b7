"""The sigmoid and its slope, with the chapter's four samples."""

import matplotlib.pyplot as plt
import numpy as np
from _drawing import GRADIENT, VALUE

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop

X = np.array([[0.5, 1.0], [2.0, -1.0], [-1.0, 0.5], [1.5, 2.0]])
clf = BackpropClassifier((), alpha=0).initialize(2, classes=[0, 1])
clf.coefs_, clf.intercepts_ = [np.array([[0.8], [-0.4]])], [np.array([0.1])]
(layer,) = trace_backprop(clf, X, [0, 1, 0, 1]).layers

figure, ax = plt.subplots(figsize=(5.2, 3.1), layout="constrained")
z = np.linspace(-6, 6, 241)
a = 1 / (1 + np.exp(-z))
ax.plot(z, a, color=VALUE, label="$s(z)$")
ax.plot(z, a * (1 - a), color=GRADIENT, ls="--", label="its slope, $s(z)\\,(1 - s(z))$")
near = np.array([-0.9, 0.9])
for score, p in zip(layer.Z.ravel(), layer.A.ravel(), strict=True):
    ax.plot(score + near, p + p * (1 - p) * near, color="black", lw=1)
ax.plot(layer.Z, layer.A, "o", color=VALUE, label="the four samples, with tangents")
ax.plot(layer.Z, layer.A * (1 - layer.A), "o", color=GRADIENT, ms=4)
ax.set(xlabel="score z", xlim=(-6, 6), ylim=(-0.05, 1.05))
ax.grid(alpha=0.3)
ax.legend(loc="upper left", fontsize=8.5)
