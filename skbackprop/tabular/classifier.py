"""The classifier for tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skbackprop.ensemble import FoldEnsembleClassifier
from skbackprop.tabular import recipe
from skbackprop.tabular.base import Tabular


class TabularClassifier(ClassifierMixin, Tabular):
    """A classifier for tables as they are: strings, categories, dates, missing values.

    A :class:`TabularEncoder`, and a :class:`~skbackprop.ensemble.FoldEnsembleClassifier` of five
    networks. The settings are the same for all tables, except that the size of the layers and the
    number of epochs depend on the number of rows. See :doc:`/guide/tables`.

    Parameters
    ----------
    estimator : BackpropClassifier or None, default=None
        What each member of the ensemble is a copy of. None stands for the default settings.

    encoder : transformer or None, default=None
        Turns the table into numbers. None stands for a :class:`TabularEncoder`, with `max_one_hot`
        of 50. Columns with more categories become the target's mean, or the share of each
        class, over the rows of the same category.

    categorical_features : array-like of {bool, int, str}, "from_dtype" or None
        Which columns hold categories, see :class:`TabularEncoder`. Not used with an `encoder` of
        your own. By default ("from_dtype") those of strings, booleans and categorical types.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, see :class:`~skbackprop.BackpropClassifier`. With an `estimator`,
        set it there.

    tree_bins : int or None, default=8
        Every other member also gets the columns of many distinct numbers cut into this many bins,
        as by :class:`TreeBins`. With None, no member does.

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
        rescaled after training; the losses in `history_` are from before that.

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
    _default = "default_classifier(n_samples)"

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
