"""From the constructor's parameters to the objects of the engine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from skbackprop._callbacks import FitTasks
from skbackprop._fitted import FittedNetwork, coef_views, intercept_views
from skbackprop._options import Options, check_combinations, check_options, choices, try_once
from skbackprop._parameters import Parameters
from skbackprop._validation import check_dropout, check_sizes
from skbackprop.architecture import Architecture
from skbackprop.losses import Loss, OutputLoss, check_loss
from skbackprop.network import Network
from skbackprop.training import Plan
from skbackprop.vectors import aligned, aligned_copy


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
    #: Who tells scikit-learn's callbacks of the call, if there are any.
    tasks: FitTasks | None = None
    #: The checked targets to train on, with their checked weights: "balanced" counts these.
    y: Any = None
    weight: Any = None


def _try_loss(loss: Loss, kind: str) -> None:
    check_loss(loss.on(kind), kind)


class Setup(FittedNetwork, Parameters):
    """What a call to `fit` needs before it sees the samples, and where it starts from."""

    _targets: Any

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Parameters
        ----------
        **params : dict
            Values. A name such as ``solver__weight_decay`` is that of a parameter of an option that
            is given as an object.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter, or if the option isn't an object.
        """
        options = choices(self._losses)
        for key in params:
            name, _, parameter = key.partition("__")
            option = params.get(name, getattr(self, name, None))
            if parameter and name in options and (option is None or isinstance(option, str)):
                cls = options[name].registry.get(str(option))
                example = f", as in {name}={cls.__name__}()" if cls else ""
                raise ValueError(
                    f"{key} can't be set: {name}={option!r} isn't an object. Give one in its place"
                    f" to set its parameters{example}."
                )
        super().set_params(**params)
        return self

    def _continues(self, call: FitCall) -> bool:
        """True where training goes on from what is there."""
        return hasattr(self, "_network") and (call.incremental or bool(self.warm_start))

    @property
    def _initialized(self) -> bool:
        """True after `initialize`, before any samples: the names of the features aren't known."""
        return hasattr(self, "_network") and not self._progress.monitored[0]

    def _check_options(self, call: FitCall) -> Options:
        """Check the parameters, and refuse what doesn't go together; return the option objects."""
        params = {f.name: getattr(self, f.name) for f in fields(self)}
        # defaults are allowed; to check them would be a good part of a small partial_fit
        defaults = {f.name for f in fields(self) if params[f.name] is f.default}
        constraints = {k: c for k, c in self._parameter_constraints.items() if k not in defaults}
        options = check_options(params, constraints, self._losses, type(self).__name__)
        check_combinations(params, options, call.incremental)
        if isinstance(self.scoring, str) and self.scoring != "loss":
            from sklearn.metrics import get_scorer  # slow to import, seldom needed

            get_scorer(self.scoring)  # raises, and says what there is
        given = [n for n in ("coefs_init", "intercepts_init") if getattr(call, n) is not None]
        if given and self._continues(call):
            raise ValueError(
                f"{given[0]} holds first values, but this call goes on from the fitted ones."
                " Leave it out, or clone the estimator to start anew."
            )
        return options

    def _output_loss(self, options: Options) -> OutputLoss:
        """The loss for these targets."""
        loss = options.loss.on(self._targets.kind)
        if type(options.loss) not in self._losses.values():
            try_once(_try_loss, options.loss, self._targets.kind)
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
        network.initialize(options.weight_init, call.rng)
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
