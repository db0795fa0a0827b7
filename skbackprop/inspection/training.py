"""The first training steps, each with its whole pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, overload

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from skbackprop.batches import Minibatches
from skbackprop.estimators import build
from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.checks import check_integer, check_sample_weight
from skbackprop.estimators.samples import Encoding, FitArguments, check_X_y
from skbackprop.inspection.holders import Held, unfitted
from skbackprop.inspection.pages import Map, Walk, frame, page
from skbackprop.inspection.recording import Pass, RecordingNetwork, chosen_of, recorded_plan
from skbackprop.inspection.trace import Trace, trace_of
from skbackprop.training import EpochRun, Progress
from skbackprop.vectors import aligned

#: Points on a side of the plane over two features.
SIDE = 56
#: Samples that are drawn on it.
MOST_POINTS = 400


class _Enough(Exception):  # noqa: N818  (no error)
    """Raised when all passes that are wanted are recorded."""


class _Counted(RecordingNetwork):
    """Stops training after so many steps."""

    wanted: int

    def data_loss_and_gradient(self, batch: Any) -> float:
        """As in `RecordingNetwork`, unless all steps have been made."""
        if len(getattr(self, "passes", ())) == self.wanted:
            raise _Enough
        return super().data_loss_and_gradient(batch)


@dataclass(frozen=True, repr=False)
class TrainingTrace(Sequence[Trace]):
    """The traces of successive training steps; a sequence of `Trace`.

    Parameters
    ----------
    traces : list of Trace
        One for each step, of its batch and at the weights before it.
    walk : object
        What `to_html` shows.
    """

    traces: list[Trace]
    walk: Walk

    @property
    def loss_curve(self) -> list[float]:
        """The loss of each step's batch, penalty included, before the step."""
        return [trace.loss for trace in self.traces]

    def __len__(self) -> int:
        """Number of steps."""
        return len(self.traces)

    @overload
    def __getitem__(self, index: int) -> Trace: ...
    @overload
    def __getitem__(self, index: slice) -> list[Trace]: ...
    def __getitem__(self, index: Any) -> Any:
        """The trace of a step."""
        return self.traces[index]

    def __repr__(self) -> str:
        first, last = self.loss_curve[0], self.loss_curve[-1]
        return f"<Trace of {len(self)} steps of training, loss from {first:.6g} to {last:.6g}>"

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """Make a page like that of :meth:`Trace.to_html`, with a slider for the steps of training.

        It shows how the loss falls, how the weights move, and for two features how the prediction
        over the plane changes. Of more than 60 steps, and of fewer for a deep network, it holds
        some, evenly spaced.

        Parameters
        ----------
        path : path-like, default=None
            Where to write the page as well.

        Returns
        -------
        page : str
            The page.
        """
        text = page(self.walk)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def _repr_html_(self) -> str:
        """The page in a frame, small; for a notebook."""
        return frame(self.walk, 820)


def trace_training(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, *, steps: int = 20
) -> TrainingTrace:
    """Train a copy of an estimator for a few steps, and keep a trace of each.

    The steps are those that `fit` makes: the same first weights, batches, dropout and learning
    rates, for the same `random_state`.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor, or a Pipeline that ends in one
        It need not be fitted, and isn't changed. The other steps of a pipeline are fitted first.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples as rows.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their targets.

    sample_weight : array-like of shape (n_samples,), default=None
        Their weights.

    steps : int, default=20
        How many steps to make, whatever `max_iter` is. Each takes one batch. There are fewer if
        training converges. With ``early_stopping`` no samples are set aside.

    Returns
    -------
    training : TrainingTrace
        A sequence of :class:`Trace`, with `to_html` and `loss_curve`.

    Raises
    ------
    ValueError
        If the solver is "lbfgs", which has no steps of single batches, or if a parameter, X, y or
        sample_weight is not valid.
    TypeError
        If there is no network in the estimator.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.datasets import make_spirals
    >>> from skbackprop.inspection import trace_training
    >>> X, y = make_spirals(random_state=0)
    >>> clf = BackpropClassifier((10,), learning_rate_init=0.05, batch_size=300, random_state=0)
    >>> training = trace_training(clf, X, y, steps=30)
    >>> len(training), training.loss_curve[-1] < training.loss_curve[0]
    (30, True)
    """
    check_integer("steps", steps, 1)
    given, X, y, names = unfitted(estimator, X, y)
    model: BaseBackprop = clone(given)
    model.set_params(early_stopping=False)
    chosen = chosen_of(model)
    if not chosen.solver.stochastic:
        raise ValueError(
            f"trace_training records steps of single batches, and solver={model.solver!r} makes"
            " none. Take another one, such as solver='adam', or trace_backprop for one pass."
        )
    network, batches, rng = _prepared(model, chosen, (X, y, sample_weight))
    network.wanted = int(steps)
    progress = Progress(generator=batches.workspace.generator)
    plan = replace(recorded_plan(model, chosen, network), max_iter=int(steps))
    progress.start(replace(plan, solver=chosen.solver), network, anew=True)
    quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
    try:
        with quiet:
            EpochRun(plan, rng)(network, batches, progress)
    except _Enough:
        pass
    passes = network.passes
    if not all(np.isfinite(one.loss) for one in passes):
        raise ValueError("The loss became infinite or NaN: scale X, or lower learning_rate_init.")
    held = Held(model, batches.samples.X, y, names)
    walk = Walk.of(held, passes, _map(model, network, batches))
    return TrainingTrace([trace_of(one, None) for one in passes], walk)


