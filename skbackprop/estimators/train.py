"""One run of a solver on checked samples, from the start or from where another run ended."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from skbackprop.batches import Minibatches
from skbackprop.estimators import build
from skbackprop.estimators.callbacks import FitTasks
from skbackprop.estimators.checks import warn
from skbackprop.estimators.resume import Draws, Resumable, Split, fingerprint, resumable
from skbackprop.estimators.samples import Dataset
from skbackprop.estimators.scoring import Evaluator
from skbackprop.estimators.validation import Given, set_aside
from skbackprop.network import Network
from skbackprop.threads import blas_threads
from skbackprop.training import EpochRun, LBFGSRun, Plan, Progress, Run


@dataclass(frozen=True)
class Job:
    """The checked inputs of one call: what to train on, and how.

    `given` has the samples as they came. `goes_on` is True if training continues from fitted
    weights; `exact` asks for what it needs to do so exactly, as long as the `settings` stay.
    """

    plan: Plan
    training: Dataset
    validation: Dataset | None
    given: Given
    tasks: FitTasks | None
    incremental: bool
    goes_on: bool
    exact: bool
    settings: dict[str, Any]

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        """Numbers that tell other data."""
        return fingerprint(self.training, self.validation, self.given.groups)

    def record(self, draws: Draws, run: Run, network: Network) -> Resumable:
        """What the next run needs to go on from here; during a run, or after it."""
        last, left = run.last_values, None
        if last is not None:
            last, left = last.copy(), network.values.copy()
        return Resumable(draws, last, left, self.fingerprint, self.settings)


def train(estimator: Any, network: Network, job: Job, rng: np.random.RandomState) -> Progress:
    """Run the solver on the network and return its progress.

    `_resume` of the estimator is what the last run left for this one, and this one for the next.
    """
    plan, training = job.plan, job.training
    before: Resumable | None = estimator.__dict__.get("_resume")
    same_run = before is not None and bool(before.path)  # the rest of a run in a checkpoint
    progress = estimator._progress.fork() if job.goes_on else Progress()
    kept = None
    if job.goes_on and (job.exact or same_run):
        kept = resumable(before, progress, job.fingerprint, job.settings)

    # the training and validation samples, and the sources of random numbers
    if kept:
        draws = kept.draws
        if not draws.rng:
            own = rng if same_run else copy.deepcopy(rng)
            draws.repeat(_split(estimator, job), own, progress.n_iter if plan.shuffle else 0)
    else:
        generator = progress.generator or build.dropout_generator(network.architecture, rng)
        draws = Draws(rng.get_state(legacy=False), generator)
        draws.draw(_split(estimator, job), rng)
    progress.generator = draws.generator
    samples = replace(training.samples, index=draws.train)
    build.check_variance(estimator, network, len(samples))
    validation = job.validation if draws.val is None else training.rows(draws.val)
    evaluate = None
    if validation:
        evaluate = Evaluator(estimator, estimator.scoring, validation, given=draws.val is None)
    size = build.batch_size(estimator, len(samples)) if plan.solver.stochastic else len(samples)
    with build.enough_memory(estimator, network.architecture):
        batches = Minibatches(samples, network, size, draws.generator)
        if not kept:
            progress.start(plan, network, anew=not job.incremental)
    if kept:
        progress.resume(plan, same_run)
        kept.restore(network, progress)

    run: Run
    if draws.rng and plan.solver.stochastic:
        run = EpochRun(plan, draws.rng, evaluate, job.tasks)
    else:
        run = LBFGSRun(plan, evaluate, job.tasks)
        if same_run and not progress.outcome and progress.epochs_left(plan) > 0:
            warn(
                "L-BFGS goes on from the checkpoint's weights, but without its memory of earlier"
                " gradients: the numbers differ from those of a fit without a break."
            )
    if job.tasks:
        job.tasks.record = lambda: job.record(draws.record(), run, network)
    # overflow makes weights non-finite, which `_fit` refuses, or scores infinite: no error
    quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
    with quiet, blas_threads(batches.largest_product(network)):
        run(network, batches, progress)

    estimator.__dict__.pop("_resume", None)
    if job.exact and progress.outcome not in ("interrupted", "diverged"):
        estimator._resume = job.record(draws.fork(), run, network)
    return progress


def _split(estimator: Any, job: Job) -> Split:
    """How the rows to train on and to validate with are drawn."""

    def split(rng: np.random.RandomState) -> tuple[np.ndarray | None, np.ndarray | None]:
        if not job.plan.solver.stochastic:
            return None, None
        if estimator.early_stopping and job.validation is None:
            stratify = estimator._targets.stratify(job.training.samples.Y)
            return set_aside(estimator, job.given, job.training, stratify, rng)
        return np.arange(len(job.training.samples)) if job.plan.shuffle else None, None

    return split
