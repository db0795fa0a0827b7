"""The small pictures of the index pages: `python docs/_figures/entries.py`.

Drawings, not measurements. They are readable on white and on black.
"""

import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Polygon, Rectangle

HERE = Path(__file__).parents[1] / "_static" / "entries"
BLUE, ORANGE, GREY = "#2a86d1", "#e07b39", "#8a8a8a"
#: The pictures by the name of their page, filled below.
PICTURES: dict[str, Callable[[Axes], None]] = {}
RNG = np.random.default_rng


def picture(*names: str) -> Callable[[Callable[[Axes], None]], Callable[[Axes], None]]:
    """Draw the pages' picture with this function, on axes from (0, 0) to (3, 2)."""

    def register(draw: Callable[[Axes], None]) -> Callable[[Axes], None]:
        PICTURES.update(dict.fromkeys(names, draw))
        return draw

    return register


def box(ax: Axes, corner: tuple[float, float], size: tuple[float, float], color: str) -> None:
    """A filled rectangle."""
    ax.add_patch(Rectangle(corner, *size, facecolor=color, edgecolor="none"))


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    """An arrow from one point to another."""
    style = {"arrowstyle": "-|>", "mutation_scale": 12, "lw": 1.6, "color": color}
    ax.add_patch(FancyArrowPatch(start, end, **style))


def word(ax: Axes, text: str, size: float, color: str = BLUE) -> None:
    """Text in the middle."""
    ax.text(1.5, 1, text, size=size, color=color, ha="center", va="center", family="monospace")


WORDS = {"install": ("$ pip", 17), "faq": ("?", 34), "glossary": ("a ... z", 15)}
WORDS["api"] = ("fit(X, y)", 14)
for page, (text, size) in WORDS.items():
    PICTURES[page] = partial(word, text=text, size=size)


def layers(ax: Axes, x0: float, width: float) -> None:
    """A small network."""
    columns = [(x0, [0.5, 1.0, 1.5]), (x0 + width / 2, [0.25, 0.75, 1.25, 1.75])]
    columns.append((x0 + width, [0.7, 1.3]))
    for (x, below), (x_next, above) in pairwise(columns):
        for y in below:
            for y_next in above:
                ax.plot([x, x_next], [y, y_next], color=GREY, lw=0.5)
    for (x, ys), color in zip(columns, [GREY, BLUE, ORANGE], strict=True):
        for y in ys:
            ax.add_patch(Circle((x, y), 0.12, color=color, zorder=2))


@picture("start", "api-estimators", "any_depth")
def start(ax: Axes) -> None:
    layers(ax, 0.5, 2.0)


@picture("mlp")
def mlp(ax: Axes) -> None:
    x = np.linspace(0.2, 2.8, 100)
    y = 0.25 + 1.5 * np.exp(-1.6 * (x - 0.2))
    ax.plot(x, y, color=GREY, lw=5, alpha=0.5)
    ax.plot(x, y, color=BLUE, lw=1.8, ls="--")


@picture("scaling", "api-normalization", "batch_normalization")
def scaling(ax: Axes) -> None:
    x = np.linspace(0.1, 2.9, 300)
    for mean, width, color in [(0.6, 0.12, GREY), (2.0, 0.45, GREY)]:
        ax.plot(x, 1.15 + 0.7 * np.exp(-(((x - mean) / width) ** 2)), color=color, lw=1.6)
    for shift, color in [(-0.03, BLUE), (0.03, ORANGE)]:
        ax.plot(x, 0.15 + 0.7 * np.exp(-(((x - 1.5 - shift) / 0.5) ** 2)), color=color, lw=1.6)


@picture("choosing", "guide-index")
def choosing(ax: Axes) -> None:
    x = np.linspace(0.2, 2.8, 100)
    for rate, color in [(0.4, GREY), (0.9, ORANGE), (2.2, BLUE)]:
        ax.plot(x, 0.2 + 1.6 * np.exp(-rate * (x - 0.2)), color=color, lw=1.8)


@picture("options", "api-activations")
def options(ax: Axes) -> None:
    x = np.linspace(0.2, 2.8, 200)
    z = (x - 1.5) * 4
    ax.axhline(0.5, color=GREY, lw=0.6)
    ax.plot(x, 0.5 + np.maximum(z, 0) / 3.6, color=BLUE, lw=1.8)
    ax.plot(x, 0.5 + 1 / (1 + np.exp(-z)), color=ORANGE, lw=1.8)


