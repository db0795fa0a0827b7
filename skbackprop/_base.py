"""What every estimator here shares: parameters, data, the run, the fitted attributes.

A subclass says what its targets are: `_check_targets`, `_stratify` and `_validation_score`.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop import _compat
from skbackprop._fitted import FittedNetwork, coef_views, intercept_views
from skbackprop._validation import (
    Options,
    check_options,
    check_sample_weight,
    check_sizes,
    check_total,
    in_rows,
    option_constraints,
)
from skbackprop.batches import Minibatches, Samples
from skbackprop.losses import OutputLoss
from skbackprop.network import Network
from skbackprop.schedules import Constant
from skbackprop.threads import blas_threads
from skbackprop.training import EpochRun, LBFGSRun, Plan, Progress
from skbackprop.vectors import aligned, aligned_copy
from skbackprop.workspace import Architecture, Batch


@dataclass(frozen=True)
class FitCall:
    """The arguments of one call to `fit` or `partial_fit`, beyond X and y, and its draws."""

    sample_weight: Any = None
    coefs_init: Any = None
    intercepts_init: Any = None
    classes: Any = None
    incremental: bool = False
    rng: Any = None


class BaseBackprop(FittedNetwork, ABC):
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
        **option_constraints(),
    }

    # What a subclass says about its targets

    _targets: Any

    @abstractmethod
    def _check_targets(self, y: Any, call: FitCall) -> Any:
        """Check y and return it. Set `_targets` unless the call goes on from fitted ones.

        `_targets` has `kind`, `n_outputs` and `encode(y, dtype, as_index)`.
        """

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
            params = {name: getattr(self, name) for name in self._parameter_constraints}
            options = check_options(params, self._parameter_constraints, type(self).__name__)
            self._check_call(call)
            call = replace(call, rng=check_random_state(self.random_state))
            going_on = self._continues(call)
            dtype = self._network.theta.dtype if going_on else (np.float64, np.float32)
            X, y = self._check_data(X, y, dtype, reset=not going_on)
            y = self._check_targets(y, call)
            loss = options.loss.on(self._targets.kind)
            samples = Samples(
                X,
                self._targets.encode(y, X.dtype, loss.integer_targets),
                check_sample_weight(call.sample_weight, X),
            )
            architecture = self._architecture(X, loss, options)
            with self._enough_memory(architecture):
                network = self._start_network(architecture, options, call, X.dtype)
                progress = self._train(network, samples, options, call)
            if not np.all(np.isfinite(network.theta)):
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain"
                    " large values and need to be preprocessed."
                )
            self._set_fitted(network, progress, going_on)
        self._tell(progress, call)
        return self

    def _train(
        self, network: Network, samples: Samples, options: Options, call: FitCall
    ) -> Progress:
        """Run the solver on the network; tell how far it came."""
        solver, plan = options.solver, self._plan(options, call)
        progress = self._progress.fork() if self._continues(call) else Progress()
        if solver.stochastic:
            samples, validate = self._split(samples, call.rng)
            batches = Minibatches(samples, network, self._batch_size(len(samples)))
            run: Any = EpochRun(plan, call.rng, validate)
            monitored = "score" if validate else repr(options.loss)
        else:
            batches, run = Minibatches(samples, network, len(samples)), LBFGSRun(plan)
            monitored = repr(options.loss)
        progress.begin(solver, network.theta, monitored, anew=not call.incremental)
        # overflow ends in non-finite weights, or in infinite scores, which are no error
        quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        with quiet, blas_threads(batches.largest_product(network)):
            run(network, batches, progress)
        return progress

    def _continues(self, call: FitCall) -> bool:
        """True where training goes on from what is there."""
        return hasattr(self, "_network") and (call.incremental or self.warm_start)

    @contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        """Put every attribute back if the body fails, and the user's RandomState.

        What the attributes hold isn't changed in place before nothing can fail any more.
        """
        state = self.__dict__
        before = state.copy()
        rng = self.random_state if isinstance(self.random_state, np.random.RandomState) else None
        draws: Any = rng.get_state() if rng else None
        try:
            yield
        except BaseException:
            state.clear()
            state.update(before)
            if rng:
                rng.set_state(draws)
            raise

    def _check_call(self, call: FitCall) -> None:
        """Refuse calls that contradict the parameters or the fitted state."""
        if call.incremental and self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: one epoch has nothing to stop."
                " Set early_stopping=False, or call fit."
            )
        given = [n for n in ("coefs_init", "intercepts_init") if getattr(call, n) is not None]
        if given and self._continues(call):
            raise ValueError(
                f"{given[0]} holds first values, but this call goes on from the fitted ones."
                " Leave it out, or clone the estimator to start anew."
            )

    def _check_data(self, X: Any, y: Any, dtype: Any, reset: bool) -> tuple[Any, Any]:
        """X as CSR or as a dense array in C or Fortran order; y checked for NaN and length."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=dtype,
            reset=reset,
        )
        return in_rows(X), y

    def _architecture(self, X: Any, loss: OutputLoss, options: Options) -> Architecture:
        hidden = check_sizes(self.hidden_layer_sizes)
        return Architecture(
            units=(X.shape[1], *hidden, self._targets.n_outputs),
            activations=(options.activation,) * len(hidden),
            loss=loss,
            l2=float(self.alpha),
        )

    def _start_network(
        self,
        architecture: Architecture,
        options: Options,
        call: FitCall,
        dtype: np.dtype,
    ) -> Network:
        """Make the network to train: a copy of the fitted one, or one with its first values."""
        if self._continues(call):
            fitted = self._network.architecture.units
            if architecture.units != fitted:
                raise ValueError(
                    f"hidden_layer_sizes={self.hidden_layer_sizes!r} differs from the fitted"
                    f" network's {fitted[1:-1]}. Going on by warm_start or partial_fit needs the"
                    " same layers: clone the estimator to start anew."
                )
            return Network(architecture, aligned_copy(self._network.values))

        network = Network(architecture, aligned(architecture.n_values, dtype))
        # Without hidden units the loss is convex and there is no variance for Glorot's bound to
        # keep: it's 0 then, and training starts where scikit-learn's linear models start. From
        # MLPClassifier's random start the default epochs don't suffice on scikit-learn's checks.
        factor = options.activation.glorot_factor if architecture.activations else 0.0
        for layer in network.layers:
            fan_in, fan_out = layer.W.shape
            layer.W[...], layer.b[...] = options.weight_init.draw(call.rng, fan_in, fan_out, factor)
        if call.coefs_init is not None:
            coef_views(network, "coefs_init").assign(call.coefs_init)
        if call.intercepts_init is not None:
            intercept_views(network, "intercepts_init").assign(call.intercepts_init)
        return network

    @contextmanager
    def _enough_memory(self, architecture: Architecture) -> Iterator[None]:
        """Say which parameters ask for more than there is."""
        try:
            yield
        except (MemoryError, OverflowError) as error:
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} asks for"
                f" {architecture.n_parameters} parameters, which can't be allocated with their"
                f" gradients and the buffers of batch_size={self.batch_size!r}. Use fewer or"
                " smaller layers, or smaller batches."
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
                stacklevel=5,
            )
        return min(int(self.batch_size), n_samples)

    def _split(
        self, samples: Samples, rng: np.random.RandomState
    ) -> tuple[Samples, Callable[[Network], float] | None]:
        """Return the samples to train on, and with early stopping the score of a network."""
        n = len(samples)
        if not self.early_stopping:
            index = np.arange(n) if self.shuffle else None
            return replace(samples, index=index), None

        from sklearn.model_selection import train_test_split  # slow to import, seldom needed

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
                check_total(weight[rows], f"sample_weight of the {part} part (early_stopping=True)")
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

    def _one_batch(
        self, X: Any, y: Any, sample_weight: Any, dtype: np.dtype | None = None
    ) -> tuple[Network, Batch]:
        """Return a copy of the fitted network, and X and y as a single batch for it."""
        check_is_fitted(self)
        dtype = self._network.theta.dtype if dtype is None else dtype
        X, y = self._check_data(X, y, dtype, reset=False)
        y = self._check_targets(y, FitCall(incremental=True))
        architecture = self._network.architecture
        Y = self._targets.encode(y, dtype, architecture.loss.integer_targets)
        network = Network(architecture, self._network.values.astype(dtype))
        samples = Samples(X, Y, check_sample_weight(sample_weight, X))
        (batch,) = Minibatches(samples, network, len(samples))
        return network, batch

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
