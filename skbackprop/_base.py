"""What every estimator here shares: fitting, in one go, in steps, and going on."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if

from skbackprop import _compat
from skbackprop._callbacks import FitTasks
from skbackprop._data import Data, Held
from skbackprop._evaluation import Evaluator, split
from skbackprop._options import Options
from skbackprop._setup import FitCall
from skbackprop._validation import check_sample_weight
from skbackprop.batches import Minibatches
from skbackprop.network import Network
from skbackprop.optimizers import OPTIMIZERS
from skbackprop.threads import blas_threads
from skbackprop.training import EpochRun, LBFGSRun, Progress

#: Where the documentation is; pyproject.toml names the same address.
DOCUMENTATION = "https://skbackprop.readthedocs.io/en/latest/"


@dataclass
class Resume:
    """What `warm_start="exact"` needs beside the progress.

    The source of the draws, the order of the samples, and the last epoch's values where the best
    one's were `left` in their place. `settings` are the parameters that all of this depends on.
    """

    rng: np.random.RandomState
    generator: np.random.Generator | None
    train: np.ndarray | None
    val: np.ndarray | None
    values: np.ndarray | None
    left: np.ndarray | None
    n_samples: int
    settings: dict[str, Any]


def is_stochastic(estimator: BaseBackprop) -> bool:
    """True where `partial_fit` makes sense; the error says why it doesn't."""
    solver = estimator.solver
    option = OPTIMIZERS.get(solver) if isinstance(solver, str) else solver
    if getattr(option, "stochastic", False):
        return True
    raise AttributeError(
        f"partial_fit is only available for stochastic optimizers. {solver} is not stochastic."
    )


