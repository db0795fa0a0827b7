"""What every estimator here shares: parameters, data, the run, the fitted attributes.

A subclass says what its targets are: `_encode_targets`, `_stratify` and `_validation_score`.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from math import inf
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop import _compat
from skbackprop.activations import ACTIVATIONS, Activation
from skbackprop.initializers import INITIALIZERS, Initializer
from skbackprop.losses import LOSSES, Loss, OutputLoss
from skbackprop.network import Architecture, Network
from skbackprop.optimizers import OPTIMIZERS, Solver
from skbackprop.options import Option, resolve
from skbackprop.schedules import SCHEDULES, Constant, Schedule
from skbackprop.training import EpochRun, LBFGSRun, Minibatches, Plan, Progress, Samples

#: Every parameter that takes a string or an option object: its registry, and the objects' class.
OPTIONS: dict[str, tuple[dict[str, Any], type[Option]]] = {
    "activation": (ACTIVATIONS, Activation),
    "solver": (OPTIMIZERS, Solver),
    "learning_rate": (SCHEDULES, Schedule),
    "loss": (LOSSES, Loss),
    "weight_init": (INITIALIZERS, Initializer),
}


def _field_constraints(option: type[Option] | Option) -> dict[str, list[Any]]:
    """The fields of an option in scikit-learn's vocabulary of constraints."""
    return {
        f.name: [_compat.Interval(**f.metadata["interval"])]
        if "interval" in f.metadata
        else ["boolean"]
        for f in fields(option)  # type: ignore[arg-type]
        if f.metadata
    }


def _option_constraints() -> dict[str, list[Any]]:
    """Constraints of the option parameters, and of the flat ones that fill their objects."""
    constraints: dict[str, list[Any]] = {}
    for name, (registry, base) in OPTIONS.items():
        constraints[name] = [_compat.StrOptions(set(registry)), base]
        for option in registry.values():
            flat = {f.name for f in fields(option) if f.metadata.get("flat")}
            constraints |= {k: c for k, c in _field_constraints(option).items() if k in flat}
    return constraints


@dataclass(frozen=True)
class FitCall:
    """The arguments of one call to `fit` or `partial_fit`, beyond X and y."""

    sample_weight: Any = None
    coefs_init: Any = None
    intercepts_init: Any = None
    classes: Any = None
    incremental: bool = False


@dataclass(frozen=True)
class Targets:
    """y as the engine takes it, and what it says about the output layer."""

    Y: np.ndarray
    n_outputs: int
    loss: OutputLoss


@dataclass(frozen=True)
class Options:
    """The option parameters as objects. A run reads nothing else of them."""

    activation: Activation
    solver: Any
    learning_rate: Schedule
    loss: Loss
    weight_init: Initializer


