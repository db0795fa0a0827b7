"""Gradients against finite differences, array by array."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from skbackprop.inspection import GradientReport, check_gradients
from skbackprop.plotting.style import BLUE, INK, RED, pyplot


class GradientCheckDisplay:
    """How far each array's gradient is from finite differences, on a logarithmic scale.

    Parameters
    ----------
    report : GradientReport
        Result of :func:`skbackprop.inspection.check_gradients`.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that holds the axes.

    ax_ : matplotlib Axes
        Axes with a point for each array.

    tolerance_ : matplotlib Line2D
        Line at the largest error that counts as right.

    See Also
    --------
    GradientCheckDisplay.from_estimator : Check a fitted estimator and draw the result.
    """

    def __init__(self, report: GradientReport) -> None:
        self.report = report

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        tol: float = 1e-5,
        random_state: Any = 0,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Compare an estimator's gradients with finite differences, and draw the errors.

        Parameters
        ----------
        estimator : BackpropClassifier, BackpropRegressor, or what holds one
            A fitted estimator, or a Pipeline, GridSearchCV or the like that ends in one.

        X, y, sample_weight, tol, random_state
            As in :func:`skbackprop.inspection.check_gradients`.

        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.

        **kwargs : dict
            Passed to matplotlib's ``plot``, which draws the points.

        Returns
        -------
        display : GradientCheckDisplay
            The display, with its `report`.
        """
        report = check_gradients(estimator, X, y, sample_weight, tol=tol, random_state=random_state)
        return cls(report).plot(ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the errors.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.

        **kwargs : dict
            Passed to matplotlib's ``plot``, which draws the points.

        Returns
        -------
        self : object
            The display.
        """
        plt = pyplot()
        errors = [e for layer in self.report.layers for e in layer]
        names = [f"{e.name}  ({e.n_checked})" for e in errors]
        # a log scale can't show an error of zero: it is drawn at the dtype's precision
        floor = float(np.finfo(np.float64).eps)
        values = np.array([max(e.max_rel_error, floor) for e in errors])
        if ax is None:
            size = (6.4, 1.5 + 0.32 * len(errors))
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        rows, tol = np.arange(len(errors)), self.report.tol
        right = values <= tol
        for mask, marker, color, label in (
            (right, "o", BLUE, "within the tolerance"),
            (~right, "X", RED, "above the tolerance"),
        ):
            if mask.any():
                style = {"marker": marker, "color": color, "label": label, "markersize": 7}
                ax.plot(values[mask], rows[mask], **{"linestyle": "none", **style, **kwargs})
        self.tolerance_ = ax.axvline(
            tol, color=INK, linestyle="--", linewidth=1.2, label=f"tolerance {tol:g}"
        )
        finite = values[np.isfinite(values)]
        ax.set(
            xscale="log",
            xlim=(0.3 * min([tol, *finite]), 10.0 * max([tol, *finite])),
            ylim=(len(errors) - 0.5, -0.5),
            xlabel="largest relative error",
        )
        ax.set_yticks(rows, names)
        ax.grid(alpha=0.3)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
        return self
