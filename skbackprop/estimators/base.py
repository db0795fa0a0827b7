"""What all estimators share: fit, partial_fit, resuming."""

from __future__ import annotations

from dataclasses import fields
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skbackprop.architecture import Architecture
from skbackprop.estimators import build, compat
from skbackprop.estimators.callbacks import FitTasks
from skbackprop.estimators.checks import (
    ALL_EPOCHS_WANTED,
    check_sample_weight,
    unchanged_on_error,
    warn,
)
from skbackprop.estimators.choices import Chosen, choose
from skbackprop.estimators.combinations import check_combinations
from skbackprop.estimators.export import ONNXMethods
from skbackprop.estimators.fitted import (
    Views,
    coef_views,
    intercept_views,
    set_fitted,
    show_weights,
)
from skbackprop.estimators.links import documented_in
from skbackprop.estimators.parameters import Parameters
from skbackprop.estimators.resume import Interrupted, settings_of
from skbackprop.estimators.samples import (
    Encoding,
    FitArguments,
    check_n_features,
    check_no_first_values,
    check_X_y,
)
from skbackprop.estimators.state import Saved, pack, unpack
from skbackprop.estimators.targets import Targets
from skbackprop.estimators.train import Data, Request, run_solver
from skbackprop.estimators.validation import RawInput, check_validation
from skbackprop.formulas import Graph, Output, Value
from skbackprop.losses import Loss
from skbackprop.network import Network
from skbackprop.optimizers import OPTIMIZERS
from skbackprop.training import Progress


def is_stochastic(estimator: Any) -> bool:
    """Return True if `partial_fit` makes sense; otherwise raise an error that says why not."""
    solver = estimator.solver
    option = OPTIMIZERS.get(solver) if isinstance(solver, str) else solver
    if getattr(option, "stochastic", False):
        return True
    raise AttributeError(
        f"partial_fit is only available for stochastic optimizers. {solver} is not stochastic."
    )


