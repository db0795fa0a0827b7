"""`DaskBackpropClassifier` and `DaskBackpropRegressor`: training on data that stay on workers."""

from __future__ import annotations

import copy
from dataclasses import dataclass, fields, replace
from numbers import Real
from typing import Any, ClassVar, Self

import dask
import numpy as np
from distributed import Client, get_client
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop.dask.batches import connected, wait_for
from skbackprop.dask.data import RemoteData, Table, delayed_parts, dtype_of, head_of, is_dask
from skbackprop.dask.partitions import Wanted, as_scipys
from skbackprop.dask.tasks import in_its_own_thread, lazily
from skbackprop.estimators import compat
from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.choices import Chosen
from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.compat import StrOptions
from skbackprop.estimators.documented import documented
from skbackprop.estimators.fitted import show_weights
from skbackprop.estimators.parameters import parameter
from skbackprop.estimators.regressor import BackpropRegressor
from skbackprop.estimators.samples import FitArguments
from skbackprop.estimators.train import Data
from skbackprop.estimators.validation import RawInput, check_validation

#: Arguments of `fit` that are brought to the client.
VALIDATION = "X_val", "y_val", "sample_weight_val"
#: A large network is no mistake.
WITHOUT_WARNING = {"distributed.admin.large-graph-warning-threshold": "1 TB"}