class BaseBackprop(_compat.CallbackSupportMixin, Data):
    """A multi-layer perceptron with scikit-learn's face. Subclasses add the targets."""

    # scikit-learn's HTML representation of an estimator links the class, its parameters and its
    # attributes to this page. docs/api.rst makes it; classes of other packages have no link.
    _doc_link_module = "skbackprop"
    _doc_link_template = DOCUMENTATION + "generated/skbackprop.{estimator_name}.html"

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
            counts in proportion to its batch's total. With ``normalization="batch"`` all samples
            count alike for mean and variance: leave those of weight 0 out of X.

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
        return self._fit(X, y, replace(call, tasks=self._callback_tasks(X, y, call)))

    @available_if(is_stochastic)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        coefs_init: Any = None,
        intercepts_init: Any = None,
    ) -> Self:
        """Train for one epoch on X and y, from where the last call ended.

        Optimizer state, learning rate and weights are kept from call to call. Only there for
        stochastic solvers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows. Later calls convert them to the dtype of the first.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.

        coefs_init, intercepts_init : list of ndarray, default=None
            First weights and intercepts, as in `fit`. Only in the first call.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            As `fit` does, and if y doesn't go with the targets of the first call. The estimator
            is then what it was before the call.
        """
        call = FitCall(
            sample_weight,
            coefs_init=coefs_init,
            intercepts_init=intercepts_init,
            incremental=True,
        )
        return self._fit(X, y, call)

    def _fit(self, X: Any, y: Any, call: FitCall) -> Self:
        with self._unchanged_on_error():
            if call.tasks:
                call.tasks.begin_fit()
            options = self._check_options(call)
            call = replace(call, rng=check_random_state(self.random_state))
            going_on = self._continues(call)
            dtype = self._network.theta.dtype if going_on else (np.float64, np.float32)
            X, y = self._check_data(X, y, dtype, reset=not going_on or self._initialized)
            if going_on and X.shape[1] != (n := self._network.architecture.units[0]):
                raise ValueError(
                    f"X has {X.shape[1]} features, but {type(self).__name__} is expecting {n}"
                    " features as input."
                )
            y = self._check_targets(y, call)
            weight = check_sample_weight(call.sample_weight, X)
            call = replace(call, y=y, weight=weight)
            loss = self._output_loss(options)
            held = self._held(X, y, loss, call, weight)
            validation = self._check_validation(loss, call, X.dtype)
            architecture = self._architecture(X.shape[1], loss, options)
            with self._enough_memory(architecture):
                network = self._start_network(architecture, options, call, X.dtype)
                progress = self._train(network, held, validation, options, call)
            if not np.all(np.isfinite(network.theta)):
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain"
                    " large values and need to be preprocessed."
                )
            self._set_fitted(network, progress, going_on)
            if call.tasks:
                call.tasks.end_fit(self)
        self._tell(progress, call)
        return self

    def _initialize(self, n_features: int, dtype: Any) -> Self:
        """Set a network with its first values, for the `_targets` that are there."""
        if not isinstance(n_features, Integral) or n_features is True or n_features < 1:
            raise ValueError(f"n_features must be an integer > 0, got {n_features!r}.")
        if dtype not in (np.float32, np.float64, float, "float32", "float64"):
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
        self.best_loss_ = None
        return self

    def _train(
        self,
        network: Network,
        held: Held,
        validation: Held | None,
        options: Options,
        call: FitCall,
    ) -> Progress:
        """Run the solver on the network; tell how far it came."""
        solver, plan = options.solver, self._plan(options, call)
        exact = self.warm_start == "exact" and not call.incremental
        settings = self._settings(options, validation)
        resume = self._resumed(len(held.samples), settings, call) if exact else None
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
        normalization = network.architecture.normalization
        if len(samples) == 1 and normalization is not None and normalization.has_statistics:
            raise ValueError(
                f"normalization={self.normalization!r} needs the variance of a batch, but there is"
                " 1 sample to train on. Give more of them, or set normalization='layer'."
            )
        generator = resume.generator if resume else progress.generator
        if generator is None:
            generator = self._generator(network.architecture, rng)
        progress.generator = generator
        evaluate = Evaluator(self, self.scoring, validation) if validation else None
        batch_size = self._batch_size(len(samples)) if solver.stochastic else len(samples)
        batches = Minibatches(samples, network, batch_size, generator)
        if resume:
            progress.take_up(solver)
            if resume.values is not None and resume.left is not None:
                if np.array_equal(network.values, resume.left):
                    np.copyto(network.values, resume.values)
                else:
                    progress.forget_best()  # other weights have been assigned since
        else:
            what = options.loss if plan.monitor == "loss" else self.scoring
            monitored = plan.monitor, repr(what)
            progress.begin(plan, network, monitored, anew=not call.incremental)

        common = plan, evaluate, call.tasks
        run = EpochRun(rng, *common) if solver.stochastic else LBFGSRun(*common)
        # overflow ends in non-finite weights, or in infinite scores, which are no error
        quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        with quiet, blas_threads(batches.largest_product(network)):
            run(network, batches, progress)
        self.__dict__.pop("_resume", None)
        if exact and progress.outcome not in ("interrupted", "diverged"):
            index, n = batches.samples.index, len(held.samples)
            left = None if run.last_values is None else network.values
            self._resume = copy.deepcopy(
                Resume(rng, generator, index, val, run.last_values, left, n, settings)
            )
        else:
            progress.best_values = None  # has done its duty
        return progress

    def _settings(self, options: Options, validation: Held | None) -> dict[str, Any]:
        """Parameters that must stay for `warm_start="exact"`, in a form that can be compared."""
        return {
            "solver": options.solver,
            "loss": options.loss,
            "early_stopping": bool(self.early_stopping),
            "scoring": "callable" if callable(self.scoring) else self.scoring,
            "shuffle": bool(self.shuffle),
            "dropout": bool(np.any(self.dropout)),
            "input_dropout": bool(self.input_dropout),
            "X_val": validation is not None,
        }

    def _resumed(self, n_samples: int, settings: dict[str, Any], call: FitCall) -> Resume | None:
        """A copy of what the last call left for this one, if it did."""
        resume: Resume | None = getattr(self, "_resume", None)
        if not self._continues(call):
            return None
        if resume is None:
            if not self._progress.n_iter:
                return None  # first weights alone
            raise ValueError(
                "warm_start='exact' has nothing to go on from: the last call was another one, was"
                " interrupted or has diverged. Set warm_start=True to go on from the weights alone,"
                " or clone the estimator and use 'exact' from the first fit on."
            )
        if resume.n_samples != n_samples:
            raise ValueError(
                f"warm_start='exact' goes on with the last call's samples, so X must be the same:"
                f" there were {resume.n_samples} rows, got {n_samples}. Set warm_start=True for"
                " other data."
            )
        changed = [name for name in settings if settings[name] != resume.settings[name]]
        if changed:
            raise ValueError(
                "warm_start='exact' goes on as the last call has begun, but"
                f" {', '.join(changed)} is not what it was there. Put it back, or set"
                " warm_start=True."
            )
        return copy.deepcopy(resume)

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

    def _callback_tasks(self, X: Any, y: Any, call: FitCall) -> FitTasks | None:
        """What tells scikit-learn's callbacks of a call to `fit`, where there are any."""
        if not getattr(self, "_skl_callbacks", None):
            return None
        self._check_options(call)  # before anybody is told of the call
        weight, going_on = call.sample_weight, self._continues(call)
        metadata = None if weight is None else {"sample_weight": weight}

        def fitted(network: Network, progress: Progress) -> dict[str, Any]:
            other = copy.copy(self)
            other._set_fitted(copy.deepcopy(network), progress.fork(), going_on)
            return other.__dict__

        root = self._init_callback_context(max_subtasks=int(self.max_iter))
        return FitTasks(root, {"estimator": self, "X": X, "y": y, "metadata": metadata}, fitted)

    # After fitting

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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
