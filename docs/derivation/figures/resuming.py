"""The training loss across a break: in one go, continued exactly, and from the weights alone."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier


def losses(warm_start: bool | str, *parts: int) -> np.ndarray:
    """The loss of each epoch; `fit` is called once for each part."""
    X, y = load_digits(return_X_y=True)
    clf = BackpropClassifier(
        (30,), learning_rate_init=0.03, n_iter_no_change=np.inf, warm_start=warm_start
    )
    clf.set_params(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for n in parts:
            clf.set_params(max_iter=n).fit(X / 16, y)
    return np.array(clf.history_["loss"])


def draw() -> plt.Figure:
    """Three curves from the fifth epoch on, with a line at the break."""
    figure, ax = plt.subplots(figsize=(4.8, 3.8), layout="constrained")
    epochs = np.arange(1, 21)
    shown = slice(4, None)
    whole, exact, weights = losses(False, 20), losses("exact", 10, 10), losses(True, 10, 10)
    ax.plot(epochs[shown], whole[shown], color="black", linewidth=1.5, label="in one go")
    ax.plot(epochs[10:], weights[10:], "s--", color="#D55E00", label="True: from the weights")
    ax.plot(epochs[shown], exact[shown], "o", color="#0072B2", label='"exact"')
    ax.axvline(10.5, color="0.6", linewidth=1, linestyle=":")
    ax.set(ylim=(0, None), xticks=range(5, 21, 5))
    ax.set_xlabel("epoch", fontsize=12)
    ax.set_ylabel("training loss", fontsize=12)
    ax.legend(fontsize=11, frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


draw()
