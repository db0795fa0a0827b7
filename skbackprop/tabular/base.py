"""What the two estimators for tables have in common: an encoder, and an ensemble over folds."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar, Self

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

from skbackprop.ensemble.base import FoldEnsemble
from skbackprop.ensemble.steps import inputs_of, through
from skbackprop.ensemble.tasks import FitTask
from skbackprop.estimators.checks import check_integer, unchanged_on_error
from skbackprop.estimators.compat import N_FOLDS, CallbackSupportMixin, with_callbacks
from skbackprop.estimators.export import ONNXMethods
from skbackprop.estimators.links import documented_in
from skbackprop.estimators.state import Saved
from skbackprop.formulas import Graph, Input, Output
from skbackprop.tabular.bins import TreeBins
from skbackprop.tabular.columns import is_missing
from skbackprop.tabular.encoder import TabularEncoder
from skbackprop.tabular.targets import TargetShares

#: Columns with more categories become what the target is for rows of the same category.
MAX_ONE_HOT = 50
#: How it is written.
DEFAULT_ENCODER = f"TabularEncoder(max_one_hot={MAX_ONE_HOT})"


@documented_in("skbackprop.tabular")
class Tabular(ONNXMethods, CallbackSupportMixin, MetaEstimatorMixin, Saved, BaseEstimator):
    """What the two estimators have in common."""

    _ensemble: ClassVar[type[FoldEnsemble]]
    _target_type: ClassVar[str] = "categorical"
    _default: ClassVar[str]

    def __init__(
        self,
        estimator: Any = None,
        *,
        encoder: Any = None,
        categorical_features: Any = "from_dtype",
        tree_bins: int | None = 8,
        cv: Any = 5,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.estimator = estimator
        self.encoder = encoder
        self.categorical_features = categorical_features
        self.tree_bins = tree_bins
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Encode the table and train the ensemble.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: numbers for the regressor; classes, or 0 and 1 for each label, for the
            classifier.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. The encoder doesn't see them.

        groups : array-like of shape (n_samples,), default=None
            Groups for a `cv` such as GroupKFold.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, a column or an array isn't allowed; the message names it. The estimator
            is left as it was.
        TypeError
            If `estimator` is no network of the right kind.
        """
        task = FitTask(self, X, y, sample_weight, 1)
        with unchanged_on_error(self), task.running(), config_context(transform_output="default"):
            self._check_parameters()
            E = self._encode(X, y)
            member, y, sample_weight = self._member(E, y, sample_weight)
            members = self._members(member)
            self.ensemble_ = self._ensemble(
                members,
                cv=self.cv,
                n_jobs=self.n_jobs,
                random_state=self.random_state,
                verbose=self.verbose,
            )
            with task.part("ensemble", 0).training(self.ensemble_):
                self.ensemble_.fit(E, y, sample_weight, groups)
        return self

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of `estimator` and `encoder` as well: ``estimator__dropout``.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter, or if `estimator` or `encoder` is None, so that nothing
            in it can be set.
        """
        for name, given in (("estimator", self._default), ("encoder", DEFAULT_ENCODER)):
            inside = [key for key in params if key.startswith(f"{name}__")]
            if inside and params.get(name, getattr(self, name)) is None:
                raise ValueError(
                    f"{inside[0]} can't be set: {name} is None. Start from {name}={given}, which is"
                    " the default."
                )
        return super().set_params(**params)

    def _check_parameters(self) -> None:
        check_integer("tree_bins", self.tree_bins, 2, or_none=True)
        if self.estimator is not None and not isinstance(self.estimator, self._ensemble._kind):
            raise TypeError(
                f"estimator must be a {self._ensemble._kind.__name__} or None, got"
                f" {self.estimator!r}."
            )

    def _members(self, network: Any) -> list[Any]:
        """What the members are, in turn: the network after codes and numbers are dealt with."""
        first = []
        coded = getattr(self.encoder_, "coded_", np.empty(0, int)).tolist()
        if coded:
            first.append(TargetShares(coded, self._target_type))
        members = [make_pipeline(*first, network) if first else network]
        if self.tree_bins is not None:
            bins = TreeBins(self.tree_bins, target_type=self._target_type)
            members.append(make_pipeline(*first, bins, network))
        return members

    def _member(self, E: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """What a member is a copy of, and targets and weights for it."""
        raise NotImplementedError

    def _encode(self, X: Any, y: Any) -> Any:
        """Fit the encoder, and encode X. Names and numbers of columns are recorded."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        values = np.asarray(y)
        if values.dtype.kind == "O" and (gaps := sum(map(is_missing, values.ravel()))):
            raise ValueError(f"y has {gaps} missing value(s). Leave out their rows.")
        encoder = self.encoder
        if encoder is None:
            encoder = TabularEncoder(
                categorical_features=self.categorical_features,
                max_one_hot=MAX_ONE_HOT if self._can_be_averaged(y) else None,
            )
        self.encoder_ = clone(encoder)
        E = self.encoder_.fit_transform(X, y)
        for name in "n_features_in_", "feature_names_in_":
            self.__dict__.pop(name, None)
            if hasattr(self.encoder_, name):
                setattr(self, name, getattr(self.encoder_, name))
        if len(getattr(self.encoder_, "coded_", ())) and not self._can_be_averaged(y):
            raise ValueError(
                "encoder has max_one_hot set, which needs one target for each row and a class of at"
                f" least {2 * N_FOLDS} rows. Set max_one_hot=None."
            )
        if not E.shape[1]:
            raise ValueError(
                f"X has no column with two different values (n_samples = {E.shape[0]}): there is"
                " nothing to learn from."
            )
        return E

    def _can_be_averaged(self, y: Any) -> bool:
        """Whether y has one target for each row, and some class has rows for several folds."""
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y.ravel()
        if y.ndim != 1 or self._target_type == "continuous":
            return y.ndim == 1
        return len(y) > 0 and max(Counter(y.tolist()).values()) >= 2 * N_FOLDS

    def _predicted(self, method: str, X: Any, *arguments: Any) -> Any:
        """What the ensemble's method returns for the encoded X."""
        check_is_fitted(self)
        with config_context(transform_output="default"):
            return getattr(self.ensemble_, method)(self.encoder_.transform(X), *arguments)

    def onnx(self, graph: Graph, X: Any, **options: bool) -> dict[str, Output]:
        """Write the predictions down in ONNX operators. `skbackprop.onnx.to_onnx` calls it.

        Parameters
        ----------
        graph : Graph
            Gets the operators.

        X : Value or list of Value
            The table, or its columns.

        **options : bool
            For a classifier, `nocl` for indices in place of labels.

        Returns
        -------
        outputs : dict of str to Output
            "label" and "probabilities" of a classifier, "variable" of a regressor.
        """
        check_is_fitted(self)
        E = through(graph, X, [("encoder", self.encoder_)])
        outputs: dict[str, Output] = self.ensemble_.onnx(graph, E, **options)
        return outputs

    @property
    def _onnx_dtype(self) -> np.dtype:
        return self.ensemble_._onnx_dtype

    def _onnx_inputs(self) -> list[Input]:
        """What the encoder takes."""
        return inputs_of(self.encoder_, self.n_features_in_)

    @property
    def members_(self) -> list[Any]:
        """The members of the ensemble; they take encoded tables."""
        check_is_fitted(self)
        return self.ensemble_.members_

    @property
    def oof_score_(self) -> float:
        """Score of the predictions for rows that a member wasn't trained on."""
        check_is_fitted(self)
        return self.ensemble_.oof_score_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags
