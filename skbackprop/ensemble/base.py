"""What both ensembles have in common: folds, members, predictions for rows left out."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone, is_classifier
from sklearn.model_selection import KFold, StratifiedKFold, check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_random_state, get_tags
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from skbackprop.ensemble import state
from skbackprop.ensemble.steps import inputs_of, steps_of, through
from skbackprop.ensemble.tasks import FitTask, Part
from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.checks import (
    ALL_EPOCHS_WANTED,
    check_groups,
    check_rows,
    check_sample_weight,
    naming_what_is_no_number,
    unchanged_on_error,
    warn,
)
from skbackprop.estimators.compat import CallbackSupportMixin, safe_indexing, with_callbacks
from skbackprop.estimators.export import ONNXMethods
from skbackprop.estimators.links import documented_in
from skbackprop.estimators.state import Saved
from skbackprop.formulas import Graph, Input, Output, Value
from skbackprop.optimizers import OPTIMIZERS

#: Seeds of the members are below this.
SEEDS = 2**31 - 1


class Fold(NamedTuple):
    """Row numbers: those a member is trained on, and those left out."""

    train: np.ndarray
    test: np.ndarray


def network_of(member: Any) -> BaseBackprop:
    """The network of a member: itself, or a pipeline's last step."""
    network: BaseBackprop = member[-1] if isinstance(member, Pipeline) else member
    return network


def begin_with_transformers(members: list[Any]) -> bool:
    """Whether all members are pipelines of more than a network: they take what those take."""
    return all(isinstance(member, Pipeline) and len(member) > 1 for member in members)


class Job(NamedTuple):
    """A member to be trained, its number, its rows, and its part of the ensemble's task."""

    member: Any
    number: int
    fold: Fold
    part: Part
    verbose: bool


def train(job: Job, X: Any, y: Any, sample_weight: Any) -> Any:
    """Fit a member on one part of the rows; the other one chooses the best epoch."""
    member, (rows, left_out) = job.member, job.fold
    network = network_of(member)
    if is_classifier(network) and y.ndim == 1:
        left_out = left_out[np.isin(y[left_out], y[rows])]  # the member knows no other classes
    weight = val = None
    if sample_weight is not None:
        weight, val = sample_weight[rows], sample_weight[left_out]
    X_train, X_val = safe_indexing(X, rows), safe_indexing(X, left_out)
    is_judged = len(left_out) > 0 and (val is None or val.any())
    if begin_with_transformers([member]):
        first = member[:-1]
        X_train = first.fit_transform(X_train, y[rows])
        X_val = first.transform(X_val) if is_judged else None
    given = {"X_val": X_val, "y_val": y[left_out], "sample_weight_val": val}
    if not is_judged:
        network.set_params(early_stopping=False, validation_split=None)
        given = {}
    started = time.perf_counter()
    wanted = ALL_EPOCHS_WANTED.set(network.n_iter_no_change == np.inf)
    try:
        with job.part.training(network):
            network.fit(X_train, y[rows], weight, **given)
    finally:
        ALL_EPOCHS_WANTED.reset(wanted)
    if job.verbose:
        seconds = time.perf_counter() - started
        print(f"Member {job.number + 1}: {network.n_iter_} epochs, {seconds:.1f} s")
    return member


