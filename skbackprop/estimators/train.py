"""One run of a solver on checked samples, from the start or from where another run ended."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from skbackprop.architecture import Architecture
from skbackprop.blas import blas_threads
from skbackprop.estimators import build
from skbackprop.estimators.callbacks import FitTasks
from skbackprop.estimators.checks import warn
from skbackprop.estimators.resume import Draws, Interrupted, Resumable, fingerprint, resumable
from skbackprop.estimators.samples import Dataset
from skbackprop.estimators.scoring import Evaluator
from skbackprop.estimators.validation import RawInput, set_aside
from skbackprop.network import Network
from skbackprop.threads import helpers
from skbackprop.training import EpochRun, LBFGSRun, Plan, Progress, Run


@dataclass(frozen=True)
class Data:
    """The samples of a call: as they came, and checked.

    `classes` are those of the targets; `architecture` and `dtype` are those of a network for them.
    """

    raw: RawInput
    training: Any
    validation: Dataset | None
    classes: Any
    architecture: Architecture
    dtype: np.dtype

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        """Numbers that tell other data."""
        return fingerprint(self.raw, self.training, self.validation, self.classes)

    def order(self) -> np.ndarray:
        """The rows to train on, to be shuffled."""
        return np.arange(len(self.training))

    def set_aside(
        self, estimator: Any, rng: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """The rows to train on, and those that `early_stopping` validates with."""
        stratify = estimator._targets.stratify(self.training.samples.Y)
        return set_aside(estimator, self.raw, self.training, stratify, rng)


@dataclass(frozen=True)
class Request:
    """What one call asks for: to train a network, on what, and how.

    `goes_on` is True if training continues from fitted weights; `exact` asks for what it needs to
    do so exactly, as long as the `settings` stay. `interrupted` is the fit in a checkpoint that
    this call is the rest of.
    """

    plan: Plan
    network: Network
    data: Data
    tasks: FitTasks | None
    incremental: bool
    goes_on: bool
    exact: bool
    settings: dict[str, Any]
    interrupted: Interrupted | None

    def record(self, draws: Draws, run: Run) -> Resumable:
        """What the next run needs to go on from here; during a run, or after it."""
        last, left = run.last_values, None
        if last is not None:
            last, left = last.copy(), self.network.values.copy()
        return Resumable(draws, last, left, self.data.fingerprint, self.settings)


def run_solver(estimator: Any, request: Request, rng: np.random.RandomState) -> Progress:
    """Train the network of a request and return the progress.

    `_resume` of the estimator is what the last run left for this one, and this one for the next.
    """
    plan, network, interrupted = request.plan, request.network, request.interrupted
    progress, kept = Progress(), None
    if interrupted:
        progress, kept = interrupted.progress, interrupted.kept
    elif request.goes_on:
        progress = estimator._progress.fork()
        if request.exact:
            last = estimator.__dict__.get("_resume")
            kept = resumable(last, progress, request.data.fingerprint, request.settings)

    draws = _draws(estimator, request, rng, progress, kept)
    progress.generator = draws.generator
    training = request.data.training
    n = len(training) if draws.train is None else len(draws.train)
    build.check_variance(estimator, network, n)
    evaluate = _evaluator(estimator, request.data, draws.val)
    size = build.batch_size(estimator, n) if plan.solver.stochastic else n
    with build.enough_memory(estimator, network.architecture):
        batches = training.batches(network, size, draws.train, draws.generator)
        if not kept:
            progress.start(plan, network, anew=not request.incremental)
    if kept:
        begin = progress.continue_run if interrupted else progress.begin_next
        begin(plan)
        kept.restore(network, progress)

    run: Run
    if draws.rng and plan.solver.stochastic:
        run = EpochRun(plan, draws.rng, evaluate, request.tasks)
    else:
        run = LBFGSRun(plan, evaluate, request.tasks)
        if interrupted and not progress.outcome and progress.epochs_left(plan) > 0:
            warn(
                "L-BFGS goes on from the checkpoint's weights, but without its memory of earlier"
                " gradients: the numbers differ from those of a fit without a break."
            )
    if request.tasks:
        request.tasks.record = lambda: request.record(draws.record(), run)
    # overflow makes weights non-finite, which `_fit` refuses, or scores infinite: no error
    quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
    product = batches.largest_product(network)
    with quiet, blas_threads(product), helpers(product):
        run(network, batches, progress)

    estimator.__dict__.pop("_resume", None)
    if request.exact and progress.outcome not in ("interrupted", "diverged"):
        estimator._resume = request.record(draws.fork(), run)
    return progress


def _draws(
    estimator: Any,
    request: Request,
    rng: np.random.RandomState,
    progress: Progress,
    kept: Resumable | None,
) -> Draws:
    """The rows to train on and to validate with, and the sources of random numbers."""
    plan, data = request.plan, request.data

    def split(rng: np.random.RandomState) -> tuple[np.ndarray | None, np.ndarray | None]:
        if not plan.solver.stochastic:
            return None, None
        if estimator.early_stopping and data.validation is None:
            return data.set_aside(estimator, rng)
        return data.order() if plan.shuffle else None, None

    if kept is None:
        generator = progress.generator
        if generator is None:
            generator = build.dropout_generator(request.network.architecture, rng)
        draws = Draws(rng.get_state(legacy=False), generator)
        draws.draw(split, rng)
    else:
        draws = kept.draws
        if draws.rng is None:
            # the rest of a call leaves a user's RandomState as the whole call would
            users_own = request.interrupted and isinstance(estimator.random_state, type(rng))
            own = rng if users_own else copy.deepcopy(rng)
            draws.repeat(split, own, progress.n_iter if plan.shuffle else 0)
    return draws


def _evaluator(estimator: Any, data: Data, val: np.ndarray | None) -> Evaluator | None:
    """What scores the network on the validation samples, if there are any."""
    validation = data.validation if val is None else data.training.rows(val)
    if validation is None:
        return None
    return Evaluator(estimator, estimator.scoring, validation, is_users_own=val is None)
