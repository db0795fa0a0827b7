"""The figures of docs/guide/choosing.rst and the tables below them.

`python docs/_figures/choosing.py` makes all of them again, in about a minute; the extra `plot`
brings matplotlib. Every number is a loss or an accuracy on data that scikit-learn or skbackprop
brings along, a median of three seeds. None is a time. With `main(folder, max_epochs=1)` the script
can be tried.
"""

import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier
from skbackprop.datasets import make_spirals
from skbackprop.inspection import trace_backprop

mpl.use("agg")
import matplotlib.pyplot as plt

warnings.simplefilter("ignore", ConvergenceWarning)

Data = tuple[np.ndarray, np.ndarray]
GUIDE = Path(__file__).parents[1] / "guide"
SEEDS = range(3)
#: A limit for trials.
MAX_EPOCHS = 1000
#: Okabe and Ito's colours, told apart by colour-blind readers too; each has its own marker.
STYLES = list(
    zip(
        ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"],
        "osD^vPX",
        strict=True,
    )
)

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
DIGITS_TRAIN, DIGITS_TEST = (X_train, y_train), (X_test, y_test)


def train(seed: int, data: Data = DIGITS_TRAIN, **params: object) -> BackpropClassifier:
    """A network after exactly `max_iter` epochs, unless the parameters say otherwise."""
    fixed = {"hidden_layer_sizes": (50,), "tol": 0.0, "n_iter_no_change": np.inf}
    params = {**fixed, **params, "max_iter": min(params["max_iter"], MAX_EPOCHS)}
    return BackpropClassifier(**params, random_state=seed).fit(*data)


def last_loss(**params: object) -> float:
    """Training loss of the last epoch; infinite where a seed diverged."""
    losses = []
    for seed in SEEDS:
        try:
            losses.append(train(seed, **params).loss_)
        except ValueError:  # parameters became infinite
            losses.append(np.inf)
    return float(np.median(losses))


def loss_curve(**params: object) -> np.ndarray:
    """Training loss by epoch, of the length of the shortest run."""
    curves = [train(seed, **params).loss_curve_ for seed in SEEDS]
    n = min(map(len, curves))
    return np.median([curve[:n] for curve in curves], axis=0)


def accuracy(training: Data, new: Data, **params: object) -> float:
    """Accuracy on samples that it wasn't trained on."""
    return float(np.median([train(seed, training, **params).score(*new) for seed in SEEDS]))


def label_ends(ax: plt.Axes, lines: Iterable[tuple[str, str, float, float]], gap: float) -> None:
    """Write names at the ends of lines, at least `gap` apart in units of log10."""
    placed = -np.inf
    for name, color, x, y_end in sorted(lines, key=lambda line: line[3]):
        placed = max(np.log10(y_end), placed + gap)
        ax.annotate(
            name,
            (x, 10**placed),
            xytext=(6, 0),
            textcoords="offset points",
            color=color,
            va="center",
            fontsize=9,
            annotation_clip=False,
        )