@documented_in("skbackprop")
class BaseBackprop(compat.CallbackSupportMixin, Parameters, ONNXMethods, Saved, BaseEstimator):
    """A multi-layer perceptron with scikit-learn's interface. Subclasses add the targets."""

    #: Under metadata routing `fit` asks for groups, unless `set_fit_request` says otherwise.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}
    _target_class: ClassVar[type[Targets]]

    _targets: Any
    _loss: Loss
    _network: Network
    _progress: Progress

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
    ) -> Self:
        """Train the network on X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows. float32 and float64 are kept, other types become float64. CSC is
            converted to CSR. X is never written to.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss. The sum must be positive. In a minibatch, weights
            are relative to the batch's total. The mean and variance of ``normalization="batch"``
            ignore the weights: leave samples of weight 0 out of X.

        groups : array-like of shape (n_samples,), default=None
            Groups of the samples, for a `validation_split` that keeps them together. With metadata
            routing `fit` asks for them by default.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation samples, not trained on. They are evaluated for `history_`, and
            `early_stopping` uses them instead of a part of X.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Targets of `X_val`.

        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of `X_val`.

        coefs_init : list of ndarray, default=None
            Initial values of `coefs_`, the i-th of shape (units in layer i, units in layer i + 1).
            They are copied.

        intercepts_init : list of ndarray, default=None
            Initial values of `intercepts_`, the i-th of shape (units in layer i + 1,).

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, an array or a shape is not allowed, or if the parameters became
            infinite or NaN. The estimator is left unchanged.
        """
        given = FitArguments(
            sample_weight, X_val, y_val, sample_weight_val, coefs_init, intercepts_init, groups
        )
        return self._fit(X, y, given)

    def _fit(self, X: Any, y: Any, given: FitArguments) -> Self:
        """Check the arguments, train a new or copied network, and keep it if nothing failed."""
        incremental = given.incremental
        # the parameters: strings become objects
        chosen = self._choose(incremental)
        goes_on = self._goes_on(incremental)
        if goes_on:
            check_no_first_values(given)
        tasks = None if incremental else FitTasks.of(self, X, y, given, goes_on)
        with unchanged_on_error(self):
            if tasks:
                tasks.begin_fit()
                chosen = self._choose(incremental)  # a callback may have set parameters
            # a checkpoint may have brought a fit of which this is the rest
            interrupted: Interrupted | None = self.__dict__.pop("_interrupted", None)
            rng = check_random_state(self.random_state)
            data = self._data(X, y, given, chosen, goes_on)
            architecture = data.architecture
            exact = self.warm_start == "exact" and not incremental
            settings = {}
            if exact or tasks:
                settings = settings_of(self, chosen, data.validation is not None)
            if interrupted:
                interrupted.check(data.fingerprint, settings)
                self.__dict__.update(interrupted.attributes)

            # the network: a copy of the fitted one or a new one, trained
            before = interrupted.network if interrupted else self._network if goes_on else None
            with build.enough_memory(self, architecture):
                if before:
                    network = build.same_network(architecture, before, self)
                else:
                    rule = chosen.weight_init
                    network = build.first_network(architecture, data.dtype, rule, rng, given)
            request = Request(
                plan=build.plan(self, chosen, incremental),
                network=network,
                data=data,
                tasks=tasks,
                incremental=incremental,
                goes_on=goes_on,
                exact=exact,
                settings=settings,
                interrupted=interrupted,
            )
            if tasks:
                tasks.goes_on = before is not None
            progress = run_solver(self, request, rng)
            if not np.all(np.isfinite(network.theta)):
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain"
                    " large values and need to be preprocessed."
                )
            set_fitted(self, network, progress, goes_on=before is not None)
            if tasks:
                tasks.end_fit()
                tasks.record = lambda: None  # it holds the data
            if not hasattr(self, "_resume"):
                progress.best_values = None  # no longer needed
        if incremental and progress.outcome == "interrupted":
            raise KeyboardInterrupt  # so that a loop of calls ends
        self._warn_of(progress, incremental, data)
        return self

    def _data(self, X: Any, y: Any, given: FitArguments, chosen: Chosen, goes_on: bool) -> Data:
        """Check the samples of a call, and convert them for the engine."""
        raw, incremental = RawInput.of(X, y, given, self.random_state), given.incremental
        dtype = self._network.theta.dtype if goes_on else (np.float64, np.float32)
        X, y = check_X_y(self, X, y, dtype, reset=not goes_on or self._initialized)
        if goes_on:
            check_n_features(self, X)
        y = self._learn_targets(y, given, chosen, goes_on)
        weight = check_sample_weight(given.sample_weight, X)
        encoding, architecture = self._encoding(y, weight, chosen, incremental)
        training = encoding.dataset(X, y, weight)
        validation = check_validation(self, given, encoding, X.dtype)
        return Data(raw, training, validation, self._targets.attributes, architecture, X.dtype)

    def _learn_targets(self, y: Any, given: FitArguments, chosen: Chosen, goes_on: bool) -> Any:
        """Take the targets from y, or check that they are the fitted ones; return y, checked."""
        if goes_on:
            y = self._targets.again(y, given.classes, given.incremental)
        else:
            self._targets, y = self._target_class.of(y, given.classes, given.incremental)
            self.__dict__.update(self._targets.attributes)
        self._loss = chosen.loss
        return y

    def _encoding(
        self, y: Any, weight: np.ndarray | None, chosen: Chosen, incremental: bool
    ) -> tuple[Encoding, Architecture]:
        """How targets become what the engine trains on, and the network for them."""
        architecture = build.architecture(self, self.n_features_in_, self._targets, chosen)
        class_weight = getattr(self, "class_weight", None)
        weights = self._targets.class_weights(class_weight, y, weight, incremental)
        return Encoding(self._targets, architecture.loss, weights), architecture

    def _initialize(self, targets: Targets, n_features: int, dtype: Any) -> Self:
        """Make a network with initial values, for these targets."""
        with unchanged_on_error(self):
            if not isinstance(n_features, Integral) or n_features is True or n_features < 1:
                raise ValueError(f"n_features must be an integer > 0, got {n_features!r}.")
            if dtype not in (np.float32, np.float64, float, "float32", "float64"):
                raise ValueError(f"dtype must be np.float32 or np.float64, got {dtype!r}.")
            for name in "_network", "_progress", "_resume", "feature_names_in_":
                self.__dict__.pop(name, None)
            self._targets, self.n_features_in_ = targets, int(n_features)
            self.__dict__.update(targets.attributes)
            chosen = self._choose(incremental=False)
            self._loss = chosen.loss
            architecture = build.architecture(self, int(n_features), targets, chosen)
            rng, rule = check_random_state(self.random_state), chosen.weight_init
            with build.enough_memory(self, architecture):
                network = build.first_network(
                    architecture, np.dtype(dtype), rule, rng, FitArguments()
                )
            set_fitted(self, network, Progress(), goes_on=False)
            self.best_loss_ = None
        return self

    def _choose(self, incremental: bool) -> Chosen:
        """Check the parameters and their combinations, and return the option objects."""
        params = {f.name: getattr(self, f.name) for f in fields(self)}
        # defaults are valid, and checking them would take a good part of a small partial_fit
        defaults = {f.name for f in fields(self) if params[f.name] is f.default}
        constraints = {k: c for k, c in self._parameter_constraints.items() if k not in defaults}
        chosen = choose(params, constraints, self._losses, type(self).__name__)
        check_combinations(params, chosen, incremental)
        if isinstance(self.scoring, str) and self.scoring != "loss":
            from sklearn.metrics import get_scorer  # slow to import, seldom needed

            get_scorer(self.scoring)  # raises an error that lists the valid names
        return chosen

    def _goes_on(self, incremental: bool) -> bool:
        """True if training continues from fitted weights."""
        return hasattr(self, "_network") and (incremental or bool(self.warm_start))

    @property
    def _initialized(self) -> bool:
        """True after `initialize`, before any samples: feature names aren't known yet."""
        return hasattr(self, "_network") and not self._progress.monitored[0]

    def _warn_of(self, progress: Progress, incremental: bool, data: Data) -> None:
        """Warn if training was interrupted, diverged or didn't converge."""

        def advice() -> str:
            y = getattr(data.training, "y", None)  # on Dask it isn't here
            return "" if y is None else self._targets.advice(y, self._loss.positive_only)

        if progress.outcome == "interrupted":
            warn("Training interrupted by user.")
        elif progress.outcome == "diverged":
            warn(
                f"Training diverged in epoch {progress.n_iter}; the best epoch's parameters are"
                f" kept. Scale X, or lower learning_rate_init.{advice()}",
                ConvergenceWarning,
            )
        elif progress.outcome == "unfinished" and not (
            incremental or self.warm_start == "exact" or ALL_EPOCHS_WANTED.get()
        ):
            warn(progress.message + advice(), ConvergenceWarning)

    # After fitting

    @property
    def coefs_(self) -> Views:
        """Weights, the i-th array of shape (units in layer i, units in layer i + 1).

        Views of the network's parameters: writing into them changes the network. Assigned values,
        for one array or the whole list, are checked and copied into the views. To restore earlier
        values, keep copies of the arrays.
        """
        check_is_fitted(self)
        return coef_views(self._network, "coefs_")

    @coefs_.setter
    def coefs_(self, arrays: Any) -> None:
        self.coefs_.assign(arrays)

    @property
    def intercepts_(self) -> Views:
        """Intercepts, the i-th array of shape (units in layer i + 1,); views like `coefs_`."""
        check_is_fitted(self)
        return intercept_views(self._network, "intercepts_")

    @intercepts_.setter
    def intercepts_(self, arrays: Any) -> None:
        self.intercepts_.assign(arrays)

    def _pack(self, attributes: dict[str, Any]) -> dict[str, Any]:
        return pack(attributes)

    def _unpack(self, attributes: dict[str, Any]) -> dict[str, Any]:
        attributes = unpack(attributes, self._target_class)
        if "_network" in attributes:
            show_weights(self, attributes["_network"])
        return attributes

    @property
    def _onnx_dtype(self) -> np.dtype:
        return self._network.theta.dtype

    def onnx(self, graph: Graph, X: Value, **options: bool) -> dict[str, Output]:
        """Write the predictions down in ONNX operators. `skbackprop.onnx.to_onnx` calls it.

        Parameters
        ----------
        graph : Graph
            Gets the operators.

        X : Value
            Samples as rows.

        **options : bool
            For a classifier, `raw_scores` for scores in place of probabilities and `nocl` for
            indices in place of labels.

        Returns
        -------
        outputs : dict of str to Output
            "label" and "probabilities" of a classifier, "variable" of a regressor.
        """
        check_is_fitted(self)
        Z = self._network.onnx(graph, X)
        return self._targets.onnx(graph, Z, self._network.architecture.loss, **options)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