@picture("training", "api-schedules")
def training(ax: Axes) -> None:
    s = np.linspace(0, 1, 200)
    warm = np.where(s < 0.2, s / 0.2, (1 + np.cos(np.pi * (s - 0.2) / 0.8)) / 2)
    ax.plot(0.2 + 2.6 * s, 0.2 + 1.5 * warm, color=BLUE, lw=1.8)
    steps = np.select([s < 1 / 3, s < 2 / 3], [1.0, 0.45], 0.15)
    ax.plot(0.2 + 2.6 * s, 0.2 + 1.5 * steps, color=ORANGE, lw=1.2)


@picture("validation", "api-plotting")
def validation(ax: Axes) -> None:
    x = np.linspace(0.2, 2.8, 200)
    held_out = 0.45 + 1.3 * np.exp(-2.2 * (x - 0.2)) + 0.09 * (x - 0.2) ** 2
    ax.plot(x, 0.15 + 1.6 * np.exp(-1.7 * (x - 0.2)), color=GREY, lw=1.6)
    ax.plot(x, held_out, color=BLUE, lw=1.8)
    best = held_out.argmin()
    ax.plot(x[best], held_out[best], "o", color=ORANGE, ms=8)


@picture("imbalance")
def imbalance(ax: Axes) -> None:
    rng = RNG(3)
    ax.plot(
        *(rng.normal(0, 1, (2, 60)) * [[0.42], [0.33]] + [[1.3], [0.95]]), ".", color=GREY, ms=5
    )
    ax.plot(*(rng.normal(0, 1, (2, 5)) * [[0.2], [0.2]] + [[2.4], [1.4]]), "o", color=ORANGE, ms=6)


@picture("tables", "api-tables")
def tables(ax: Axes) -> None:
    for column, color in enumerate([BLUE, GREY, ORANGE, GREY]):
        for row in range(4):
            if (column, row) != (2, 1):  # a missing value
                box(ax, (0.4 + 0.56 * column, 0.2 + 0.42 * row), (0.5, 0.34), color)


@picture("saving", "api-saving")
def saving(ax: Axes) -> None:
    layers(ax, 0.3, 0.9)
    arrow(ax, (1.4, 1), (2.0, 1), GREY)
    ax.add_patch(
        Polygon([(2.1, 0.4), (2.1, 1.6), (2.55, 1.6), (2.8, 1.35), (2.8, 0.4)], color=BLUE)
    )


@picture("reproducing")
def reproducing(ax: Axes) -> None:
    rng = RNG(0)
    steps = np.cumsum(rng.normal(size=40))
    y = 0.35 * (steps - steps.min()) / np.ptp(steps)
    for base, color in [(1.25, BLUE), (0.4, ORANGE)]:
        ax.plot(np.linspace(0.3, 2.7, 40), base + 1.3 * y, color=color, lw=1.6)


@picture("large")
def large(ax: Axes) -> None:
    for i in range(9):
        color = ORANGE if i == 5 else BLUE if i < 5 else GREY
        box(ax, (0.3, 0.15 + 0.19 * (8 - i)), (1.5, 0.15), color)
    arrow(ax, (1.9, 0.8), (2.5, 0.8), ORANGE)
    ax.add_patch(Circle((2.68, 0.8), 0.14, color=ORANGE))


@picture("distributed", "api-dask")
def distributed(ax: Axes) -> None:
    for y in (0.35, 1.0, 1.65):
        ax.plot([0.6, 2.3], [1, y], color=GREY, lw=1.2)
        ax.add_patch(Circle((2.3, y), 0.2, color=BLUE, zorder=2))
    ax.add_patch(Circle((0.6, 1), 0.28, color=ORANGE, zorder=2))


@picture("errors")
def errors(ax: Axes) -> None:
    corners = [(0.75, 0.25), (2.25, 0.25), (1.5, 1.75)]
    ax.add_patch(Polygon(corners, facecolor="none", edgecolor=ORANGE, lw=2.5))
    ax.text(1.5, 0.75, "!", size=22, color=ORANGE, ha="center", va="center", weight="bold")


@picture("speed")
def speed(ax: Axes) -> None:
    for i, (length, color) in enumerate([(0.8, BLUE), (1.5, GREY), (2.4, GREY)]):
        box(ax, (0.3, 1.35 - 0.55 * i), (length, 0.35), color)


