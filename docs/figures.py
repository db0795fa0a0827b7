"""The pictures of guide/training.rst, and one of the gallery's: `python docs/figures.py`.

Needs the extra "plot". A folder may be named, to write them there.
"""

import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.inspection import check_gradients, trace_backprop
from skbackprop.plotting import GradientCheckDisplay, NetworkDisplay, TrainingHistoryDisplay
from skbackprop.schedules import (
    SCHEDULES,
    Adaptive,
    Cosine,
    InvScaling,
    OneCycle,
    ReduceOnPlateau,
    Step,
)

HERE = Path(__file__).parent
EPOCHS, BATCHES, PATIENCE = 100, 10, 10
#: The epochs without an improvement of the loss.
STALLED = [epoch for epoch in range(EPOCHS) if not 25 <= epoch < 50]
PLATEAU = (InvScaling, Adaptive, ReduceOnPlateau)


def factors(schedule):
    """The factor at each step of a training whose loss stalls as above."""
    factor, waited, steps = 1.0, 0, []
    for epoch in range(EPOCHS):
        for batch in range(BATCHES):
            done = (epoch + (batch + 0.5) / BATCHES) / EPOCHS
            steps.append(factor * schedule.factor_at(done))
        waited = waited + 1 if epoch in STALLED else 0
        factor = schedule.after_epoch(factor, (epoch + 1) * 200 * BATCHES, waited)
        if waited > PATIENCE:
            changed = schedule.on_plateau(factor, factor)
            factor, waited = (factor, waited) if changed is None else (changed, 0)
    return np.array(steps)


def draw_schedules():
    """One small picture for each string, and one with a warm-up."""
    named = {f'"{name}"': cls() for name, cls in SCHEDULES.items()}
    named["Cosine(warmup=0.2)"] = Cosine(warmup=0.2)
    named["OneCycle(final=0.2)"] = OneCycle(final=0.2)
    named["Step(drop=0.5, period=0.2)"] = Step(drop=0.5, period=0.2)
    figure, axes = plt.subplots(3, 4, figsize=(10, 5.4), sharex=True, layout="constrained")
    s = (np.arange(EPOCHS * BATCHES) + 0.5) / (EPOCHS * BATCHES)
    for ax, (name, schedule) in zip(axes.flat, named.items(), strict=True):
        values = factors(schedule)
        ax.plot(s, values, color="#0072B2", linewidth=2)
        if isinstance(schedule, PLATEAU):
            ax.set(yscale="log", ylim=(values.min() / 2, 2))
            name += ", log axis"
        else:
            ax.set(ylim=(-0.05, 1.1))
        ax.set_title(name, fontsize=10, family="monospace")
        ax.grid(alpha=0.3)
        ax.set_xlim(0, 1)
    figure.supxlabel("fraction of training", fontsize=10)
    figure.supylabel("factor", fontsize=10)
    return figure


def draw_digits():
    """The first images of the digits: a picture for the script that draws none."""
    images, _ = load_digits(return_X_y=True)
    figure, axes = plt.subplots(3, 4, figsize=(4, 2.8), layout="constrained")
    for ax, image in zip(axes.flat, images, strict=False):
        ax.imshow(image.reshape(8, 8), cmap="Greys")
        ax.axis("off")
    return figure


def draw_displays():
    """A history, a graph with a step's numbers, and a gradient check."""
    X, y = load_digits(return_X_y=True)
    X, X_val, y, y_val = train_test_split(X / 16, y, random_state=0)
    clf = BackpropClassifier((30,), learning_rate="one_cycle", max_iter=40, random_state=0)
    clf.set_params(learning_rate_init=0.01, n_iter_no_change=float("inf"))
    yield (
        "history",
        TrainingHistoryDisplay.from_estimator(clf.fit(X, y, X_val=X_val, y_val=y_val)).figure_,
    )

    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X[:, 2:])
    clf = BackpropClassifier((3,), activation="tanh", learning_rate_init=0.01, random_state=0)
    clf.set_params(max_iter=30).fit(X, y)
    trace = trace_backprop(clf, X[:1], y[:1])
    yield "network", NetworkDisplay.from_estimator(clf, trace=trace).figure_
    yield "gradients", GradientCheckDisplay(check_gradients(clf, X, y)).plot().figure_


def main(folder):
    """Write all of them."""
    plt.switch_backend("Agg")
    warnings.simplefilter("ignore", ConvergenceWarning)
    pictures = [("schedules", draw_schedules()), ("digits", draw_digits()), *draw_displays()]
    for name, figure in pictures:
        figure.savefig(Path(folder) / f"{name}.png", dpi=100)
        plt.close(figure)


if __name__ == "__main__":
    main(*(sys.argv[1:] or [HERE]))
