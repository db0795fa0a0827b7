"""The first 200 steps of the training loss, from small weights and from Glorot's."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from _drawing import GRADIENT, VALUE
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier
from skbackprop.datasets import make_spirals

X, y = make_spirals(n_samples=300, n_classes=3, noise=0.2, random_state=0)
figure, ax = plt.subplots(figsize=(5.2, 2.8), layout="constrained")
for rule, label, color, style in [
    ("normal", "0.01 times normal", GRADIENT, "-"),
    ("glorot_normal", "Glorot normal", VALUE, "--"),
]:
    clf = BackpropClassifier(
        (25,), solver="sgd", momentum=0, learning_rate_init=1.0, batch_size=300, alpha=0,
        weight_init=rule, max_iter=200, n_iter_no_change=np.inf, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf.fit(X, y)
    ax.semilogx(range(1, 201), clf.loss_curve_, color=color, ls=style, label=label)
ax.axhline(np.log(3), color="0.5", lw=1)
ax.text(200, np.log(3) + 0.01, "log 3", ha="right", va="bottom", color="0.3", fontsize=9)
ax.set(xlabel="step", ylabel="training loss", ylim=(0.2, 1.25))
ax.grid(alpha=0.3)
ax.legend(loc="lower left", fontsize=9)