@documented_in("skbackprop.ensemble")
class FoldEnsemble(ONNXMethods, CallbackSupportMixin, MetaEstimatorMixin, Saved, BaseEstimator):
    """What the two ensembles have in common."""

    _kind: ClassVar[type[BaseBackprop]]

    def __init__(
        self,
        estimator: Any = None,
        *,
        cv: Any = 5,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.estimator = estimator
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Train the members.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows. If all members are pipelines, whatever these take.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. Classes, or 0 and 1 for each label, if the members are classifiers.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Transformers don't see them.

        groups : array-like of shape (n_samples,), default=None
            Groups for a `cv` such as GroupKFold.

        Returns
        -------
        self : object
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter or an array isn't allowed. The ensemble is left as it was.
        TypeError
            If `estimator` is neither a network of the right kind nor a pipeline that ends in one.
        """
        n_parts = int(self.cv) if isinstance(self.cv, int | np.integer) else None
        task = FitTask(self, X, y, sample_weight, n_parts)
        with unchanged_on_error(self), task.running():
            X, y = self._check_fit(X, y)
            y = self._check_targets(y)
            sample_weight = check_sample_weight(sample_weight, np.empty((len(y), 0)))
            rng = check_random_state(self.random_state)
            folds = self._folds(X, y, check_groups(groups, len(y)), rng)
            self.members_ = Parallel(n_jobs=self.n_jobs)(
                delayed(train)(job, X, y, sample_weight) for job in self._jobs(folds, rng, task)
            )
            self._judge(X, y, sample_weight, folds)
        return self

    def _check_targets(self, y: Any) -> np.ndarray:
        """Targets as the members take them."""
        raise NotImplementedError

    def _judge(self, X: Any, y: Any, sample_weight: Any, folds: list[Fold]) -> None:
        """Predict the rows left out, and say how well that went."""
        raise NotImplementedError

    def _jobs(self, folds: list[Fold], rng: np.random.RandomState, task: FitTask) -> list[Job]:
        """The members to be trained, with their rows."""
        estimators, jobs = self._estimators(), []
        seeds = rng.randint(SEEDS, size=len(folds))
        for k, (fold, seed) in enumerate(zip(folds, seeds, strict=True)):
            member = self._member(estimators[k % len(estimators)])
            seeded = [name for name in member.get_params() if name.endswith("random_state")]
            member.set_params(**dict.fromkeys(seeded, int(seed)))
            jobs.append(Job(member, k, fold, task.part("member", k), bool(self.verbose)))
        return jobs

    def _estimators(self) -> list[Any]:
        """What the members are copies of, in turn."""
        given = self.estimator
        if given is None:
            return [self._kind()]
        estimators = list(given) if isinstance(given, list | tuple) else [given]
        for one in estimators:
            if not isinstance(network_of(one), self._kind):
                raise TypeError(
                    f"estimator must be a {self._kind.__name__}, a Pipeline that ends in one, a"
                    f" list of these, or None, got {one!r}."
                )
        if not estimators:
            raise ValueError(
                "estimator must be None or have at least one member, got an empty list."
            )
        return estimators

    def _member(self, given: Any) -> Any:
        """A copy of an estimator; unless it says how, it keeps the epoch of the lowest loss."""
        member = clone(given)
        network: Any = network_of(member)
        solver = network.solver
        stochastic = (OPTIMIZERS[solver] if isinstance(solver, str) else solver).stochastic
        if stochastic and not network.early_stopping:
            network.set_params(early_stopping=True, scoring="loss", n_iter_no_change=np.inf)
        return member

    def _check_fit(self, X: Any, y: Any) -> tuple[Any, Any]:
        """X and y as the members take them. Names and numbers of features are recorded."""
        y = y.toarray() if issparse(y) else y
        if not begin_with_transformers(self._estimators()):
            with naming_what_is_no_number(X):
                X, y = validate_data(
                    self,
                    X,
                    y,
                    accept_sparse="csr",
                    multi_output=True,
                    dtype=[np.float64, np.float32],
                )
            return X, y
        validate_data(self, X, y, skip_check_array=True)
        X = X.tocsr() if issparse(X) else X
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        check_consistent_length(X, y)
        return X, y

    def _folds(self, X: Any, y: Any, groups: Any, rng: np.random.RandomState) -> list[Fold]:
        """Rows of each member; one member with all rows if they are too few to split."""
        cv, n = self.cv, len(y)
        if isinstance(cv, int | np.integer):
            if cv < 2:
                raise ValueError(f"cv must be an integer > 1 or a splitter, got {cv!r}.")
            counts = self._class_counts(y)
            most = n if counts is None else int(counts.max())
            n_splits = min(int(cv), most)
            if n_splits < 2:
                warn(f"{n} row(s) can't be split into folds: there is one member, without scores.")
                return [Fold(np.arange(n), np.arange(0))]
            splitter = KFold if counts is None else StratifiedKFold
            cv = splitter(n_splits, shuffle=True, random_state=rng.randint(SEEDS))
        else:
            cv = check_cv(cv, y, classifier=isinstance(self, ClassifierMixin))
        name = f"cv={self.cv!r}"
        folds = [
            Fold(check_rows(train, n, name), check_rows(test, n, name))
            for train, test in cv.split(np.empty((n, 1)), y, groups)
        ]
        if not folds:
            raise ValueError(f"cv={self.cv!r} made no folds.")
        return folds

    def _class_counts(self, y: Any) -> np.ndarray | None:
        """Rows of each class; None where the folds aren't stratified."""
        return None

    def _checked(self, X: Any) -> Any:
        """X as the members take it."""
        check_is_fitted(self)
        if begin_with_transformers(self.members_):
            validate_data(self, X, reset=False, skip_check_array=True)
            return X.tocsr() if issparse(X) else X
        with naming_what_is_no_number(X):
            return validate_data(
                self,
                X,
                accept_sparse="csr",
                dtype=network_of(self.members_[0]).coefs_[0].dtype,
                reset=False,
            )

    @property
    def _onnx_dtype(self) -> np.dtype:
        dtype: np.dtype = network_of(self.members_[0]).coefs_[0].dtype
        return dtype

    def _onnx_inputs(self) -> list[Input]:
        """The one array X, or what the first steps of all members take."""
        if not begin_with_transformers(self.members_):
            return super()._onnx_inputs()
        inputs, *others = (inputs_of(member, self.n_features_in_) for member in self.members_)
        for other in others:
            for one, another in zip(inputs, other, strict=False):
                if one != another:
                    raise ValueError(
                        "The members of the ensemble take different inputs, which an ONNX model"
                        f" can't have: {one.name!r} of {one.dtype}, and {another.name!r} of"
                        f" {another.dtype}. Let one encoder stand before the whole ensemble, or"
                        " make the column of one type."
                    )
        return inputs

    def _mean_onnx(self, graph: Graph, X: Any, output: Callable[[Any, Any], Value]) -> Value:
        """The mean of `output(member, outputs)` over the members, in ONNX operators."""
        check_is_fitted(self)
        values = []
        for member in self.members_:
            A = through(graph, X, steps_of(member)[:-1])
            outputs: dict[str, Output] = network_of(member).onnx(graph, A)
            values.append(output(network_of(member), outputs))
        return reduce(add, values) / float(len(values))

    def _pack(self, attributes: dict[str, Any]) -> dict[str, Any]:
        return {k: state.pack(v) if k in state.HOLDERS else v for k, v in attributes.items()}

    def _unpack(self, attributes: dict[str, Any]) -> dict[str, Any]:
        return {k: state.unpack(v) if k in state.HOLDERS else v for k, v in attributes.items()}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        if isinstance(self.estimator, Pipeline):
            tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def average_of_left_out(
    predictions: list[np.ndarray], folds: list[Fold], n_samples: int
) -> np.ndarray:
    """Mean prediction for each row by the members it was left out of; NaN where there are none."""
    total = np.zeros((n_samples, *predictions[0].shape[1:]))
    times = np.zeros(n_samples)
    for values, (_, rows) in zip(predictions, folds, strict=True):
        np.add.at(total, rows, values)
        np.add.at(times, rows, 1.0)
    times = times.reshape((-1,) + (1,) * (total.ndim - 1))
    return np.divide(total, times, out=np.full_like(total, np.nan), where=times > 0)