def save(figure: plt.Figure, name: str) -> None:
    """Write a picture without the date, so that equal pictures are equal files."""
    figure.savefig(GUIDE / f"{name}.png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    print(GUIDE / f"{name}.png")


def table(title: str, head: list[str], rows: list[list[str]]) -> str:
    """A list-table in reStructuredText."""
    lines = [f".. list-table:: {title}", "   :header-rows: 1", "   :align: left", ""]
    lines += ["   * - " + "\n     - ".join(row) for row in [head, *rows]]
    return "\n".join(lines) + "\n"


def write(name: str, text: str) -> None:
    """Write a table for the page to include."""
    first = ".. made by python docs/_figures/choosing.py; don't edit\n\n"
    (GUIDE / f"{name}.inc").write_text(first + text, encoding="utf-8")


def solvers() -> None:
    """Loss after 20 epochs against the learning rate; loss by epoch at the best rate."""
    rates = np.geomspace(1e-4, 1.0, 13)
    names = ["sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    ends, rows = [], []
    for name, (color, marker) in zip(names, STYLES, strict=False):
        losses = np.array(
            [last_loss(solver=name, learning_rate_init=float(r), max_iter=20) for r in rates]
        )
        left.plot(rates, losses, color=color, marker=marker, ms=5, label=name)
        best = int(losses.argmin())
        default = last_loss(solver=name, max_iter=20)
        curve = loss_curve(solver=name, learning_rate_init=float(rates[best]), max_iter=60)
        curve = np.minimum.accumulate(curve)
        epochs = np.arange(1, len(curve) + 1)
        right.plot(epochs, curve, color=color, marker=marker, ms=5, markevery=10)
        ends.append((name, color, len(curve), curve[-1]))
        rows.append(
            [
                f"``{name}``",
                f"{default:.2g}",
                f"{losses[best]:.2g} at {rates[best]:.2g}",
            ]
        )
    curve = loss_curve(solver="lbfgs", max_iter=60, tol=1e-4)
    right.plot(np.arange(1, len(curve) + 1), curve, color="black", marker="X", ms=5, markevery=10)
    ends.append(("lbfgs", "black", len(curve), curve[-1]))
    label_ends(right, ends, 0.22)
    left.axvline(1e-3, color="grey", lw=1, ls=":")
    left.annotate(
        "default",
        (1e-3, 0.98),
        xycoords=("data", "axes fraction"),
        va="top",
        xytext=(3, 0),
        textcoords="offset points",
        color="dimgrey",
        fontsize=9,
    )
    left.set(
        xscale="log",
        yscale="log",
        ylim=(None, 10),
        xlabel="learning_rate_init",
        ylabel="training loss",
        title="after 20 epochs",
    )
    left.legend(frameon=False, fontsize=9, loc="lower left")
    right.set(
        yscale="log",
        xlabel="epoch (lbfgs: iteration)",
        ylabel="lowest training loss so far",
        xlim=(0, 60),
        title="at its best rate of the left panel",
    )
    for ax in (left, right):
        ax.grid(alpha=0.25)
    save(figure, "solvers")
    head = ["solver", "loss at the default rate", "lowest loss"]
    write("solvers", table("Training loss after 20 epochs on the digits, (50,)", head, rows))


def activations() -> None:
    """Accuracy on new samples for 1 to 8 hidden layers, on two data sets."""
    names = ["relu", "silu", "selu", "tanh", "logistic", "identity"]
    depths = [1, 2, 4, 8]
    common = {"max_iter": 60, "learning_rate_init": 0.003, "batch_size": 30}
    spirals = make_spirals(600, random_state=0), make_spirals(600, random_state=1)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
    text = ""
    for ax, title, data in zip(
        axes, ["spirals", "digits"], [spirals, (DIGITS_TRAIN, DIGITS_TEST)], strict=True
    ):
        rows = []
        for i, (name, (color, marker)) in enumerate(zip(names, STYLES, strict=False)):
            values = [
                accuracy(*data, activation=name, hidden_layer_sizes=(30,) * depth, **common)
                for depth in depths
            ]
            # side by side, as many are equal
            x = np.arange(len(depths)) + 0.09 * (i - 2.5)
            ax.plot(x, values, color=color, marker=marker, lw=1, label=name)
            rows.append([f"``{name}``", *(f"{value:.3f}" for value in values)])
        ax.set(xlabel="hidden layers of 30 units", title=title)
        ax.set_xticks(range(len(depths)), [str(depth) for depth in depths])
        ax.grid(alpha=0.25, axis="y")
        head = ["activation", *(f"{depth} hidden" for depth in depths)]
        text += table(f"Accuracy on new samples, {title}", head, rows) + "\n"
    axes[0].set_ylabel("accuracy on new samples")
    axes[1].legend(frameon=False, fontsize=9, loc="center left")
    save(figure, "activations")
    write("activations", text.rstrip() + "\n")


def initializers() -> None:
    """Size of A by layer before training; loss by epoch."""
    names = ["normal", "lecun_normal", "glorot_normal", "glorot_uniform", "he_normal"]
    deep = {"hidden_layer_sizes": (50,) * 10}
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    rows = []
    for name, (color, marker) in zip(names, STYLES, strict=False):
        sizes = []
        for seed in SEEDS:
            clf = BackpropClassifier(**deep, weight_init=name, random_state=seed)
            clf.initialize(X.shape[1], np.arange(10))
            hidden = trace_backprop(clf, X_train, y_train).layers[:-1]
            sizes.append([np.sqrt(np.mean(layer.A**2)) for layer in hidden])
        size = np.median(sizes, axis=0)
        left.plot(range(1, 11), size, color=color, marker=marker, ms=5, label=name)
        curve = loss_curve(**deep, weight_init=name, max_iter=40)
        epochs = np.arange(1, len(curve) + 1)
        right.plot(epochs, curve, color=color, marker=marker, ms=5, markevery=5, label=name)
        shallow = [
            last_loss(hidden_layer_sizes=(50,) * depth, weight_init=name, max_iter=40)
            for depth in (1, 2)
        ]
        losses = [f"{loss:.2g}" for loss in [*shallow, curve[-1]]]
        rows.append([f"``{name}``", f"{size[0]:.2g}", f"{size[-1]:.2g}", *losses])
    left.set(
        yscale="log", xlabel="hidden layer", ylabel="root mean square of A", title="before training"
    )
    right.set(yscale="log", xlabel="epoch", ylabel="training loss", title="adam, default rate")
    left.set_xticks(range(1, 11))
    for ax in (left, right):
        ax.grid(alpha=0.25)
    left.legend(frameon=False, fontsize=9, loc="lower left")
    save(figure, "initializers")
    head = ["weight_init", "size of A, layer 1 of 10", "layer 10 of 10"]
    head += ["loss with 1 hidden layer", "with 2", "with 10"]
    title = "Hidden layers of 50 ReLU units; training loss after 40 epochs"
    write("initializers", table(title, head, rows))


def batch_sizes() -> None:
    """Loss after 20 epochs against the rate, for several batch sizes."""
    rates = np.geomspace(1e-4, 1e-1, 10)
    sizes = [10, 50, 200, 1347]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    rows = []
    for size, (color, marker) in zip(sizes, STYLES, strict=False):
        losses = np.array(
            [last_loss(batch_size=size, learning_rate_init=float(r), max_iter=20) for r in rates]
        )
        left.plot(rates, losses, color=color, marker=marker, ms=5, label=f"{size}")
        best = float(rates[losses.argmin()])
        curves = loss_curve(batch_size=size, max_iter=60)
        epochs = np.arange(1, len(curves) + 1)
        right.plot(epochs, curves, color=color, marker=marker, ms=5, markevery=10)
        rows.append(
            [
                f"{size}",
                f"{-(-len(X_train) // size)}",
                f"{curves[:20][-1]:.2g}",
                f"{losses.min():.2g} at {best:.2g}",
            ]
        )
    left.set(
        xscale="log",
        yscale="log",
        xlabel="learning_rate_init",
        ylabel="training loss",
        title="after 20 epochs",
    )
    right.set(yscale="log", xlabel="epoch", title="at the default rate")
    for ax in (left, right):
        ax.grid(alpha=0.25)
    left.legend(frameon=False, fontsize=9, loc="lower left", title="batch_size", title_fontsize=9)
    save(figure, "batch_sizes")
    head = ["batch_size", "steps per epoch", "loss at the default rate", "lowest loss"]
    write("batch_sizes", table("Training loss after 20 epochs on the digits, (50,)", head, rows))


def main(folder: Path = GUIDE, max_epochs: int = MAX_EPOCHS) -> None:
    """Write all of them."""
    global GUIDE, MAX_EPOCHS
    GUIDE, MAX_EPOCHS = Path(folder), max_epochs
    solvers()
    activations()
    initializers()
    batch_sizes()


if __name__ == "__main__":
    main(*sys.argv[1:2])
