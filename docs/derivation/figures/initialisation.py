"""Histograms of the activations in five hidden layers, for three ways to draw the weights."""

import matplotlib.pyplot as plt
import numpy as np

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop

RULES = {
    "normal": "0.01 times\nnormal",
    "glorot_normal": "Glorot\nnormal",
    "he_normal": "He\nnormal",
}


def activations(rule: str) -> list[np.ndarray]:
    """A of five ReLU layers of 100 units, for 1,000 samples with 100 standard normal features."""
    X = np.random.default_rng(0).standard_normal((1000, 100))
    clf = BackpropClassifier(hidden_layer_sizes=[100] * 5, weight_init=rule, random_state=0)
    clf.initialize(100, classes=[0, 1])
    return [layer.A for layer in trace_backprop(clf, X, np.arange(1000) % 2).layers[:-1]]


def draw() -> plt.Figure:
    """A row for each rule, a column for the first, the third and the fifth layer."""
    figure, axes = plt.subplots(
        len(RULES), 3, figsize=(5.2, 5.0), sharex=True, sharey="row", layout="constrained"
    )
    bins = np.linspace(0.0, 4.0, 41)
    for row, (rule, name) in zip(axes, RULES.items(), strict=True):
        row[0].set_ylabel(name, fontsize=11)
        for ax, number, A in zip(row, (1, 3, 5), activations(rule)[::2], strict=True):
            positive = A[A > 0]
            ax.hist(positive, bins, weights=np.full(positive.size, 100 / A.size), color="#0072B2")
            ax.set_title(f"layer {number}\nstd {A.std():.1g}", fontsize=10)
            ax.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("activation, where it is positive", fontsize=11)
    figure.supylabel("% of all activations", fontsize=11)
    return figure


draw()