@picture("changelog")
def changelog(ax: Axes) -> None:
    for i, length in enumerate([1.7, 1.3, 1.9, 1.0]):
        y = 1.65 - 0.42 * i
        ax.plot(0.5, y, "o", color=ORANGE if i == 0 else GREY, ms=5)
        ax.plot([0.75, 0.75 + length], [y, y], color=BLUE if i == 0 else GREY, lw=2.5)


@picture("regression", "api-losses")
def regression(ax: Axes) -> None:
    rng = RNG(1)
    x = np.linspace(0.25, 2.75, 30)
    y = 1 + 0.55 * np.sin(2.2 * x)
    ax.fill_between(x, y - 0.3, y + 0.3, color=BLUE, alpha=0.2, lw=0)
    ax.plot(x, y + rng.normal(0, 0.14, 30), ".", color=GREY, ms=5)
    ax.plot(x, y, color=BLUE, lw=1.8)


@picture("interpretation")
def interpretation(ax: Axes) -> None:
    ax.plot([1.1, 1.1], [0.1, 1.9], color=GREY, lw=0.8)
    for i, (length, color) in enumerate([(1.6, BLUE), (0.9, BLUE), (-0.6, ORANGE), (0.3, BLUE)]):
        left = 1.1 + min(length, 0)
        box(ax, (left, 1.5 - 0.43 * i), (abs(length), 0.28), color)


@picture("api-inspection")
def inspection(ax: Axes) -> None:
    for i, size in enumerate([0.2, 1.1, 0.6, 1.5, 0.9]):
        y = 0.3 + 0.35 * i
        ax.plot([0.4, 0.4 + size], [y, y], color=GREY, lw=1)
        ax.plot(0.4 + size, y, "o", color=BLUE, ms=6)
    ax.plot([2.4, 2.4], [0.1, 1.9], color=ORANGE, lw=1.4, ls="--")


@picture("api-initializers")
def initializers(ax: Axes) -> None:
    x = np.linspace(0.2, 2.8, 200)
    ax.plot(x, 0.2 + 1.5 * np.exp(-(((x - 1.5) / 0.5) ** 2)), color=BLUE, lw=1.8)
    ax.plot([0.3, 0.6, 0.6, 2.4, 2.4, 2.7], [0.2, 0.2, 0.85, 0.85, 0.2, 0.2], color=ORANGE, lw=1.4)


@picture("api-optimizers")
def optimizers(ax: Axes) -> None:
    X, Y = np.meshgrid(np.linspace(0, 3, 80), np.linspace(0, 2, 60))
    ax.contour(X, Y, (X - 2) ** 2 + 4 * (Y - 0.8) ** 2, levels=6, colors=GREY, linewidths=0.7)
    x = [0.4, 0.75, 1.05, 1.35, 1.6, 1.8, 1.95]
    ax.plot(x, [1.8, 0.45, 1.25, 0.6, 0.95, 0.73, 0.8], "o-", color=BLUE, ms=3.5, lw=1.4)


@picture("api-onnx", "pipeline")
def onnx(ax: Axes) -> None:
    for x, color in [(0.35, GREY), (1.25, BLUE), (2.15, ORANGE)]:
        box(ax, (x, 0.7), (0.5, 0.6), color)
    for x in (0.87, 1.77):
        arrow(ax, (x, 1), (x + 0.4, 1), GREY)


@picture("api-data", "auto_examples-index", "five_systems")
def data(ax: Axes) -> None:
    r = np.linspace(0.15, 0.9, 45)
    for i, color in enumerate([BLUE, ORANGE, GREY]):
        angle = 5 * r + 2 * np.pi * i / 3
        ax.plot(1.5 + r * np.cos(angle), 1 + r * np.sin(angle), ".", color=color, ms=4)


@picture("one_neuron")
def one_neuron(ax: Axes) -> None:
    for y in (0.4, 1.0, 1.6):
        ax.plot([0.5, 1.5], [y, 1], color=GREY, lw=1.2)
        ax.add_patch(Circle((0.5, y), 0.15, color=GREY))
    arrow(ax, (1.75, 1), (2.6, 1), ORANGE)
    ax.add_patch(Circle((1.5, 1), 0.25, color=BLUE, zorder=2))


