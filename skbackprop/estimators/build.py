"""From parameters and option objects to the objects of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from skbackprop.architecture import Architecture
from skbackprop.estimators.checks import check_dropout, check_sizes, warn
from skbackprop.estimators.choices import Chosen, try_once
from skbackprop.estimators.fitted import coef_views, intercept_views
from skbackprop.estimators.parameters import Parameters
from skbackprop.estimators.samples import FitArguments
from skbackprop.estimators.targets import Targets
from skbackprop.initializers import Initializer
from skbackprop.losses import Loss, OutputLoss, check_loss
from skbackprop.network import Network
from skbackprop.training import Plan
from skbackprop.vectors import aligned, aligned_copy


def output_loss(params: Parameters, loss: Loss, kind: str) -> OutputLoss:
    """The form of a loss for a kind of target; a user's own loss is tried here."""
    form = loss.on(kind)
    if type(loss) not in params._losses.values():
        try_once(_try_loss, loss, kind)
    return form


def _try_loss(loss: Loss, kind: str) -> None:
    check_loss(loss.on(kind), kind)


def architecture(
    params: Parameters, n_features: int, targets: Targets, chosen: Chosen
) -> Architecture:
    """Sizes and functions of the network."""
    hidden = check_sizes(params.hidden_layer_sizes)
    return Architecture(
        units=(n_features, *hidden, targets.n_outputs),
        activations=chosen.activation,
        loss=output_loss(params, chosen.loss, targets.kind),
        l1=float(params.alpha * params.l1_ratio),
        l2=float(params.alpha * (1.0 - params.l1_ratio)),
        normalization=chosen.normalization,
        dropout=check_dropout(params.dropout, params.input_dropout, hidden),
        input_scale=float(params.input_scale),
    )


def first_network(
    architecture: Architecture,
    dtype: np.dtype,
    rule: Initializer,
    rng: np.random.RandomState,
    given: FitArguments,
) -> Network:
    """A network with initial values."""
    network = Network(architecture, aligned(architecture.n_values, dtype))
    network.initialize(rule, rng)
    if given.coefs_init is not None:
        coef_views(network, "coefs_init").assign(given.coefs_init)
    if given.intercepts_init is not None:
        intercept_views(network, "intercepts_init").assign(given.intercepts_init)
    return network


def same_network(architecture: Architecture, fitted: Network, params: Parameters) -> Network:
    """A copy of the fitted network, to continue with."""
    before = fitted.architecture
    if architecture.units != before.units:
        raise ValueError(
            f"hidden_layer_sizes={params.hidden_layer_sizes!r} differs from the fitted"
            f" network's {before.units[1:-1]}. Going on by warm_start or partial_fit needs"
            " the same layers: clone the estimator to start anew."
        )
    if architecture.normalization != before.normalization:
        raise ValueError(
            f"normalization={architecture.normalization!r} differs from the fitted"
            f" network's {before.normalization!r}. Going on by warm_start or partial_fit"
            " needs the same: clone the estimator to start anew."
        )
    if architecture.input_scale != before.input_scale:
        raise ValueError(
            f"input_scale={params.input_scale!r} differs from the fitted network's"
            f" {before.input_scale!r}. Going on by warm_start or partial_fit needs the same: clone"
            " the estimator to start anew."
        )
    return Network(architecture, aligned_copy(fitted.values))


def check_variance(params: Parameters, network: Network, n_samples: int) -> None:
    """Raise where a normalisation needs more than one sample."""
    normalization = network.architecture.normalization
    if n_samples == 1 and normalization is not None and normalization.has_statistics:
        raise ValueError(
            f"normalization={params.normalization!r} needs the variance of a batch, but there is"
            " 1 sample to train on. Give more of them, or set normalization='layer'."
        )


@contextmanager
def enough_memory(params: Parameters, architecture: Architecture) -> Iterator[None]:
    """If memory runs out for what the layers need, name the parameters responsible."""
    try:
        yield
    except MemoryError as error:
        raise ValueError(
            f"hidden_layer_sizes={params.hidden_layer_sizes!r} asks for"
            f" {architecture.n_parameters} parameters, which can't be allocated with their"
            f" gradients and the buffers of batch_size={params.batch_size!r}. Use fewer or"
            " smaller layers, or smaller batches."
        ) from error


def plan(params: Parameters, chosen: Chosen, incremental: bool) -> Plan:
    """The settings of a run."""
    watches = params.early_stopping and chosen.solver.stochastic
    restores = watches if params.restore_best_weights == "auto" else params.restore_best_weights
    return Plan(
        solver=chosen.solver,
        schedule=chosen.learning_rate,
        learning_rate_init=float(params.learning_rate_init),
        max_iter=1 if incremental else int(params.max_iter),
        horizon=int(chosen.learning_rate.epochs or params.max_iter),
        tol=float(params.tol),
        n_iter_no_change=params.n_iter_no_change,
        shuffle=bool(params.shuffle),
        clip_norm=None if params.clip_norm is None else float(params.clip_norm),
        max_norm=None if params.max_norm is None else float(params.max_norm),
        monitor="validation_score" if watches else "loss",
        measure=repr(params.scoring if watches else chosen.loss),
        restore_best=bool(restores) and not incremental,
        verbose=bool(params.verbose),
    )


def batch_size(params: Parameters, n_samples: int) -> int:
    """Rows of a minibatch, at most `n_samples`."""
    if isinstance(params.batch_size, str):  # "auto"
        return min(200, n_samples)
    if params.batch_size > n_samples:
        warn(
            f"Got `batch_size` less than 1 or larger than sample size. It is going to be"
            f" clipped: {params.batch_size} becomes {n_samples}."
        )
    return min(int(params.batch_size), n_samples)


def dropout_generator(
    architecture: Architecture, rng: np.random.RandomState
) -> np.random.Generator | None:
    """Generator for dropout; without dropout None, and nothing is drawn from `rng`."""
    if not architecture.dropout:
        return None
    return np.random.Generator(np.random.PCG64(rng.randint(2**31 - 1)))
