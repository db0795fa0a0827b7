"""What every estimator here shares: parameters, data, the run, the fitted attributes.

A subclass says what its targets are: `_check_targets`, `_stratify` and `_validation_score`.
"""

from __future__ import annotations

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop import _compat
from skbackprop._evaluation import Evaluator, Held, split
from skbackprop._fitted import FittedNetwork, coef_views, intercept_views
from skbackprop._options import Options, check_combinations, check_options
from skbackprop._parameters import Parameters
from skbackprop._validation import check_dropout, check_sample_weight, check_sizes, in_rows
from skbackprop.batches import Minibatches, Samples
from skbackprop.losses import OutputLoss, check_loss
from skbackprop.network import Network
from skbackprop.threads import blas_threads
from skbackprop.training import EpochRun, LBFGSRun, Plan, Progress
from skbackprop.vectors import aligned, aligned_copy
from skbackprop.workspace import Architecture, Batch

#: Where the documentation is; pyproject.toml names the same address.
DOCUMENTATION = "https://skbackprop.readthedocs.io/en/latest/"


@dataclass(frozen=True)
class FitCall:
    """The arguments of one call to `fit` or `partial_fit`, beyond X and y, and its draws."""

    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None
    coefs_init: Any = None
    intercepts_init: Any = None
    classes: Any = None
    incremental: bool = False
    rng: Any = None


@dataclass
class Resume:
    """What `warm_start="exact"` needs beside the progress: draws, order of the samples, values."""

    rng: np.random.RandomState
    generator: np.random.Generator | None
    train: np.ndarray | None
    val: np.ndarray | None
    values: np.ndarray
    n_samples: int