@picture("hidden_layer")
def hidden_layer(ax: Axes) -> None:
    x = np.linspace(0.2, 2.8, 200)
    for corner, color in [(0.7, GREY), (1.3, GREY), (2.1, GREY)]:
        ax.plot(x, 0.2 + 0.45 * np.maximum(x - corner, 0), color=color, lw=1)
    bends = 0.5 * np.maximum(x - 0.7, 0) * 3 - 2.6 * np.maximum(x - 1.3, 0)
    ax.plot(x, 0.6 + bends + 2.4 * np.maximum(x - 2.1, 0), color=BLUE, lw=1.8)


@picture("graph", "derivation-index")
def graph(ax: Axes) -> None:
    places = [(0.4, 1.5), (0.4, 0.5), (1.5, 1.0), (2.6, 1.0)]
    for start, end in [(0, 2), (1, 2), (2, 3)]:
        (x, y), (x_end, y_end) = places[start], places[end]
        arrow(ax, (x, y + 0.12), (x_end, y_end + 0.12), BLUE)
        arrow(ax, (x_end, y_end - 0.12), (x, y - 0.12), ORANGE)
    for place in places:
        ax.add_patch(Circle(place, 0.2, facecolor=GREY, zorder=3))


@picture("rows_columns")
def rows_columns(ax: Axes) -> None:
    for i in range(4):
        box(ax, (0.2, 0.3 + 0.38 * i), (1.1, 0.28), BLUE)
        box(ax, (1.7 + 0.3 * i, 0.3), (0.2, 1.42), ORANGE)


def valley(ax: Axes) -> None:
    """The contour lines of a long valley."""
    t = np.linspace(0, 2 * np.pi, 100)
    for r in (0.35, 0.7, 1.0):
        ax.plot(1.5 + 1.35 * r * np.cos(t), 1 + 0.8 * r * np.sin(t), color=GREY, lw=0.8)


@picture("momentum")
def momentum(ax: Axes) -> None:
    valley(ax)
    x = np.linspace(0.25, 1.4, 9)
    ax.plot(x, 1 + 0.5 * (-0.85) ** np.arange(9), color=GREY, lw=1.4)
    t = np.linspace(0, 1, 60)
    ax.plot(0.25 + 1.2 * t, 1 + 0.5 * np.exp(-3 * t) * np.cos(5 * t), color=ORANGE, lw=2)


@picture("adam")
def adam(ax: Axes) -> None:
    valley(ax)
    t = np.linspace(0, 1, 60)
    ax.plot(0.3 + 1.15 * t, 1 + 0.55 * (1 - t) ** 1.2, color=BLUE, lw=2.2)


@picture("dropout")
def dropout(ax: Axes) -> None:
    kept = RNG(3).uniform(size=(3, 5)) > 0.4
    for i, j in np.ndindex(kept.shape):
        color = BLUE if kept[i, j] else GREY
        ax.add_patch(Circle((0.4 + 0.55 * j, 0.45 + 0.55 * i), 0.17, color=color, fill=kept[i, j]))


@picture("lbfgs")
def lbfgs(ax: Axes) -> None:
    x = np.linspace(0.3, 2.7, 100)
    ax.plot(x, 0.3 + 0.9 * (x - 1.6) ** 2 + 0.1 * np.sin(5 * x), color=GREY, lw=1.6)
    ax.plot(x, 0.28 + 1.0 * (x - 1.62) ** 2, color=ORANGE, lw=2, ls="--")
    ax.add_patch(Circle((1.62, 0.28), 0.09, color=BLUE, zorder=3))


@picture("resuming")
def resuming(ax: Axes) -> None:
    x = np.linspace(0.2, 2.8, 100)
    y = 0.3 + 1.4 * np.exp(-1.3 * (x - 0.2))
    for part, color in ((x < 1.35, BLUE), (x > 1.65, ORANGE)):
        ax.plot(x[part], y[part], color=color, lw=2.2)
    ax.axvspan(1.42, 1.58, color=GREY, alpha=0.5, lw=0)


def main(folder: Path = HERE) -> None:
    """Write all of them."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        figure = Figure(figsize=(1.8, 1.2))
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, 3), ylim=(0, 2))
        ax.axis("off")
        draw(ax)
        with mpl.rc_context({"svg.hashsalt": name, "path.simplify_threshold": 0.5}):
            figure.savefig(Path(folder) / f"{name}.svg", transparent=True, metadata={"Date": None})


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
