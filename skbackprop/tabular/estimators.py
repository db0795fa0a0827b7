"""Estimators for tables: an encoder and an ensemble over folds, with defaults that are strong."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skbackprop.ensemble import FoldEnsembleClassifier, FoldEnsembleRegressor
from skbackprop.ensemble.tasks import FitTask
from skbackprop.estimators.checks import check_sample_weight, unchanged_on_error
from skbackprop.estimators.compat import CallbackSupportMixin, with_callbacks
from skbackprop.estimators.links import documented_in
from skbackprop.estimators.numbers import as_numbers
from skbackprop.tabular import recipe
from skbackprop.tabular.bins import TreeBins
from skbackprop.tabular.encoder import TabularEncoder


@documented_in("skbackprop.tabular")
class Tabular(CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator):
    """What the two estimators have in common."""

    _ensemble: ClassVar[type]
    #: What y holds, as the encoder and the bins call it.
    _y_type: ClassVar[str] = "auto"
    _target_type: ClassVar[str] = "categorical"

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
            If `estimator` is of another type.
        """
        task = FitTask(self, X, y, sample_weight, 1)
        with unchanged_on_error(self), task.running():
            E = self._encode(X, y)
            member, y, sample_weight = self._member(E, y, sample_weight)
            members = [member]
            if self.tree_bins is not None:
                bins = TreeBins(self.tree_bins, target_type=self._target_type)
                members.append(make_pipeline(bins, member))
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

    def _member(self, E: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """What a member is a copy of, and targets and weights for it."""
        raise NotImplementedError

    def _encode(self, X: Any, y: Any) -> Any:
        """Fit the encoder, and encode X. Names and numbers of columns are recorded."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        encoder = self.encoder
        if encoder is None:
            encoder = TabularEncoder(
                categorical_features=self.categorical_features, target_type=self._y_type
            )
        self.encoder_ = clone(encoder)
        E = self.encoder_.fit_transform(X, y)
        for name in "n_features_in_", "feature_names_in_":
            self.__dict__.pop(name, None)
            if hasattr(self.encoder_, name):
                setattr(self, name, getattr(self.encoder_, name))
        if not E.shape[1]:
            raise ValueError(
                f"X has no column with two different values (n_samples = {E.shape[0]}): there is"
                " nothing to learn from."
            )
        return E

    def _predicted(self, method: str, X: Any, *arguments: Any) -> Any:
        """What the ensemble's method returns for the encoded X."""
        check_is_fitted(self)
        return getattr(self.ensemble_, method)(self.encoder_.transform(X), *arguments)

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


class TabularClassifier(ClassifierMixin, Tabular):
    """A classifier for tables as they are: strings, categories, dates, missing values.

    A :class:`TabularEncoder`, and a :class:`~skbackprop.ensemble.FoldEnsembleClassifier` of five
    networks. The settings are the same for all tables, except that the size of the layers and the
    number of epochs go by the number of rows. See :doc:`/guide/tables`.

    Parameters
    ----------
    estimator : BackpropClassifier or None, default=None
        What each member of the ensemble is a copy of. None stands for the default settings.

    encoder : transformer or None, default=None
        Turns the table into numbers. None stands for a :class:`TabularEncoder`.

    categorical_features : array-like of {bool, int, str}, "from_dtype" or None
        Which columns hold categories, see :class:`TabularEncoder`. Not used with an `encoder` of
        your own. By default ("from_dtype") those of strings, booleans and categorical types.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, see :class:`~skbackprop.BackpropClassifier`. With an `estimator`,
        set it there.

    tree_bins : int or None, default=8
        Every other member also sees the columns of many distinct numbers cut into so many bins, as
        :class:`TreeBins` does. None means that no member does.

    cv : int, splitter or iterable, default=5
        The folds, one for each member.

    n_jobs : int or None, default=None
        Members trained at the same time.

    random_state : int, RandomState instance or None, default=None
        Source of the members' seeds, and of the folds where `cv` is an integer.

    verbose : bool, default=False
        Whether to print a line for each member. With scikit-learn 1.9 and newer, ``set_callbacks``
        gives progress bars.

    Attributes
    ----------
    encoder_ : TabularEncoder
        The fitted encoder.

    ensemble_ : FoldEnsembleClassifier
        The fitted ensemble. It takes encoded tables.

    members_ : list of BackpropClassifier or Pipeline
        Its members; with `tree_bins` every other one is a Pipeline. Their output layers were
        rescaled after training; losses in `history_` are from before.

    oof_decision_function_ : ndarray of shape (n_samples, n_classes)
        Probabilities for the rows of `fit`, by the members that weren't trained on them.

    oof_score_ : float
        Accuracy of these predictions.

    classes_ : ndarray of shape (n_classes,)
        Classes, sorted.

    n_features_in_ : int
        Number of columns seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns. Defined only when `X` has feature names that are all strings.

    See Also
    --------
    TabularRegressor : The same for numbers as targets.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop.tabular import TabularClassifier
    >>> df = pd.DataFrame({"width": [2.0, None, 5.0, 5.2] * 30, "colour": [*"rrgr"] * 30})
    >>> y = ["small", "small", "large", "large"] * 30
    >>> clf = TabularClassifier(random_state=0).fit(df, y)
    >>> clf.oof_score_ > 0.8
    True
    """

    _ensemble = FoldEnsembleClassifier

    def __init__(
        self,
        estimator: Any = None,
        *,
        encoder: Any = None,
        categorical_features: Any = "from_dtype",
        class_weight: Any = None,
        tree_bins: int | None = 8,
        cv: Any = 5,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            estimator,
            encoder=encoder,
            categorical_features=categorical_features,
            tree_bins=tree_bins,
            cv=cv,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def _member(self, E: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """The network given or the default one; targets and weights as they are."""
        member = self.estimator
        if member is None:
            member = recipe.default_classifier(E.shape[0]).set_params(
                class_weight=self.class_weight
            )
        elif self.class_weight is not None:
            raise ValueError("class_weight and estimator are both given: set it in estimator.")
        return member, y, sample_weight

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable classes, or the labels more likely than not.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Predictions.
        """
        return self._predicted("predict", X)

    def predict_proba(self, X: Any, return_std: bool = False) -> Any:
        """Return the mean of the members' probabilities.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        return_std : bool, default=False
            Whether to return the members' spread as well. Where they disagree, errors are more
            frequent.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.

        std : ndarray of shape (n_samples, n_classes)
            Standard deviation over the members. Only with `return_std`.
        """
        return self._predicted("predict_proba", X, return_std)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of the mean probabilities.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return self._predicted("predict_log_proba", X)

    @property
    def classes_(self) -> np.ndarray:
        """Classes, sorted."""
        check_is_fitted(self)
        classes: np.ndarray = self.ensemble_.classes_
        return classes

    @property
    def oof_decision_function_(self) -> np.ndarray:
        """Probabilities for the rows of `fit`, by members that weren't trained on them."""
        check_is_fitted(self)
        return self.ensemble_.oof_decision_function_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class TabularRegressor(RegressorMixin, Tabular):
    """A regressor for tables as they are: strings, categories, dates, missing values.

    A :class:`TabularEncoder`, and a :class:`~skbackprop.ensemble.FoldEnsembleRegressor` of five
    networks. The settings are the same for all tables, except that the size of the layers and the
    number of epochs go by the number of rows. See :doc:`/guide/tables`.

    Parameters
    ----------
    estimator : BackpropRegressor or None, default=None
        What each member of the ensemble is a copy of. None stands for the default settings.

    encoder : transformer or None, default=None
        Turns the table into numbers. None stands for a :class:`TabularEncoder`.

    categorical_features : array-like of {bool, int, str}, "from_dtype" or None
        Which columns hold categories, see :class:`TabularEncoder`. Not used with an `encoder` of
        your own. By default ("from_dtype") those of strings, booleans and categorical types.

    tree_bins : int or None, default=8
        Every other member also sees the columns of many distinct numbers cut into so many bins, as
        :class:`TreeBins` does. None means that no member does.

    scale_targets : bool, default=True
        Whether the networks are trained on targets of mean 0 and variance 1; `predict` undoes it.
        False leaves the targets alone, for losses such as "poisson" whose targets can't be
        negative.

    cv : int, splitter or iterable, default=5
        The folds, one for each member.

    n_jobs : int or None, default=None
        Members trained at the same time.

    random_state : int, RandomState instance or None, default=None
        Source of the members' seeds, and of the folds where `cv` is an integer.

    verbose : bool, default=False
        Whether to print a line for each member. With scikit-learn 1.9 and newer, ``set_callbacks``
        gives progress bars.

    Attributes
    ----------
    encoder_ : TabularEncoder
        The fitted encoder.

    ensemble_ : FoldEnsembleRegressor
        The fitted ensemble. It takes encoded tables.

    members_ : list of BackpropRegressor or Pipeline
        Its members; with `tree_bins` every other one is a Pipeline.

    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Predictions for the rows of `fit`, by the members that weren't trained on them.

    oof_score_ : float
        R squared of these predictions.

    n_features_in_ : int
        Number of columns seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns. Defined only when `X` has feature names that are all strings.

    See Also
    --------
    TabularClassifier : The same for classes as targets.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skbackprop.tabular import TabularRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    >>> TabularRegressor(random_state=0).fit(X, y).oof_score_ > 0.4
    True
    """

    _ensemble = FoldEnsembleRegressor
    _y_type = _target_type = "continuous"

    def __init__(
        self,
        estimator: Any = None,
        *,
        encoder: Any = None,
        categorical_features: Any = "from_dtype",
        tree_bins: int | None = 8,
        scale_targets: bool = True,
        cv: Any = 5,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            estimator,
            encoder=encoder,
            categorical_features=categorical_features,
            tree_bins=tree_bins,
            cv=cv,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )
        self.scale_targets = scale_targets

    def _member(self, E: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """The network given or the default one, and the targets scaled."""
        member = self.estimator
        if member is None:
            member = recipe.default_regressor(E.shape[0])
        self._mean, self._scale = np.zeros(()), np.ones(())
        if self.scale_targets:
            y = check_targets(y, E)
            sample_weight = check_sample_weight(sample_weight, E)
            self._mean = np.average(y, axis=0, weights=sample_weight)
            self._scale = deviation(y - self._mean, sample_weight)
            y = (y - self._mean) / self._scale
        return member, y, sample_weight

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the mean of the members' predictions.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        return_std : bool, default=False
            Whether to return the members' spread as well.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.

        std : ndarray, shaped like y
            Standard deviation over the members. Only with `return_std`.
        """
        # in float64: a large mean would swallow the rest in float32
        mean, std = self._predicted("predict", X, True)
        mean, std = mean * self._scale + self._mean, std * self._scale
        return (mean, std) if return_std else mean

    @property
    def oof_prediction_(self) -> np.ndarray:
        """Predictions for the rows of `fit`, by members that weren't trained on them."""
        check_is_fitted(self)
        return self.ensemble_.oof_prediction_ * self._scale + self._mean


def deviation(d: np.ndarray, weight: np.ndarray | None) -> Any:
    """sqrt(mean of d**2) of each column, without overflow; 1 where it is 0."""
    largest = np.abs(d).max(axis=0)
    largest = np.where(largest > 0, largest, 1.0)
    root = np.sqrt(np.average((d / largest) ** 2, axis=0, weights=weight))
    return np.where(root > 0, largest * root, 1.0)


def check_targets(y: Any, X: Any) -> np.ndarray:
    """y as numbers, as many as X has rows."""
    y = as_numbers(check_array(y, ensure_2d=False, allow_nd=False, dtype=None, input_name="y"))
    check_consistent_length(X, y)
    return y.astype(np.float64)
