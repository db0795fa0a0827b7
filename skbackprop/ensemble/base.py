"""What both ensembles have in common: folds, members, predictions for rows left out."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold, check_cv
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.checks import naming_what_is_no_number, warn
from skbackprop.optimizers import OPTIMIZERS

#: Seeds of the members are below this.
SEEDS = 2**31 - 1


class Fold(NamedTuple):
    """Row numbers: those a member is trained on, and those left out."""

    train: np.ndarray
    test: np.ndarray


def train(member: BaseBackprop, X: Any, y: Any, sample_weight: Any, fold: Fold) -> BaseBackprop:
    """Fit a member on one part of the rows; the other one chooses the best epoch."""
    rows, left_out = fold
    if isinstance(member, ClassifierMixin) and y.ndim == 1:
        left_out = left_out[np.isin(y[left_out], y[rows])]  # the member knows no other classes
    weight = val = None
    if sample_weight is not None:
        weight, val = sample_weight[rows], sample_weight[left_out]
    given = {"X_val": X[left_out], "y_val": y[left_out], "sample_weight_val": val}
    if not len(left_out) or (val is not None and not val.any()):
        member.set_params(early_stopping=False)
        given = {}
    with warnings.catch_warnings():
        if member.n_iter_no_change == np.inf:  # all epochs are wanted
            warnings.simplefilter("ignore", ConvergenceWarning)
        return member.fit(X[rows], y[rows], weight, **given)


class FoldEnsemble(MetaEstimatorMixin, BaseEstimator):
    """What the two ensembles have in common."""

    _kind: ClassVar[type[BaseBackprop]]

    def __init__(
        self,
        estimator: Any = None,
        *,
        cv: Any = 5,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _train(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> list[Fold]:
        """Train the members. Returns their folds."""
        rng = check_random_state(self.random_state)
        folds = self._folds(X, y, groups, rng)
        members = []
        for seed in rng.randint(SEEDS, size=len(folds)):
            members.append(self._member().set_params(random_state=int(seed)))
        self.members_ = Parallel(n_jobs=self.n_jobs)(
            delayed(train)(member, X, y, sample_weight, fold)
            for member, fold in zip(members, folds, strict=True)
        )
        return folds

    def _member(self) -> BaseBackprop:
        """A copy of the estimator; unless it says how, it keeps the epoch of the lowest loss."""
        given = self._kind() if self.estimator is None else self.estimator
        if not isinstance(given, self._kind):
            raise TypeError(f"estimator must be a {self._kind.__name__} or None, got {given!r}.")
        member: Any = clone(given)
        solver = member.solver
        stochastic = (OPTIMIZERS[solver] if isinstance(solver, str) else solver).stochastic
        if stochastic and not member.early_stopping:
            member.set_params(early_stopping=True, scoring="loss", n_iter_no_change=np.inf)
        return member

    def _folds(self, X: Any, y: Any, groups: Any, rng: np.random.RandomState) -> list[Fold]:
        """Rows of each member; one member with all rows if they are too few to split."""
        cv, n = self.cv, X.shape[0]
        if isinstance(cv, int | np.integer) and not isinstance(cv, bool):
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
        split = cv.split(np.empty((n, 1)), y, groups)
        folds = [Fold(*(self._rows(part, n) for part in parts)) for parts in split]
        if not folds:
            raise ValueError(f"cv={self.cv!r} made no folds.")
        return folds

    def _rows(self, part: Any, n: int) -> np.ndarray:
        """One part of a fold, given as row numbers or as a mask, as row numbers."""
        rows = np.asarray(part)
        if rows.dtype.kind == "b" and rows.shape == (n,):
            rows = np.flatnonzero(rows)
        if rows.ndim != 1 or not len(rows):
            raise ValueError(f"cv={self.cv!r} made a fold without rows to train or to test on.")
        if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n:
            raise ValueError(
                f"cv={self.cv!r} must give row numbers from 0 to {n - 1} or masks, got {part!r}."
            )
        return rows

    def _class_counts(self, y: Any) -> np.ndarray | None:
        """Rows of each class; None where the folds aren't stratified."""
        return None

    def _checked(self, X: Any) -> Any:
        """X as the members take it."""
        check_is_fitted(self)
        with naming_what_is_no_number(X):
            return validate_data(
                self,
                X,
                accept_sparse="csr",
                dtype=self.members_[0].coefs_[0].dtype,
                reset=False,
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
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