class OnDask(BaseBackprop):
    """What both estimators have in common: the data, the client, lazy predictions."""

    _local: ClassVar[type[BaseBackprop]]
    draws: str
    _client: Client | None = None

    @property
    def client(self) -> Client:
        """The client of the cluster: the one that was set, or else the current one.

        It isn't a parameter, so that `clone` works, and it isn't pickled.
        """
        try:
            return self._client or get_client()
        except ValueError as error:
            raise ValueError(
                "There is no Dask client. Make one, distributed.Client(address), or set it:"
                " estimator.client = client."
            ) from error

    @client.setter
    def client(self, client: Client | None) -> None:
        if not isinstance(client, Client | None):
            raise TypeError(
                f"client must be a distributed.Client or None, got {type(client).__name__}. To"
                " connect to an address, pass Client(address)."
            )
        self._client = client

    def _pack(self, attributes: dict[str, Any]) -> dict[str, Any]:
        return super()._pack({k: v for k, v in attributes.items() if k != "_client"})

    def to_local(self) -> Any:
        """An ordinary estimator with the same parameters and fitted attributes.

        Returns
        -------
        estimator : BackpropClassifier or BackpropRegressor
            It predicts and trains on without Dask.
        """
        check_is_fitted(self)
        params = {f.name: getattr(self, f.name) for f in fields(self._local)}
        local = self._local(**params)
        # the rows of partitions are in another order: an exact resumption isn't possible
        left_out = {*params, "draws", "_client", "_resume", "coefs_", "intercepts_"}
        own = {name: value for name, value in vars(self).items() if name not in left_out}
        for name, value in copy.deepcopy(own).items():
            setattr(local, name, value)
        show_weights(local, local._network)
        return local

    @compat.with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        coefs_init: Any = None,
        intercepts_init: Any = None,
        classes: Any = None,
    ) -> Self:
        """Train the network on X and y, which stay on the workers.

        Parameters
        ----------
        X : dask array or data frame of shape (n_samples, n_features)
            Samples as rows. Blocks may be sparse, SciPy's or those of the library sparse. float32
            is kept, other types become float64. The checked partitions are kept on the workers
            until `fit` ends.

        y : dask array, data frame or series of shape (n_samples,) or (n_samples, n_outputs)
            Targets, in as many partitions as X.

        sample_weight : dask array or series of shape (n_samples,), default=None
            Weight of each sample in the loss, in as many partitions as X.

        groups : None
            Not supported: give `X_val`.

        X_val : dask collection or array-like of shape (n_val, n_features), default=None
            Validation samples. They are brought to the client.

        y_val : dask collection or array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Targets of `X_val`.

        sample_weight_val : dask collection or array-like of shape (n_val,), default=None
            Weights of `X_val`.

        coefs_init, intercepts_init : list of ndarray, default=None
            Initial weights and intercepts.

        classes : array-like of shape (n_classes,), default=None
            Class labels, if y may lack some. For a classifier only.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        TypeError
            If X, y or `sample_weight` isn't a dask collection, or if a regressor is given
            `classes`.
        ValueError
            If a parameter or a partition can't be used; the message has the partition's number.
            The estimator is left unchanged.
        RuntimeError
            If the cluster is lost. The estimator is left unchanged.
        """
        given = FitArguments(
            sample_weight,
            X_val,
            y_val,
            sample_weight_val,
            coefs_init,
            intercepts_init,
            groups,
            classes,
        )
        return self._fit(X, y, given)

    def _fit(self, X: Any, y: Any, given: FitArguments) -> Self:
        with in_its_own_thread(), dask.config.set(WITHOUT_WARNING):
            return super()._fit(X, y, given)

    def _data(self, X: Any, y: Any, given: FitArguments, chosen: Chosen, goes_on: bool) -> Data:
        """Check the samples of a call where they are, and encode them there."""
        self._refuse(chosen, given)
        names = {"X": X, "y": y}
        parts = {name: delayed_parts(part, name) for name, part in names.items()}
        weight = given.sample_weight
        parts["sample_weight"] = (
            delayed_parts(weight, "sample_weight")
            if weight is not None and not isinstance(weight, Real)
            else [weight] * len(parts["X"])
        )
        head = head_of(X)
        validate_data(self, head, skip_check_array=True, reset=not goes_on or self._initialized)
        dtype = np.dtype(self._network.theta.dtype if goes_on else dtype_of(X))
        columns = list(head.columns) if hasattr(X, "columns") else None
        has_classes = issubclass(self._local, BackpropClassifier)
        wanted = Wanted(self.n_features_in_, columns, dtype, has_classes)
        table = Table.of(self.client, parts, wanted)

        y = self._learn_targets(table.y, given, chosen, goes_on)
        encoding, architecture = self._encoding(y, table.weight, chosen, given.incremental)
        val = {name: self._brought(getattr(given, name)) for name in VALIDATION}
        return RemoteData(
            raw=RawInput.of(None, None, given, self.random_state),
            training=table.encoded(encoding),
            validation=check_validation(self, replace(given, **val), encoding, dtype),
            classes=self._targets.attributes,
            architecture=architecture,
            dtype=dtype,
            draws=self.draws,
        )

    def _brought(self, X: Any) -> Any:
        """Local data from a dask collection; others as they are."""
        if not is_dask(X):
            return X
        with connected(self.client):
            future = self.client.compute(X)
        return as_scipys(wait_for(self.client, future))

    def _refuse(self, chosen: Chosen, given: FitArguments) -> None:
        """Raise for what can't be done on partitions."""
        if given.classes is not None and not issubclass(self._local, BackpropClassifier):
            raise TypeError("classes are those of a classifier; a regressor has none.")
        if chosen.normalization is not None and chosen.normalization.has_statistics:
            raise ValueError(
                f"normalization={self.normalization!r} needs the mean and variance of a whole"
                " batch, which is on several workers. Set normalization='layer' or None."
            )
        if self.validation_split is not None or given.groups is not None:
            raise ValueError(
                "validation_split and groups need all samples in one place. On Dask give X_val and"
                " y_val, or set validation_fraction, which takes its share of each partition."
            )

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy, or R2.

        Parameters
        ----------
        X : dask array or data frame, or array-like, of shape (n_samples, n_features)
            Samples as rows.

        y : dask array or series, or array-like, of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        sample_weight : dask array or array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            Of the predictions, which are brought to the client.
        """
        from sklearn.metrics import accuracy_score, r2_score

        metric = accuracy_score if hasattr(self, "classes_") else r2_score
        with in_its_own_thread():
            y, y_pred, weight = map(self._brought, (y, self.predict(X), sample_weight))
        return float(metric(np.asarray(y), np.asarray(y_pred), sample_weight=weight))


DRAWS = StrOptions({"partition", "global"})


@documented(
    default_loss='"log_loss"',
    more_about_loss="An object can have parameters, as in ``CrossEntropy(label_smoothing=0.1)``.",
    score="the accuracy",
    stratified="The latter is a share of each partition.",
    out_activation='"softmax" or "logistic"',
)
@dataclass(eq=False, repr=False)
class DaskBackpropClassifier(OnDask, BackpropClassifier):
    """BackpropClassifier for data on a Dask cluster.

    The data stay where they are. Every step asks each partition for its part of the gradient, adds
    them up in a tree, always in the same order, and updates the network on the client. A worker
    that dies costs time, but changes no number.

    Parameters
    ----------
    {parameters}

    {loss}

    class_weight : dict, "balanced", list of dict or None, default=None
        Non-negative weight of each class, multiplied by `sample_weight`, as in BackpropClassifier.

    draws : "partition" or "global", default="partition"
        Who puts the rows into batches. With "partition", every partition draws its share of each
        batch. The numbers then depend on `random_state` and the partitions, but not on the workers.
        With "global", the client draws all rows. That takes eight bytes for each row, and gives the
        numbers of a local `fit` on all of the data. Without minibatches, as with "lbfgs", both give
        those numbers.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted; for multilabel targets the indices of the labels.

    {attributes}

    See Also
    --------
    skbackprop.BackpropClassifier : The same for data on one machine; `to_local` makes one.

    Notes
    -----
    `predict` and its like return dask arrays for dask collections, and NumPy's for local data.
    `partial_fit` takes dask collections, as `fit` does.
    Batch normalisation and `validation_split` need whole batches in one place, and are refused.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop.dask import DaskBackpropClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> with Client(processes=False, dashboard_address=":0") as client:
    ...     X, y = da.from_array(X, chunks=(50, 4)), da.from_array(y, chunks=50)
    ...     clf = DaskBackpropClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    ...     clf.score(X, y) > 0.95
    True
    """

    draws: str = parameter("partition", DRAWS, kw_only=True)

    _local = BackpropClassifier
    predict = lazily(BackpropClassifier.predict)
    predict_proba = lazily(BackpropClassifier.predict_proba)
    predict_log_proba = lazily(BackpropClassifier.predict_log_proba)
    decision_function = lazily(BackpropClassifier.decision_function)


@documented(
    default_loss='"squared_error"',
    more_about_loss="An object can have parameters, as in ``Huber(delta=2.0)``.",
    score="R2",
    stratified="The latter is a share of each partition.",
    out_activation='"identity", or "exp" for the Poisson loss',
)
@dataclass(eq=False, repr=False)
class DaskBackpropRegressor(OnDask, BackpropRegressor):
    """BackpropRegressor for data on a Dask cluster.

    What is said of :class:`DaskBackpropClassifier` holds here as well.

    Parameters
    ----------
    {loss}

    {parameters}

    draws : "partition" or "global", default="partition"
        Who puts the rows into batches, as in DaskBackpropClassifier.

    Attributes
    ----------
    {attributes}

    See Also
    --------
    skbackprop.BackpropRegressor : The same for data on one machine; `to_local` makes one.
    skbackprop.dask.DaskBackpropClassifier : The classifier.
    """

    draws: str = parameter("partition", DRAWS, kw_only=True)

    _local = BackpropRegressor
    predict = lazily(BackpropRegressor.predict)
