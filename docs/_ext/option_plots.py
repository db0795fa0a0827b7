"""Small pictures of the options that are functions of one number, drawn by themselves."""

import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from skbackprop.activations import Activation
from skbackprop.losses import Loss
from skbackprop.options import Option
from skbackprop.schedules import Schedule

DOCS = Path(__file__).parents[1]
#: Where the build writes them.
FOLDER = DOCS / "_build" / "options"
#: Readable on white and on black.
FUNCTION, DERIVATIVE, AXES = "#2a86d1", "#e07b39", "#8a8a8a"

Curve = tuple[np.ndarray, np.ndarray, str]


def activation_curves(activation: Activation) -> Iterator[Curve]:
    """f and f', as training computes them."""
    z = np.linspace(-4, 4, 401) + 1e-9
    Z, A, slope = z[:, None].copy(), np.empty((401, 1)), np.ones((401, 1))
    if activation.needs_z:
        activation.forward(Z, A)
    else:
        A = Z
        activation.forward(Z, Z)
    yield z, A[:, 0].copy(), FUNCTION
    activation.backward(slope, Z, A)
    yield z, slope[:, 0], DERIVATIVE


def loss_curves(loss: Loss) -> Iterator[Curve]:
    """L and dL/dz, for one output and the target 1."""
    try:
        form, y = loss.on("binary"), 1.0
    except ValueError:
        form, y = loss.on("regression"), 1.0
    z = np.linspace(-4, 4, 161)
    values, slopes = np.empty_like(z), np.empty_like(z)
    for i, score in enumerate(z):
        Z = np.full((1, 1), score)
        scratch = form.scratch(Z)
        values[i] = form.value_and_gradient(Z, np.full((1, 1), y), np.ones(1), scratch)
        slopes[i] = Z[0, 0]
    yield z, values, FUNCTION
    yield z, slopes, DERIVATIVE


def schedule_curves(schedule: Schedule) -> Iterator[Curve]:
    """The factor over the training, as in the figure of guide/training.rst."""
    sys.path.insert(0, str(DOCS))
    from figures import factors

    values = factors(schedule)
    yield np.linspace(0, 1, len(values)), values, FUNCTION


CURVES = {Activation: activation_curves, Loss: loss_curves, Schedule: schedule_curves}
LEGENDS = {
    Activation: "Blue is f, orange f', from z = -4 to 4.",
    Loss: "Blue is L, orange its derivative, over the score z, where the target is 1.",
    Schedule: "The curve is the factor over the training.",
}


def legend(option: type[Option]) -> str:
    """What the curves of such options are; nothing where there are none."""
    return "".join(text for base, text in LEGENDS.items() if issubclass(option, base))


def curves(option: type[Option]) -> list[Curve]:
    """What to draw of an option; nothing for the others."""
    return [c for base, make in CURVES.items() if issubclass(option, base) for c in make(option())]


def draw(option: type[Option]) -> str | None:
    """Write the picture. Returns its address in the documentation."""
    lines = curves(option)
    if not lines:
        return None
    figure = Figure(figsize=(1.9, 1.3), layout="constrained")
    ax = figure.subplots()
    for x, values, color in lines[::-1]:
        ax.plot(x, values, color=color, lw=1.6)
    if issubclass(option, Schedule):
        ax.set(xlim=(0, 1), ylim=(-0.05, 1.1))
    else:
        low, high = (-1.6, 2.6) if issubclass(option, Activation) else (-2.2, 4.2)
        ax.set(xlim=(-4, 4), ylim=(low, high))
        ax.axvline(0, color=AXES, lw=0.6)
    ax.axhline(0, color=AXES, lw=0.6)
    ax.tick_params(labelsize=6, colors=AXES, length=2)
    ax.spines[:].set_visible(False)
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = f"{option.__name__}.svg"
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(FOLDER / name, transparent=True, metadata={"Date": None})
    return f"/_build/options/{name}"