class BaseBackprop(BaseEstimator, ABC):
    """A multi-layer perceptron with scikit-learn's face. Subclasses add the targets."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", _compat.Interval(Integral, 1, None, closed="left")],
        "alpha": [_compat.Interval(Real, 0, None, closed="left")],
        "batch_size": [
            _compat.StrOptions({"auto"}),
            _compat.Interval(Integral, 1, None, closed="left"),
        ],
        "learning_rate_init": [_compat.Interval(Real, 0, None, closed="neither")],
        "max_iter": [_compat.Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [_compat.Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [_compat.Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [
            _compat.Interval(Integral, 1, None, closed="left"),
            _compat.Options(Real, {inf}),
        ],
        **_option_constraints(),
    }

    # What a subclass says about its targets

    @abstractmethod
    def _encode_targets(self, y: Any, loss: Loss, dtype: np.dtype, call: FitCall) -> Targets:
        """Check y, set the attributes that describe it, and encode it for the engine."""

    @abstractmethod
    def _stratify(self, Y: np.ndarray) -> np.ndarray | None:
        """What the validation split keeps in proportion, or None."""

    @abstractmethod
    def _validation_score(self, Z: np.ndarray, Y: np.ndarray, weight: Any) -> float:
        """The score that early stopping watches, from scores and encoded targets."""

    # Fitting

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
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
            Weight of each sample in the loss. The sum must be positive. In minibatches, a sample
            counts in proportion to its batch's total.

        coefs_init : list of ndarray, default=None
            First values of `coefs_`, the i-th of shape (units in layer i, units in layer i + 1).
            They are copied.

        intercepts_init : list of ndarray, default=None
            First values of `intercepts_`, the i-th of shape (units in layer i + 1,).

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, an array or a shape is not allowed, or if the parameters became
            infinite or NaN. The estimator is then what it was before the call.
        """
        return self._fit(X, y, FitCall(sample_weight, coefs_init, intercepts_init))

    def _fit(self, X: Any, y: Any, call: FitCall) -> Self:
        with self._unchanged_on_error():
            options = self._check_parameters(call)
            X, y = self._check_data(X, y, call)
            targets = self._encode_targets(y, options.loss, X.dtype, call)
            weight = _check_sample_weight(call.sample_weight, X)
            rng = check_random_state(self.random_state)

            network = self._start_network(X, targets, options, rng, call)
            progress = deepcopy(self._progress) if self._continues(call) else Progress()
            samples, plan = Samples(X, targets.Y, weight), self._plan(options, call)
            if options.solver.stochastic:
                samples, validate = self._split(samples, rng)
                batches = Minibatches(samples, network, self._batch_size(len(samples)))
                run: Any = EpochRun(plan, rng, validate)
            else:
                batches, run = Minibatches(samples, network, len(samples)), LBFGSRun(plan)
            monitored = "score" if options.solver.stochastic and self.early_stopping else "loss"
            progress.begin(options.solver, network.theta, monitored, anew=not call.incremental)
            # overflow ends in the error below, or in infinite scores, which are no error
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                run(network, batches, progress)
            if not np.all(np.isfinite(network.theta)):
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain"
                    " large values and need to be preprocessed."
                )
            self._set_fitted(network, progress, self._continues(call))
        self._tell(progress, call)
        return self

    def _continues(self, call: FitCall) -> bool:
        """True where training goes on from what is there."""
        return hasattr(self, "_network") and (call.incremental or self.warm_start)

    @contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        """Put every attribute back if the body fails. What they hold is never changed in place."""
        before = vars(self).copy()
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    def _check_parameters(self, call: FitCall) -> Options:
        """Validate the parameters and make the option objects."""
        params = self.get_params(deep=False)
        name = type(self).__name__
        if not get_config()["skip_parameter_validation"]:
            _compat.validate_parameter_constraints(self._parameter_constraints, params, name)
            for option in (params[p] for p in OPTIONS if isinstance(params[p], Option)):
                _compat.validate_parameter_constraints(
                    _field_constraints(option), option.get_params(), type(option).__name__
                )
        if call.incremental and self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it has no validation data of"
                " its own. Set early_stopping=False, or call fit."
            )
        if self._continues(call) and (
            call.coefs_init is not None or call.intercepts_init is not None
        ):
            raise ValueError(
                "coefs_init and intercepts_init are first values, but this estimator goes on from"
                " its fitted ones. Leave them out, or clone the estimator first."
            )
        return Options(**{p: resolve(params[p], OPTIONS[p][0], params) for p in OPTIONS})

    def _check_data(self, X: Any, y: Any, call: FitCall) -> tuple[Any, Any]:
        """X as CSR or as a dense array in C or Fortran order; y checked for NaN and length."""
        going_on = self._continues(call)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=self._network.theta.dtype if going_on else (np.float64, np.float32),
            reset=not going_on,
        )
        return _in_rows(X), y

    def _hidden_layer_sizes(self) -> tuple[int, ...]:
        sizes = self.hidden_layer_sizes
        sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
        if any(not isinstance(n, Integral) or isinstance(n, bool) for n in sizes):
            raise ValueError(f"hidden_layer_sizes must be integers > 0, got {sizes}.")
        if any(n <= 0 for n in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        return tuple(int(n) for n in sizes)

    def _start_network(
        self, X: Any, targets: Targets, options: Options, rng: np.random.RandomState, call: FitCall
    ) -> Network:
        """The network to train: the fitted one's copy, or a new one with its first values."""
        hidden = self._hidden_layer_sizes()
        architecture = Architecture(
            units=(X.shape[1], *hidden, targets.n_outputs),
            activations=(options.activation,) * len(hidden),
            loss=targets.loss,
            alpha=float(self.alpha),
        )
        if self._continues(call):
            fitted = self._network.architecture.units
            if architecture.units != fitted:
                raise ValueError(
                    f"hidden_layer_sizes={self.hidden_layer_sizes!r} differs from the fitted"
                    f" network's {fitted[1:-1]}. Going on by warm_start or partial_fit needs the"
                    " same layers: clone the estimator to start anew."
                )
            return Network(architecture, self._network.theta.copy())

        network = Network(architecture, self._allocate(architecture, X.dtype))
        # Without hidden units the loss is convex and there is no variance for Glorot's bound to
        # keep: it's 0 then, and training starts where scikit-learn's linear models start.
        factor = options.activation.glorot_factor if hidden else 0.0
        for layer in network.layers:
            layer.W[...], layer.b[...] = options.weight_init.draw(rng, *layer.W.shape, factor)
        if call.coefs_init is not None:
            _copy_into([layer.W for layer in network.layers], call.coefs_init, "coefs_init")
        if call.intercepts_init is not None:
            _copy_into(
                [layer.b for layer in network.layers], call.intercepts_init, "intercepts_init"
            )
        return network

    def _allocate(self, architecture: Architecture, dtype: np.dtype) -> np.ndarray:
        n = architecture.n_parameters
        try:
            return np.empty(n, dtype)
        except (MemoryError, ValueError, OverflowError) as error:
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} asks for {n:.3g} parameters,"
                f" {n * np.dtype(dtype).itemsize / 2**30:.3g} GiB, which can't be allocated. Use"
                " fewer or smaller layers."
            ) from error

    def _plan(self, options: Options, call: FitCall) -> Plan:
        scheduled = getattr(options.solver, "scheduled", False)
        return Plan(
            solver=options.solver,
            schedule=options.learning_rate if scheduled else Constant(),
            learning_rate_init=float(self.learning_rate_init),
            max_iter=1 if call.incremental else int(self.max_iter),
            tol=float(self.tol),
            n_iter_no_change=self.n_iter_no_change,
            shuffle=bool(self.shuffle),
            verbose=bool(self.verbose),
        )

    def _batch_size(self, n_samples: int) -> int:
        if self.batch_size == "auto":
            return min(200, n_samples)
        if self.batch_size > n_samples:
            warnings.warn(
                f"Got `batch_size` less than 1 or larger than sample size. It is going to be"
                f" clipped: {self.batch_size} becomes {n_samples}.",
                stacklevel=4,
            )
        return min(int(self.batch_size), n_samples)

    def _split(
        self, samples: Samples, rng: np.random.RandomState
    ) -> tuple[Samples, Callable[[Network], float] | None]:
        """The samples to train on, and the validation score of a network if there is one."""
        n = len(samples)
        if not self.early_stopping:
            index = np.arange(n) if self.shuffle else None
            return replace(samples, index=index), None

        too_small = (
            "The validation set is too small. Increase 'validation_fraction' or the size of your"
            f" dataset. Got validation_fraction={self.validation_fraction} of {n} samples; two"
            " or more are needed."
        )
        if self.validation_fraction == 0:
            raise ValueError(too_small)
        try:
            # indices instead of X: the same split as MLPClassifier's, and no copy of the data
            train, val = train_test_split(
                np.arange(n),
                random_state=rng,
                test_size=self.validation_fraction,
                stratify=self._stratify(samples.Y),
            )
        except ValueError as error:
            raise ValueError(
                f"early_stopping=True can't split y with validation_fraction="
                f"{self.validation_fraction}: {error}"
            ) from error
        if len(val) < 2:
            raise ValueError(too_small)
        X_val, Y_val, weight = samples.X[val], samples.Y[val], samples.sample_weight
        if weight is not None:
            for part, rows in ("training", train), ("validation", val):
                _check_total(
                    weight[rows], f"sample_weight of the {part} part (early_stopping=True)"
                )
        weight_val = None if weight is None else weight[val]

        def validate(network: Network) -> float:
            return self._validation_score(network.scores(X_val), Y_val, weight_val)

        return replace(samples, index=train), validate

    def _set_fitted(self, network: Network, progress: Progress, continuing: bool) -> None:
        """Set the fitted attributes, once nothing can fail any more."""
        self._network, self._progress = network, progress
        architecture = network.architecture
        self.n_layers_, self.n_outputs_ = len(architecture.units), architecture.units[-1]
        self.out_activation_ = architecture.loss.link_name
        self.n_iter_, self.t_, self.loss_ = progress.n_iter, progress.t, progress.loss
        self.best_loss_: float | None = None
        self.best_validation_score_: float | None = None
        if not continuing:
            self.loss_curve_: list[float] = []
            self.validation_scores_: list[float] | None = None
        self.loss_curve_.extend(progress.loss_curve)
        if progress.monitored == "score":
            self.validation_scores_ = [*(self.validation_scores_ or []), *progress.scores]
            self.best_validation_score_ = -progress.best
        else:
            self.validation_scores_, self.best_loss_ = None, progress.best

    def _tell(self, progress: Progress, call: FitCall) -> None:
        """Warn where training ended before it was done."""
        if progress.outcome == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=4)
        elif progress.outcome == "diverged":
            warnings.warn(
                f"Training diverged in epoch {progress.n_iter}; the best epoch's parameters are"
                " kept. Scale X, or lower learning_rate_init.",
                ConvergenceWarning,
                stacklevel=4,
            )
        elif progress.outcome == "unfinished" and not call.incremental:
            warnings.warn(progress.message, ConvergenceWarning, stacklevel=4)

    # The fitted network

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights, the i-th array of shape (units in layer i, units in layer i + 1).

        Views of the network's parameters: writing into them changes the network. An assigned
        list is checked and copied.
        """
        check_is_fitted(self)
        return [layer.W for layer in self._network.layers]

    @coefs_.setter
    def coefs_(self, arrays: Any) -> None:
        _copy_into(self.coefs_, arrays, "coefs_")

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Intercepts, the i-th array of shape (units in layer i + 1,); views like `coefs_`."""
        check_is_fitted(self)
        return [layer.b for layer in self._network.layers]

    @intercepts_.setter
    def intercepts_(self, arrays: Any) -> None:
        _copy_into(self.intercepts_, arrays, "intercepts_")

    def _scores(self, X: Any) -> np.ndarray:
        """Z of the output layer, of shape (n_samples, n_outputs), for X as a user gives it."""
        check_is_fitted(self)
        X = validate_data(
            self,
            X,
            accept_sparse=["csr", "csc"],
            dtype=self._network.theta.dtype,
            reset=False,
        )
        return self._network.scores(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _in_rows(X: Any) -> Any:
    """X as CSR, or dense in C or Fortran order, the forms whose rows are gathered without a copy."""
    if issparse(X):
        return X.tocsr()
    return X if X.flags.c_contiguous or X.flags.f_contiguous else np.ascontiguousarray(X)


def _check_sample_weight(sample_weight: Any, X: Any) -> np.ndarray | None:
    """One finite weight per row of X, in its dtype, with a positive sum."""
    if sample_weight is None:
        return None
    n = X.shape[0]
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n, float(sample_weight))
    weight = check_array(
        sample_weight, ensure_2d=False, dtype=X.dtype, order="C", input_name="sample_weight"
    )
    if weight.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array. Expected"
            f" either a scalar value or a 1D array of length {n}."
        )
    if weight.shape != (n,):
        raise ValueError(f"sample_weight.shape == {weight.shape}, expected {(n,)}!")
    if not np.any(weight):
        raise ValueError("Sample weights must contain at least one non-zero number.")
    _check_total(weight, "sample_weight")
    return weight


def _check_total(weight: np.ndarray, name: str) -> None:
    total = float(np.sum(weight))
    if total <= 0:
        raise ValueError(f"{name} must add up to more than zero, got {total:g}.")


def _copy_into(views: list[np.ndarray], arrays: Any, name: str) -> None:
    """Copy arrays into the network's views, after all of them have been checked."""
    arrays = list(arrays)
    if len(arrays) != len(views):
        raise ValueError(
            f"{name} must be a list of {len(views)} arrays, one per layer, got {len(arrays)}."
        )
    checked = []
    for i, (array, view) in enumerate(zip(arrays, views, strict=True)):
        array = np.asarray(array)
        if array.shape != view.shape:
            raise ValueError(f"{name}[{i}] must have shape {view.shape}, got {array.shape}.")
        if not (np.issubdtype(array.dtype, np.number) and np.all(np.isfinite(array))):
            raise ValueError(
                f"{name}[{i}] must hold finite numbers, got NaN, inf or {array.dtype}."
            )
        checked.append(array)
    for array, view in zip(checked, views, strict=True):
        np.copyto(view, array, casting="same_kind")
