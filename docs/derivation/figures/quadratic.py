"""How hard two losses pull at the score of a sample of class 1."""

import matplotlib.pyplot as plt
import numpy as np
from _drawing import GRADIENT, VALUE

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop

figure, ax = plt.subplots(figsize=(5.2, 2.7), layout="constrained")
z = np.linspace(-8, 4, 121)
for loss, color, style in ("cross_entropy", VALUE, "-"), ("squared_error", GRADIENT, "--"):
    clf = BackpropClassifier((), alpha=0, loss=loss).initialize(1, classes=[0, 1])
    clf.coefs_, clf.intercepts_ = [np.ones((1, 1))], [np.zeros(1)]  # the score is the feature
    pull = [trace_backprop(clf, [[x]], [1]).layers[0].dZ.item() for x in z]
    ax.plot(z, pull, color=color, ls=style, label=loss.replace("_", " "))
ax.axvline(-6, color="0.5", lw=1)
ax.text(-5.85, -0.6, "sure and wrong", color="0.3", fontsize=9)
ax.set(xlabel="score z; the truth is y = 1", ylabel="dL/dz", xlim=(-8, 4))
ax.grid(alpha=0.3)
ax.legend(loc="lower right", fontsize=9)
