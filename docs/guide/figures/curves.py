"""A learning curve and a validation curve."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import learning_curve, validation_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

TRAINING, VALIDATION = "#D55E00", "#0072B2"  # of Okabe and Ito's colours

warnings.simplefilter("ignore", ConvergenceWarning)
X, progress = load_diabetes(return_X_y=True, scaled=False)
y = progress > np.median(progress)
clf = make_pipeline(
    StandardScaler(),
    BackpropClassifier((20,), alpha=10.0, learning_rate_init=0.01, random_state=0),
)


def band(ax, x, scores, color, style, label):
    """The mean over the folds, and a standard deviation around it."""
    mean, std = scores.mean(axis=1), scores.std(axis=1)
    ax.plot(x, mean, style, color=color, label=label)
    ax.fill_between(x, mean - std, mean + std, color=color, alpha=0.15, lw=0)


def draw():
    """Two panels."""
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.7), layout="constrained")
    sizes, *accuracies = learning_curve(
        clf, X, y, train_sizes=[40, 80, 120, 160, 240, 350], shuffle=True, random_state=0
    )
    for scores, color, style, label in zip(
        accuracies,
        (TRAINING, VALIDATION),
        ("s--", "o-"),
        ("training samples", "validation samples"),
        strict=True,
    ):
        band(left, sizes, scores, color, style, label)
    left.set(xlabel="samples to train on", ylabel="accuracy", title="Learning curve")
    left.legend()

    alphas = [0.01, 0.1, 1, 3, 10, 30, 100, 300]
    losses = validation_curve(
        clf,
        X,
        y,
        param_name="backpropclassifier__alpha",
        param_range=alphas,
        scoring="neg_log_loss",
    )
    for scores, color, style in zip(losses, (TRAINING, VALIDATION), ("s--", "o-"), strict=True):
        band(right, alphas, -scores, color, style, "")
    right.set(xscale="log", xlabel="alpha", ylabel="log loss", title="Validation curve")


draw()