def _prepared(
    model: BaseBackprop, chosen: Any, samples: tuple[Any, Any, Any]
) -> tuple[_Counted, Minibatches, np.random.RandomState]:
    """The first network, the batches, and what shuffles them, with random numbers as in `fit`."""
    X, y, sample_weight = samples
    rng = check_random_state(model.random_state)
    X, y = check_X_y(model, X, y, (np.float64, np.float32), reset=True)
    targets, y = model._target_class.of(y, None, False)
    model.__dict__.update(targets.attributes)
    weight = check_sample_weight(sample_weight, X)
    architecture = build.architecture(model, X.shape[1], targets, chosen)
    balanced = targets.class_weights(getattr(model, "class_weight", None), y, weight, False)
    dataset = Encoding(targets, architecture.loss, balanced).dataset(X, y, weight)
    first = build.first_network(architecture, X.dtype, chosen.weight_init, rng, FitArguments())
    network = _Counted(architecture, aligned(architecture.n_values, X.dtype))
    np.copyto(network.values, first.values)
    generator = build.dropout_generator(architecture, rng)
    build.check_variance(model, network, len(y))
    order = np.arange(len(y)) if model.shuffle else None
    rows = replace(dataset.samples, index=order)
    size = build.batch_size(model, len(y))
    return network, Minibatches(rows, network, size, generator, in_parts=False), rng


def _map(model: BaseBackprop, network: RecordingNetwork, batches: Minibatches) -> Map | None:
    """What the network says over the plane at each step; None unless there are two features."""
    X = batches.samples.X
    if X.shape[1] != 2 or not isinstance(X, np.ndarray):
        return None
    n_outputs = network.architecture.units[-1]
    classes = getattr(model, "classes_", None)
    several = classes is None or batches.samples.Y.ndim == 2
    if several and n_outputs > 1:
        return None  # several numbers or labels for a point
    low, high = X.min(axis=0), X.max(axis=0)
    low, high = low - 0.12 * (high - low) - 1e-9, high + 0.12 * (high - low) + 1e-9
    a, b = (np.linspace(low[k], high[k], SIDE) for k in range(2))
    plane = np.column_stack([np.tile(a, SIDE), np.repeat(b, SIDE)]).astype(X.dtype)
    answers = [_answer(one, network, plane) for one in network.passes]
    if classes is None:
        bottom, top = min(p.min() for p in answers), max(p.max() for p in answers)
        frames = [np.stack([0 * p, (p - bottom) / (top - bottom or 1.0)], axis=-1) for p in answers]
        group = np.full(len(X), -1)
    else:
        frames = []
        for p in answers:
            p = np.hstack([1 - p, p]) if n_outputs == 1 else p
            best, k = p.max(axis=1), p.shape[1]
            sure = (best - 1 / k) / (1 - 1 / k) if k > 1 else best
            frames.append(np.stack([p.argmax(axis=1), sure], axis=-1))
        Y = batches.samples.Y
        group = Y.ravel().astype(int)
    some = np.linspace(0, len(X) - 1, min(len(X), MOST_POINTS)).astype(int)
    limits = [float(v) for v in (low[0], high[0], low[1], high[1])]
    names = [] if classes is None else [str(c) for c in classes]
    shaped = [f.reshape(SIDE, SIDE, 2) for f in frames]
    return Map(X[some], group[some], limits, shaped, names)


def _answer(one: Pass, network: RecordingNetwork, plane: np.ndarray) -> np.ndarray:
    """Probabilities or numbers for the points, at the weights before a step."""
    np.copyto(network.theta, one.theta)
    probabilities: np.ndarray = network.architecture.loss.proba(network.scores(plane))
    return probabilities
