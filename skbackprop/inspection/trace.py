"""One forward and backward pass, with every intermediate."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from skbackprop.estimators.samples import one_batch
from skbackprop.inspection.holders import held
from skbackprop.inspection.pages import Walk, frame, page
from skbackprop.inspection.recording import Pass, record_one

COLUMNS = ("layer", "array", "shape", "smallest", "largest", "mean")
#: A layer's arrays, in the order of the forward and of the backward pass.
FORWARD = ["W", "b", "Z", "gamma", "beta", "N", "A"]
BACKWARD = ["dA", "dN", "dgamma", "dbeta", "dZ", "dW", "db"]


@dataclass(frozen=True)
class LayerTrace:
    """One layer's arrays in one forward and backward pass over m samples.

    Parameters
    ----------
    W, b : ndarray of shape (fan_in, fan_out) and (fan_out,)
        Parameters.
    Z : ndarray of shape (m, fan_out)
        A W + b, with A of the layer below, or X.
    A : ndarray of shape (m, fan_out)
        f(Z); in the output layer the link's values.
    dA : ndarray of shape (m, fan_out) or None
        dL/dA = dZ W.T of the layer above. None in the output layer, where loss and link are
        differentiated in one step.
    dZ : ndarray of shape (m, fan_out)
        dL/dZ = dA * f'(Z). Includes each sample's share of the loss (1/m without weights).
    dW, db : ndarray of shape (fan_in, fan_out) and (fan_out,)
        dL/dW = A.T dZ with A of the layer below, plus the penalty's derivative; dL/db, the sum of
        dZ over samples.
    N, dN : ndarray of shape (m, fan_out) or None
        gamma Zhat + beta, the normalised Z, and dL/dN. Only with a normalisation; then A = f(N)
        and dN = dA * f'(N).
    gamma, beta, dgamma, dbeta : ndarray of shape (fan_out,) or None
        Scale and shift of the normalisation, and their derivatives.
    others : dict of ndarray
        Parameters and derivatives, by name, of any other layer at the depth of this dense one.
    """

    W: np.ndarray
    b: np.ndarray
    Z: np.ndarray
    A: np.ndarray
    dA: np.ndarray | None
    dZ: np.ndarray
    dW: np.ndarray
    db: np.ndarray
    N: np.ndarray | None = None
    dN: np.ndarray | None = None
    gamma: np.ndarray | None = None
    beta: np.ndarray | None = None
    dgamma: np.ndarray | None = None
    dbeta: np.ndarray | None = None
    others: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Trace:
    """One forward and backward pass. ``print`` shows it as a table, a notebook as a page.

    Parameters
    ----------
    X : ndarray or CSR of shape (m, n_features)
        The samples, A of the input layer.
    layers : list of LayerTrace
        Hidden layers, then the output layer.
    output : ndarray of shape (m, n_outputs)
        Output of the network: a classifier's probabilities, for one unit that of
        ``classes_[1]``, or a regressor's predictions.
    loss : float
        Mean loss, penalty included.
    walk : object, default=None
        What `to_html` shows.
    """

    X: Any
    layers: list[LayerTrace]
    output: np.ndarray
    loss: float
    walk: Any = None

    @property
    def probabilities(self) -> np.ndarray:
        """`output`, by its name for a classifier."""
        return self.output

    def __repr__(self) -> str:
        return f"<{self._title}>"

    def __str__(self) -> str:
        lines = [
            f"{layer:>5}  {array:<8}{shape:>14}{low:>12}{high:>12}{mean:>12}"
            for layer, array, shape, low, high, mean in [COLUMNS, *self._rows()]
        ]
        return "\n".join([self._title, *(line.rstrip() for line in lines)])

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """Make a page on which the pass can be walked through, one step at a time.

        It's one HTML file that needs no network: each step with its formula, the line of the
        package that computes it, and the arrays that go in and come out. Pointing at a number
        shows where it comes from. The last steps are those of the optimizer, from where the
        estimator is.

        Parameters
        ----------
        path : path-like, default=None
            Where to write the page as well.

        Returns
        -------
        page : str
            The page.

        Raises
        ------
        ValueError
            If the trace was made by hand, without `trace_backprop`.

        Notes
        -----
        The page holds less than a megabyte of numbers: of large batches the first samples, of
        large layers the first units. It says what is left out. Sums are over everything.
        """
        if self.walk is None:
            raise ValueError("Only a trace made by trace_backprop can be shown as a page.")
        text = page(self.walk)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def _repr_html_(self) -> str:
        """The page in a frame, small, and the table; for a notebook."""
        if self.walk is None:
            return self._table()
        inner = f"<details><summary>{self._title}</summary>{self._table()}</details>"
        return f"<div>{frame(self.walk)}{inner}</div>"

    def _table(self) -> str:
        """The same table as that of `print`."""
        head, *body = (
            "".join(f"<{tag}>{cell}</{tag}>" for cell in cells)
            for tag, cells in [("th", COLUMNS), *(("td", row) for row in self._rows())]
        )
        rows = "".join(f"<tr>{cells}</tr>" for cells in body)
        return (
            f"<table><caption>{self._title}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )

    @property
    def _title(self) -> str:
        m, n_layers = self.X.shape[0], len(self.layers)
        return f"Trace of {m} samples through {n_layers} layers, loss = {self.loss:.6g}"

    def _rows(self) -> list[tuple[str, ...]]:
        """A row for each array; within a layer, in the order of the two passes."""
        rows = [_summary("", "X", self.X)]
        for i, layer in enumerate(self.layers, start=1):
            arrays = {name: getattr(layer, name) for name in FORWARD + BACKWARD} | layer.others
            rows += [_summary(str(i), name, a) for name, a in arrays.items() if a is not None]
        return rows


def _summary(layer: str, name: str, array: Any) -> tuple[str, ...]:
    """One row of the table."""
    shape = " x ".join(map(str, array.shape))
    return layer, name, shape, *(f"{v:.4g}" for v in (array.min(), array.max(), array.mean()))


def trace_backprop(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> Trace:
    """Return every intermediate of one forward and one backward pass, by its textbook name.

    X is treated as one batch, whatever `batch_size` is. The engine itself does the two passes,
    in the fitted dtype. Nothing is dropped, whatever `dropout` is; `trace_training` shows passes
    with dropout. The arrays of the layers are copies.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor, or what holds one
        A fitted estimator, or a Pipeline, GridSearchCV or the like that ends in one. It isn't
        changed.

    X : {array-like, sparse matrix} of shape (m, n_features)
        Samples as rows. The steps of a pipeline before the network transform them first.

    y : array-like of shape (m,) or (m, n_outputs)
        Their targets.

    sample_weight : array-like of shape (m,), default=None
        Their weights.

    Returns
    -------
    trace : Trace
        ``loss``, ``output`` (a classifier's ``probabilities``) and, for each of ``layers``,
        ``W, b, Z, A, dA, dZ, dW, db``.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator isn't fitted.
    TypeError
        If there is no network in it, or several.
    ValueError
        If X, y or sample_weight are not valid training data.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import trace_backprop
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BackpropClassifier(hidden_layer_sizes=(5,), alpha=0, solver="lbfgs", random_state=0)
    >>> hidden, output = trace_backprop(clf.fit(X, y), X, y).layers
    >>> bool(np.allclose(output.dW, hidden.A.T @ output.dZ))
    True
    """
    of = held(estimator, X, y)
    network, batch = one_batch(of.network, of.X, of.y, sample_weight)
    done = record_one(of.network, network, batch)
    return trace_of(done, Walk.of(of, [done]))


def trace_of(done: Pass, walk: Walk | None) -> Trace:
    """The trace of a recorded pass."""
    loss = done.architecture.loss
    return Trace(done.arrays["X"], _layers(done), loss.proba(done.Z), done.loss, walk)


def _layers(done: Pass) -> list[LayerTrace]:
    """The arrays of each dense layer and what belongs to it."""
    names = [f.name for f in fields(LayerTrace)]
    seen: list[dict[str, Any]] = [
        {**dict.fromkeys(names), "others": {}} for _ in done.architecture.shapes
    ]
    for n, own in enumerate(seen, start=1):
        for name in "Z", "N", "A", "dA", "dN", "dZ":
            own[name] = done.arrays.get(f"{name}{n}")
    seen[-1]["A"] = done.architecture.loss.link(done.Z)
    for depth, values in zip(done.depths, done.values, strict=True):
        for name, array in values.items():
            place = seen[depth] if name in names else seen[depth]["others"]
            place[name] = array
    return [LayerTrace(**arrays) for arrays in seen]