class BaseBackprop(_compat.CallbackSupportMixin, FittedNetwork, Parameters, ABC):
    """A multi-layer perceptron with scikit-learn's face. Subclasses add the targets."""

    # scikit-learn's HTML representation of an estimator links the class, its parameters and its
    # attributes to this page. docs/api.rst makes it; classes of other packages have no link.
    _doc_link_module = "skbackprop"
    _doc_link_template = DOCUMENTATION + "generated/skbackprop.{estimator_name}.html"

    # What a subclass says about its targets

    _targets: Any

    @abstractmethod
    def _check_targets(self, y: Any, call: FitCall) -> Any:
        """Check y and return it. Set `_targets` unless the call goes on from fitted ones.

        `_targets` has `kind`, `n_outputs` and `encode(y, dtype, as_index)`.
        """

    @abstractmethod
    def _check_more_targets(self, y: Any) -> Any:
        """Check y against `_targets` and return it."""

    @abstractmethod
    def _stratify(self, Y: np.ndarray) -> np.ndarray | None:
        """What the validation split keeps in proportion, or None."""

    @abstractmethod
    def _validation_score(self, Z: np.ndarray, held: Held) -> float:
        """The score where `scoring` is None, from the scores Z of the output units."""

    def _target_weights(self, y: Any, call: FitCall) -> np.ndarray | None:
        """A factor on each sample's weight that its target brings with it."""
        return None

    # Fitting

    @_compat.with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
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
            Weight of each sample in the loss. The sum must be positive. In minibatches, a sample
            counts in proportion to its batch's total.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation samples, not trained on: for `history_` and, in place of a part of X, for
            `early_stopping`.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

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
        call = FitCall(sample_weight, X_val, y_val, sample_weight_val, coefs_init, intercepts_init)
        with self._callback_tasks(X, y, sample_weight) as on_epoch:
            return self._fit(X, y, call, on_epoch)

    def _fit(
        self, X: Any, y: Any, call: FitCall, on_epoch: Callable[[Network], bool] | None = None
    ) -> Self:
        with self._unchanged_on_error():
            options = self._check_options(call)
            call = replace(call, rng=check_random_state(self.random_state))
            going_on = self._continues(call)
            dtype = self._network.theta.dtype if going_on else (np.float64, np.float32)
            X, y = self._check_data(X, y, dtype, reset=not going_on)
            y = self._check_targets(y, call)
            loss = self._output_loss(options)
            held = self._held(X, y, loss, call, call.sample_weight)
            validation = self._check_validation(loss, call, X.dtype)
            architecture = self._architecture(X.shape[1], loss, options)
            with self._enough_memory(architecture):
                network = self._start_network(architecture, options, call, X.dtype)
                progress = self._train(network, held, validation, options, call, on_epoch)
            if not np.all(np.isfinite(network.theta)):
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain"
                    " large values and need to be preprocessed."
                )
            self._set_fitted(network, progress, going_on)
        self._tell(progress, call)
        return self

    def _initialize(self, n_features: int, dtype: Any) -> Self:
        """Set a network with its first values, for the `_targets` that are there."""
        if not isinstance(n_features, Integral) or n_features < 1:
            raise ValueError(f"n_features must be an integer > 0, got {n_features!r}.")
        if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise ValueError(f"dtype must be np.float32 or np.float64, got {dtype!r}.")
        for name in "_network", "_progress", "_resume", "feature_names_in_":
            vars(self).pop(name, None)
        call = FitCall(rng=check_random_state(self.random_state))
        options = self._check_options(call)
        architecture = self._architecture(int(n_features), self._output_loss(options), options)
        with self._enough_memory(architecture):
            network = self._start_network(architecture, options, call, np.dtype(dtype))
        self.n_features_in_ = int(n_features)
        self._set_fitted(network, Progress(), going_on=False)
        return self

    def _train(
        self,
        network: Network,
        held: Held,
        validation: Held | None,
        options: Options,
        call: FitCall,
        on_epoch: Callable[[Network], bool] | None,
    ) -> Progress:
        """Run the solver on the network; tell how far it came."""
        solver, plan = options.solver, self._plan(options, call)
        exact = self.warm_start == "exact" and not call.incremental
        resume = self._resumed(len(held.samples), call) if exact else None
        progress = self._progress.fork() if self._continues(call) else Progress()
        rng = resume.rng if resume else call.rng

        samples, train, val = held.samples, None, None
        if solver.stochastic:
            if resume:
                train, val = resume.train, resume.val
            elif self.early_stopping and validation is None:
                train, val = split(held, self.validation_fraction, self._stratify(samples.Y), rng)
            elif self.shuffle:
                train = np.arange(len(samples))
            samples = replace(samples, index=train)
            if val is not None:
                validation = held.rows(val)
        generator = resume.generator if resume else self._generator(network.architecture, rng)
        evaluate = Evaluator(self, self.scoring, validation) if validation else None
        batch_size = self._batch_size(len(samples)) if solver.stochastic else len(samples)
        batches = Minibatches(samples, network, batch_size, generator)
        if resume:
            progress.take_up(solver)
            np.copyto(network.values, resume.values)
        else:
            what = options.loss if plan.monitor == "loss" else self.scoring
            monitored = plan.monitor, repr(what)
            progress.begin(solver, network, monitored, anew=not call.incremental)

        common = plan, evaluate, on_epoch
        run = EpochRun(rng, *common) if solver.stochastic else LBFGSRun(*common)
        # overflow ends in non-finite weights, or in infinite scores, which are no error
        quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        with quiet, blas_threads(batches.largest_product(network)):
            run(network, batches, progress)
        if not exact:
            progress.best_values = None  # has done its duty
        else:
            values = network.values if run.last_values is None else run.last_values
            index, n = batches.samples.index, len(held.samples)
            self._resume = copy.deepcopy(Resume(rng, generator, index, val, values, n))
        return progress

    def _resumed(self, n_samples: int, call: FitCall) -> Resume | None:
        """A copy of what the last call left for this one, if it did."""
        resume: Resume | None = getattr(self, "_resume", None)
        if resume is None or not self._continues(call):
            return None
        if resume.n_samples != n_samples:
            raise ValueError(
                f"warm_start='exact' goes on with the last call's samples, so X must be the same:"
                f" there were {resume.n_samples} rows, got {n_samples}. Set warm_start=True for"
                " other data."
            )
        return copy.deepcopy(resume)

    def _continues(self, call: FitCall) -> bool:
        """True where training goes on from what is there."""
        return hasattr(self, "_network") and (call.incremental or bool(self.warm_start))

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

    @contextmanager
    def _callback_tasks(
        self, X: Any, y: Any, sample_weight: Any
    ) -> Iterator[Callable[[Network], bool] | None]:
        """scikit-learn's callbacks: `fit` is a task, and so is each epoch.

        Yields what is to be called after an epoch; it is true where a callback says stop.
        """
        if not getattr(self, "_skl_callbacks", None):
            yield None
            return
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        data = {"estimator": self, "X": X, "y": y, "metadata": metadata}
        fit_task = self._init_callback_context(max_subtasks=self.max_iter)
        fit_task.call_on_fit_task_begin(**data)
        epochs: list[Any] = []

        def begin_epoch() -> None:
            epochs.append(fit_task.subcontext(task_name="epoch"))
            epochs[-1].call_on_fit_task_begin(**data)

        def fitted(network: Network) -> dict[str, Any]:
            return {"_network": copy.deepcopy(network)}

        def on_epoch(network: Network) -> bool:
            begin_epoch()
            return bool(
                epochs[-1].call_on_fit_task_end(
                    **data, reconstruction_attributes=lambda: fitted(network)
                )
            )

        yield on_epoch
        fit_task.call_on_fit_task_end(**data, reconstruction_attributes=dict)

    # What a call is made of

    def _check_options(self, call: FitCall) -> Options:
        """Check the parameters, and refuse what doesn't go together; return the option objects."""
        params = {f.name: getattr(self, f.name) for f in fields(self)}
        name = type(self).__name__
        options = check_options(params, self._parameter_constraints, self._losses, name)
        check_combinations(params, options, call.incremental)
        given = [n for n in ("coefs_init", "intercepts_init") if getattr(call, n) is not None]
        if given and self._continues(call):
            raise ValueError(
                f"{given[0]} holds first values, but this call goes on from the fitted ones."
                " Leave it out, or clone the estimator to start anew."
            )
        return options

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

    def _held(self, X: Any, y: Any, loss: OutputLoss, call: FitCall, sample_weight: Any) -> Held:
        """Checked samples with encoded targets and all their weights."""
        Y = self._targets.encode(y, X.dtype, loss.integer_targets)
        loss.check_targets(Y)
        own = check_sample_weight(sample_weight, X)
        of_targets = self._target_weights(y, call)
        total = own
        if of_targets is not None:
            ones = np.ones(len(Y), X.dtype) if own is None else own
            total = check_sample_weight(ones * of_targets.astype(X.dtype), X)
        return Held(Samples(X, Y, total), y, own)

    def _check_validation(self, loss: OutputLoss, call: FitCall, dtype: np.dtype) -> Held | None:
        """The validation samples of a call to `fit`, checked like the others."""
        if call.X_val is None and call.y_val is None:
            if call.sample_weight_val is not None:
                raise ValueError("sample_weight_val was given without X_val and y_val.")
            return None
        if call.X_val is None or call.y_val is None:
            missing = "y_val" if call.y_val is None else "X_val"
            raise ValueError(f"X_val and y_val belong together, but {missing} is missing.")
        X, y = self._check_data(call.X_val, call.y_val, dtype, reset=False)
        return self._held(X, self._check_more_targets(y), loss, call, call.sample_weight_val)

    def _output_loss(self, options: Options) -> OutputLoss:
        """The loss for these targets."""
        loss = options.loss.on(self._targets.kind)
        if type(options.loss) not in self._losses.values():
            check_loss(loss, self._targets.kind)
        return loss

    def _architecture(self, n_features: int, loss: OutputLoss, options: Options) -> Architecture:
        hidden = check_sizes(self.hidden_layer_sizes)
        return Architecture(
            units=(n_features, *hidden, self._targets.n_outputs),
            activations=options.activations,
            loss=loss,
            l1=float(self.alpha * self.l1_ratio),
            l2=float(self.alpha * (1.0 - self.l1_ratio)),
            normalization=options.normalization,
            dropout=check_dropout(self.dropout, self.input_dropout, hidden),
        )

    def _start_network(
        self, architecture: Architecture, options: Options, call: FitCall, dtype: np.dtype
    ) -> Network:
        """Make the network to train: a copy of the fitted one, or one with its first values."""
        if self._continues(call):
            fitted = self._network.architecture
            if architecture.units != fitted.units:
                raise ValueError(
                    f"hidden_layer_sizes={self.hidden_layer_sizes!r} differs from the fitted"
                    f" network's {fitted.units[1:-1]}. Going on by warm_start or partial_fit needs"
                    " the same layers: clone the estimator to start anew."
                )
            if architecture.normalization != fitted.normalization:
                raise ValueError(
                    f"normalization={architecture.normalization!r} differs from the fitted"
                    f" network's {fitted.normalization!r}. Going on by warm_start or partial_fit"
                    " needs the same: clone the estimator to start anew."
                )
            return Network(architecture, aligned_copy(self._network.values))

        network = Network(architecture, aligned(architecture.n_values, dtype))
        # Without hidden units the loss is convex and there is no variance for Glorot's bound to
        # keep: it's 0 then, and training starts where scikit-learn's linear models start. From
        # MLPClassifier's random start the default epochs don't suffice on scikit-learn's checks.
        factors = [f.glorot_factor for f in architecture.activations]
        # the output layer takes that of the layer below
        factors.append(factors[-1] if factors else 0.0)
        for layer, factor in zip(network.layers, factors, strict=True):
            fan_in, fan_out = layer.W.shape
            layer.W[...], layer.b[...] = options.weight_init.draw(call.rng, fan_in, fan_out, factor)
        network.reset_normalization()
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
        watches = self.early_stopping and options.solver.stochastic
        restores = watches if self.restore_best_weights == "auto" else self.restore_best_weights
        return Plan(
            solver=options.solver,
            schedule=options.learning_rate,
            learning_rate_init=float(self.learning_rate_init),
            max_iter=1 if call.incremental else int(self.max_iter),
            horizon=int(options.learning_rate.epochs or self.max_iter),
            tol=float(self.tol),
            n_iter_no_change=self.n_iter_no_change,
            shuffle=bool(self.shuffle),
            clip_norm=None if self.clip_norm is None else float(self.clip_norm),
            max_norm=None if self.max_norm is None else float(self.max_norm),
            monitor="validation_score" if watches else "loss",
            restore_best=bool(restores) and not call.incremental,
            verbose=bool(self.verbose),
        )

    def _batch_size(self, n_samples: int) -> int:
        if isinstance(self.batch_size, str):  # "auto"
            return min(200, n_samples)
        if self.batch_size > n_samples:
            warnings.warn(
                f"Got `batch_size` less than 1 or larger than sample size. It is going to be"
                f" clipped: {self.batch_size} becomes {n_samples}.",
                stacklevel=6,
            )
        return min(int(self.batch_size), n_samples)

    def _generator(
        self, architecture: Architecture, rng: np.random.RandomState
    ) -> np.random.Generator | None:
        """Source of what is dropped; nothing is drawn for it without dropout."""
        if not architecture.dropout:
            return None
        return np.random.Generator(np.random.PCG64(rng.randint(2**31 - 1)))

    # After fitting

    def _set_fitted(self, network: Network, progress: Progress, going_on: bool) -> None:
        """Set the fitted attributes, once nothing can fail any more."""
        self._network, self._progress = network, progress
        architecture, history = network.architecture, progress.history
        self.n_layers_, self.n_outputs_ = len(architecture.units), architecture.units[-1]
        self.out_activation_ = architecture.loss.link_name
        self.n_iter_, self.t_, self.loss_ = progress.n_iter, progress.t, progress.loss
        self.best_loss_: float | None = None
        self.best_validation_score_: float | None = None
        if not going_on or progress.continued:
            self.history_: dict[str, list[float]] = {name: [] for name in history}
            self.validation_scores_: list[float] | None = None
        self.history_ = {name: self.history_[name] + history[name] for name in history}
        self.loss_curve_ = list(self.history_["loss"])
        if progress.monitored[0] == "validation_score":
            scores = history["validation_score"]
            self.validation_scores_ = [*(self.validation_scores_ or []), *scores]
            self.best_validation_score_ = -progress.best
        else:
            self.validation_scores_, self.best_loss_ = None, progress.best

    def _tell(self, progress: Progress, call: FitCall) -> None:
        """Warn where training ended before it was done."""
        level = 4 + (not call.incremental)  # `fit` is wrapped once more
        if progress.outcome == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=level)
        elif progress.outcome == "diverged":
            warnings.warn(
                f"Training diverged in epoch {progress.n_iter}; the best epoch's parameters are"
                " kept. Scale X, or lower learning_rate_init.",
                ConvergenceWarning,
                stacklevel=level,
            )
        elif progress.outcome == "unfinished" and not call.incremental:
            warnings.warn(progress.message, ConvergenceWarning, stacklevel=level)

    def _one_batch(
        self, X: Any, y: Any, sample_weight: Any, dtype: np.dtype | None = None
    ) -> tuple[Network, Batch]:
        """Return a copy of the fitted network, and X and y as a single batch for it."""
        check_is_fitted(self)
        dtype = self._network.theta.dtype if dtype is None else dtype
        X, y = self._check_data(X, y, dtype, reset=False)
        y = self._check_more_targets(y)
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
