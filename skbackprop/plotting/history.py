"""Training history: losses, validation score and learning rate by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from skbackprop.inspection.holders import held
from skbackprop.plotting.style import BLUE, GREEN, GREY, INK, ORANGE, RED, pyplot


class TrainingHistoryDisplay:
    """Training history: losses, penalty, validation score, learning rate.

    Each has its own axes, one above the other; what isn't in the history is left out.

    Parameters
    ----------
    history : dict of list of float
        Columns as in `history_`. Only ``"loss"`` must be there.

    best_epoch : int or None, default=None
        Epoch to mark as the best, counted from 1.

    score_name : str, default="validation score"
        Label of the validation score.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that holds the axes.

    axes_ : ndarray of matplotlib Axes
        The axes, from top to bottom.

    lines_ : dict of str to matplotlib Line2D
        The lines, by the column that they show.

    See Also
    --------
    TrainingHistoryDisplay.from_estimator : Draw a fitted estimator's history.
    """

    #: What the axes show, from top to bottom: heading and columns.
    _PANELS = (
        ("loss", ("loss", "data_loss", "validation_loss")),
        ("penalty", ("penalty",)),
        ("score", ("validation_score",)),
        ("learning rate", ("learning_rate",)),
    )
    _STYLES: Mapping[str, Mapping[str, Any]] = {
        "loss": {"color": BLUE, "linewidth": 2},
        "data_loss": {"color": ORANGE, "linestyle": "--", "linewidth": 1.5},
        "penalty": {"color": GREY, "linewidth": 2},
        "validation_loss": {"color": RED, "linewidth": 2},
        "validation_score": {"color": RED, "linewidth": 2},
        "learning_rate": {"color": GREEN, "linewidth": 2},
    }

    def __init__(
        self,
        history: Mapping[str, Sequence[float]],
        *,
        best_epoch: int | None = None,
        score_name: str = "validation score",
    ) -> None:
        self.history, self.best_epoch, self.score_name = history, best_epoch, score_name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the `history_` of a fitted estimator.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor, or what holds one
            A fitted estimator, or a Pipeline, GridSearchCV or the like that ends in one.

        ax : sequence of matplotlib Axes, default=None
            As in `plot`.

        **kwargs : dict
            Passed to matplotlib's ``plot``, for all lines.

        Returns
        -------
        display : TrainingHistoryDisplay
            The display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator isn't fitted.
        TypeError
            If there is no network in it, or several.
        ValueError
            If it hasn't been trained for an epoch.
        """
        estimator = held(estimator).network
        history = estimator.history_
        best = None
        if estimator.validation_scores_ is not None:
            best = int(np.nanargmax(history["validation_score"])) + 1
        elif estimator.restore_best_weights is True:  # without early stopping: by the loss
            best = int(np.nanargmin(history["loss"])) + 1
        scoring = estimator.scoring
        name = "validation score"
        if isinstance(scoring, str):
            name = "minus validation loss" if scoring == "loss" else f"validation {scoring}"
        return cls(history, best_epoch=best, score_name=name).plot(ax, **kwargs)

    def _panels(self) -> list[tuple[str, list[str]]]:
        """Headings and columns that have something to show."""
        there = [name for name, column in self.history.items() if np.isfinite(column).any()]
        if not np.any(self.history.get("penalty", 0.0)):
            there = [name for name in there if name not in ("data_loss", "penalty")]
        panels = [(head, [c for c in columns if c in there]) for head, columns in self._PANELS]
        return [(head, columns) for head, columns in panels if columns]

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the history.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            One for each part to show, at most four. None makes a figure.

        **kwargs : dict
            Passed to matplotlib's ``plot``, for all lines.

        Returns
        -------
        self : object
            The display.
        """
        plt = pyplot()
        from matplotlib.ticker import MaxNLocator

        panels = self._panels()
        if not panels:
            raise ValueError("There is nothing to draw: the history has no epoch. Call fit first.")
        if ax is None:
            ratios = [3.0 if head == "loss" else 1.3 for head, _ in panels]
            _, ax = plt.subplots(
                len(panels),
                squeeze=False,
                sharex=True,
                figsize=(6.4, 0.9 + 0.9 * sum(ratios)),
                gridspec_kw={"height_ratios": ratios},
                layout="constrained",
            )
        self.axes_ = np.ravel(np.asarray(ax, dtype=object))
        if len(self.axes_) != len(panels):
            raise ValueError(
                f"ax must hold {len(panels)} axes, for {', '.join(head for head, _ in panels)};"
                f" got {len(self.axes_)}."
            )
        self.figure_ = self.axes_[0].figure
        self.lines_: dict[str, Any] = {}
        for axes, (head, columns) in zip(self.axes_, panels, strict=True):
            self._draw(axes, self.score_name if head == "score" else head, columns, kwargs)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        # L-BFGS has no learning rate, and no epochs
        rates = self.history.get("learning_rate", [0.0])
        self.axes_[-1].set_xlabel("epoch" if np.isfinite(rates).any() else "iteration")
        self.figure_.align_ylabels(list(self.axes_))
        return self

    def _draw(self, axes: Any, head: str, columns: list[str], kwargs: Mapping[str, Any]) -> None:
        """The lines of one axes, with a legend where there are several."""
        n = len(self.history["loss"])
        marker = {"marker": "o", "markersize": 4} if n < 3 else {}
        for name in columns:
            style = {**self._STYLES[name], **marker, "label": name.replace("_", " "), **kwargs}
            (self.lines_[name],) = axes.plot(np.arange(1, n + 1), self.history[name], **style)
        values = np.concatenate([np.asarray(self.history[name], float) for name in columns])
        values = values[np.isfinite(values)]
        if head == "loss" and 0 < 20 * values.min() < values.max():
            axes.set_yscale("log")
        if self.best_epoch is not None:
            axes.axvline(
                self.best_epoch, color=INK, linestyle="-.", linewidth=1, label="best epoch"
            )
        axes.set_ylabel(head.replace(" ", "\n", 1) if len(head) > 10 else head)
        axes.grid(alpha=0.3)
        if len(columns) > 1 or head == "loss":
            axes.legend(frameon=True, framealpha=0.8, fontsize="small")
