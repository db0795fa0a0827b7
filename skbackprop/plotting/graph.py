"""The graph of a network: units, weights and, from a trace, the numbers of one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from skbackprop.activations import ACTIVATIONS
from skbackprop.inspection import Trace
from skbackprop.inspection.holders import held
from skbackprop.normalization import NORMALIZATIONS
from skbackprop.plotting.style import BLUE, GREY, INK, LIGHT, RED, pyplot

#: Inches that half of a heading takes, and that the caption takes.
HEAD, CAPTION = 0.9, 6.2
#: Behind numbers, so that lines don't cross them out.
BOX = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.85}
#: Layers with at most this many weights show them as numbers.
N_NUMBERS = 16
#: Inches between layers, between units, and the radius of a unit.
COLUMN, ROW, RADIUS = 2.6, 0.72, 0.21
#: The same with numbers on the lines and under the units.
COLUMN_WITH_NUMBERS, ROW_WITH_NUMBERS = 3.25, 0.95


class NetworkDisplay:
    """The graph of a network: units in a column per layer, weights as lines.

    A line's width shows the size of the weight relative to its layer, its colour the sign. Of
    large layers only the first and last units are shown, and the heading says how many there are.
    Given a trace, each unit shows its value and its gradient, and so do the weights of small
    layers.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
        W and b of each layer.

    links : list of str
        Name of each layer's activation, the output's last.

    input_names, output_names : list of str or None, default=None
        Names of the features and the outputs.

    trace : Trace or None, default=None
        Result of `trace_backprop`. For several samples, the mean of A and the sum of dZ are shown.

    max_units : int, default=8
        Maximum number of units drawn per layer.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that holds the axes.

    ax_ : matplotlib Axes
        Axes with the graph.

    text_ : list of matplotlib Text
        All text in the graph.

    lines_ : list of matplotlib LineCollection
        The weights, one collection per layer.

    See Also
    --------
    NetworkDisplay.from_estimator : Draw a fitted estimator's network.
    """

    def __init__(
        self,
        coefs: Sequence[np.ndarray],
        intercepts: Sequence[np.ndarray],
        *,
        links: Sequence[str],
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        trace: Trace | None = None,
        max_units: int = 8,
    ) -> None:
        self.coefs, self.intercepts, self.links = coefs, intercepts, links
        self.input_names, self.output_names = input_names, output_names
        self.trace, self.max_units = trace, max_units

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        trace: Trace | None = None,
        max_units: int = 8,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the network of a fitted estimator.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor, or what holds one
            A fitted estimator, or a Pipeline, GridSearchCV or the like that ends in one.

        trace : Trace or None, default=None
            Result of :func:`skbackprop.inspection.trace_backprop` for it.

        max_units : int, default=8
            Maximum number of units drawn per layer, at least 2.

        ax : matplotlib Axes, default=None
            As in `plot`.

        **kwargs : dict
            Passed to matplotlib's ``LineCollection``, which draws the weights.

        Returns
        -------
        display : NetworkDisplay
            The display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator isn't fitted.
        TypeError
            If there is no network in it, or several.
        ValueError
            If the trace is of another network, or `max_units` is below 2.
        """
        of = held(estimator)
        estimator = of.network
        architecture = estimator._network.architecture
        norm = architecture.normalization
        before = "" if norm is None else f"{_string(norm, NORMALIZATIONS)} norm, "
        hidden = [before + _string(f, ACTIVATIONS) for f in architecture.activations]
        classes = getattr(estimator, "classes_", None)
        outputs = None
        if classes is not None and len(classes) > 1:
            binary = estimator.n_outputs_ == 1
            outputs = [str(c) for c in (classes[1:] if binary else classes)]
        display = cls(
            [np.array(W) for W in estimator.coefs_],
            [np.array(b) for b in estimator.intercepts_],
            links=[*hidden, estimator.out_activation_],
            input_names=of.names,
            output_names=outputs,
            trace=trace,
            max_units=max_units,
        )
        return display.plot(ax, **kwargs)

    @property
    def units(self) -> list[int]:
        """Units of every layer, features first."""
        return [len(self.coefs[0]), *(W.shape[1] for W in self.coefs)]

    def _shown(self, n: int) -> np.ndarray:
        """Indices of the units of a layer that are drawn: all, or the first and the last ones."""
        if n <= self.max_units:
            return np.arange(n)
        last = self.max_units // 2
        return np.r_[: self.max_units - last, n - last : n]

    def _heights(self, n: int) -> np.ndarray:
        """y of the units drawn, in inches, around 0; a gap stands for those left out."""
        shown = self._shown(n)
        y = np.arange(len(shown), dtype=float)
        if len(shown) < n:
            y[(len(shown) + 1) // 2 :] += 1.0
        return (y.max() / 2 - y) * (ROW_WITH_NUMBERS if self.trace else ROW)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the graph.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure large enough for the text to be readable.

        **kwargs : dict
            Passed to matplotlib's ``LineCollection``, which draws the weights.

        Returns
        -------
        self : object
            The display.
        """
        plt = pyplot()
        self._check()
        heights = [self._heights(n) for n in self.units]
        top = max(y.max() for y in heights) + 0.95
        # names stand beside the outer layers
        margin = [max(HEAD, 0.45 + 0.085 * max(map(len, names))) for names in self._names()]
        left, right = -margin[0], (len(self.units) - 1) * self._column + margin[1]
        spare = max(0.0, CAPTION - (right - left)) / 2
        left, right = left - spare, right + spare
        bottom = min(y.min() for y in heights) - (1.15 if self.trace else 0.95)
        if ax is None:
            ax = plt.figure(figsize=(right - left, top - bottom)).add_axes((0, 0, 1, 1))
        self.ax_, self.figure_ = ax, ax.figure
        self.text_: list[Any] = []
        self.lines_: list[Any] = []
        ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
        ax.axis("off")
        for i in range(len(self.coefs)):
            self._draw_weights(i, heights[i], heights[i + 1], kwargs)
            if self.trace and self._is_small(i):
                self._draw_numbers(i, heights[i], heights[i + 1], self.trace.layers[i].dW)
        for i, y in enumerate(heights):
            self._draw_units(i, y, top)
        caption = "width: |weight| within its layer; blue: positive, orange: negative"
        if self.trace:
            m = self.trace.layers[0].Z.shape[0]
            what = "A and dZ" if m == 1 else f"mean of A and sum of dZ over {m} samples"
            small = any(map(self._is_small, range(len(self.coefs))))
            lines = "; lines: W, below it dW in grey" if small else ""
            caption += f"\nunits: {what}{lines}; loss: {self.trace.loss:.4g}"
        self._write((left + right) / 2, bottom + 0.04, caption, color=GREY, va="bottom")
        return self

    @property
    def _column(self) -> float:
        """Inches between layers."""
        return COLUMN_WITH_NUMBERS if self.trace else COLUMN

    def _check(self) -> None:
        """Raise ValueError if `max_units` is too small, or trace and weights don't match."""
        if self.max_units < 2:
            raise ValueError(f"max_units must be 2 or more, got {self.max_units}.")
        if self.trace is None:
            return
        shapes = [W.shape for W in self.coefs]
        traced = [layer.W.shape for layer in self.trace.layers]
        if shapes != traced:
            raise ValueError(
                f"The trace is of another network: its W have shapes {traced}, not {shapes}."
            )

    def _names(self) -> tuple[list[str], list[str]]:
        """Names of the features and outputs that are drawn, shortened."""
        n_in, n_out = self.units[0], self.units[-1]
        inputs = self.input_names
        if inputs is None:
            inputs = [f"x{j + 1}" for j in range(n_in)]
        outputs = [""] * n_out if self.output_names is None else self.output_names
        return (
            [_short(inputs[j]) for j in self._shown(n_in)],
            [_short(outputs[j]) for j in self._shown(n_out)],
        )

    def _write(self, x: float, y: float, text: str, **style: Any) -> None:
        style = {"ha": "center", "va": "center", "fontsize": 8, "color": INK, **style}
        self.text_.append(self.ax_.text(x, y, text, **style))

    def _draw_weights(
        self, i: int, y_in: np.ndarray, y_out: np.ndarray, kwargs: Mapping[str, Any]
    ) -> None:
        """Lines from layer i to the next one."""
        from matplotlib.collections import LineCollection

        n_in, n_out = self.units[i : i + 2]
        W = self.coefs[i][np.ix_(self._shown(n_in), self._shown(n_out))]
        x_in, x_out = i * self._column, (i + 1) * self._column
        lines = [((x_in, a), (x_out, b)) for a in y_in for b in y_out]
        weights = W.ravel()
        share = np.abs(weights) / max(float(np.abs(self.coefs[i]).max()), np.finfo(float).tiny)
        style = {
            "colors": [BLUE if w >= 0 else RED for w in weights],
            "linewidths": 0.3 + 2.7 * share,
            "alpha": 0.75,
            "zorder": 1,
            **kwargs,
        }
        self.lines_.append(self.ax_.add_collection(LineCollection(lines, **style)))
        shape = f"W {n_in} x {n_out}\nb {n_out}"
        lowest = min(y_in.min(), y_out.min())
        self._write((x_in + x_out) / 2, lowest - 0.32, shape, color=GREY, va="top")

    def _is_small(self, i: int) -> bool:
        """True if all weights from layer i are drawn, and few enough to be shown as numbers."""
        W = self.coefs[i]
        return W.size <= N_NUMBERS and max(W.shape) <= self.max_units

    def _draw_numbers(self, i: int, y_in: np.ndarray, y_out: np.ndarray, dW: np.ndarray) -> None:
        """W and dW on the lines from layer i."""
        x_in, x_out = i * self._column, (i + 1) * self._column
        places = _places(np.array([((x_in, a), (x_out, b)) for a in y_in for b in y_out]))
        for (x, y), w, dw in zip(places, self.coefs[i].ravel(), dW.ravel(), strict=True):
            style = {"fontsize": 7, "bbox": BOX, "zorder": 2}
            above, below = {"va": "bottom", "color": BLUE if w >= 0 else RED}, {"va": "top"}
            self._write(x, y, _number(w), **style, **above)
            self._write(x, y, _number(dw), **style, **below, color=GREY)

    def _draw_units(self, i: int, y: np.ndarray, top: float) -> None:
        """The circles of layer i, with a heading above and the units' names and numbers."""
        from matplotlib.patches import Circle

        n, x = self.units[i], i * self._column
        shown, last = self._shown(n), len(self.units) - 1
        if i == 0:
            head = f"input\n{n} feature{'s' * (n > 1)}"
        else:
            name = "output" if i == last else "hidden"
            head = f"{name}: {self.links[i - 1]}\n{n} unit{'s' * (n > 1)}"
        if len(shown) < n:
            head += f", {len(shown)} shown"
            gap = (len(shown) + 1) // 2
            self._write(x, (y[gap - 1] + y[gap]) / 2, "⋮", fontsize=14)
        self._write(x, top - 0.05, head, fontsize=9, va="top")
        inputs, outputs = self._names()
        for k, (unit, height) in enumerate(zip(shown, y, strict=True)):
            circle = Circle((x, height), RADIUS, fc=LIGHT, ec=INK, lw=1, zorder=3)
            self.ax_.add_patch(circle)
            if i == 0:
                self._write(x - RADIUS - 0.08, height, inputs[k], ha="right")
            elif i == last:
                self._write(x + RADIUS + 0.08, height, outputs[k], ha="left")
            if self.trace:
                A = float(self._values(i)[:, [unit]].mean())
                self._write(x, height, _number(A), fontsize=7, zorder=4)
                if i:
                    dZ = float(self.trace.layers[i - 1].dZ[:, unit].sum())
                    below = height - RADIUS - 0.1
                    style = {"fontsize": 6.5, "bbox": BOX, "zorder": 4}
                    self._write(x, below, f"dZ {_number(dZ)}", **style)

    def _values(self, i: int) -> Any:
        """A of layer i; X of the input."""
        assert self.trace is not None
        return self.trace.layers[i - 1].A if i else self.trace.X


def _string(option: Any, registry: Mapping[str, type]) -> str:
    """The string that stands for the option's class, or the class's name."""
    names = {cls: name for name, cls in registry.items()}
    return names.get(type(option), type(option).__name__)


def _short(name: Any) -> str:
    """The name, cut to 14 characters."""
    text = str(name)
    return text if len(text) <= 14 else text[:13] + "…"


def _number(value: float) -> str:
    """Two digits, in at most seven characters."""
    size = abs(value)
    if value and not 5e-3 <= size < 1e3:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e+")
    return f"{value:.2f}" if size < 10 else f"{value:.0f}"


def _places(lines: np.ndarray) -> list[tuple[float, float]]:
    """A point on each line, in inches, where its number has the most space."""
    space = np.array([0.44, 0.30])  # inches that a number takes
    candidates = np.linspace(0.2, 0.8, 31)
    taken: list[np.ndarray] = []
    heights = lines[:, :1, 1] + candidates * (lines[:, 1:, 1] - lines[:, :1, 1])
    for i, (start, end) in enumerate(lines):
        points = start + candidates[:, None] * (end - start)
        others = np.abs(np.delete(heights, i, axis=0) - heights[i])
        clear = others.min(axis=0, initial=np.inf) / space[1]
        if taken:
            apart = np.abs(points[:, None] - np.array(taken)) / space
            # numbers don't overlap if they are apart in either direction
            free = apart.max(axis=2).min(axis=1)
        else:
            free = np.zeros(len(points))
        # beyond 1.2 it's free enough; then it should be clear of other lines, and in the middle
        score = np.minimum(free, 1.2) + 0.4 * np.minimum(clear, 0.7)
        taken.append(points[np.argmax(score - 0.1 * np.abs(candidates - 0.5))])
    return [(float(x), float(y)) for x, y in taken]
