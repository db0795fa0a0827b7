"""Minibatch training: the epoch loop with its stopping rule."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite, nan
from time import perf_counter

import numpy as np

from skbackprop.batches import Minibatches
from skbackprop.network import Network
from skbackprop.training.progress import Evaluation, Plan, Progress, Row
from skbackprop.training.run import Run, Tasks
from skbackprop.vectors import aligned_copy


class EpochRun(Run):
    """Minibatch training until the stopping rule, or for `max_iter` more epochs.

    The samples are shuffled by `rng`. If the plan says so, the best epoch's values are restored
    at the end.
    """

    def __init__(
        self,
        plan: Plan,
        rng: np.random.RandomState,
        evaluate: Callable[[Network], Evaluation] | None = None,
        tasks: Tasks | None = None,
    ) -> None:
        super().__init__(plan, evaluate, tasks)
        self.rng = rng

    def __call__(self, network: Network, batches: Minibatches, progress: Progress) -> None:
        """Train the network; progress records how far it got."""
        plan, p = self.plan, progress
        if plan.restore_best and p.best_values is None and p.best < inf:
            # the best epoch so far was in an earlier call, which ended with its values
            p.best_values = aligned_copy(network.values)
        try:
            if p.continued and not p.outcome and p.no_improvement > plan.n_iter_no_change:
                self.plateau(p)  # the run that this one continues ended here
            while not p.outcome:
                if p.epochs_left(plan) < 1:
                    self.reach_max_iter(p)
                    break
                if self.tasks:
                    self.tasks.begin_epoch()
                row = self.epoch(network, batches, p)
                p.t += len(batches.samples)
                p.epochs += 1
                if not _is_finite(network.theta):
                    p.note(row)
                    p.outcome = "diverged"
                    break
                # the epoch's loss is that of the weights on their way: before these are kept as the
                # best, their own is measured
                measures = plan.restore_best and plan.monitor == "loss"
                loss_now = batches.loss(network) if measures else row.loss
                self.finish_epoch(network, p, row, loss_now)
                p.factor = plan.schedule.after_epoch(p.factor, p.t, p.no_improvement)
                if p.no_improvement > plan.n_iter_no_change:
                    self.plateau(p)
                if self.tasks and self.tasks.end_epoch(network, p) and not p.outcome:
                    p.outcome = "stopped"
        except KeyboardInterrupt:
            p.outcome = "interrupted"
        if p.outcome == "diverged":
            if p.best_values is None or p.best == p.best_before:
                return  # there is nothing to go back to
            p.reset_optimizer(network.theta)
        self.restore_best(network, p)

    def epoch(self, network: Network, batches: Minibatches, progress: Progress) -> Row:
        """One pass over the samples, shuffled if the plan says so, with one step per batch."""
        start, plan, p = perf_counter(), self.plan, progress
        if plan.shuffle:
            batches.shuffle(self.rng)
        theta, grad, state = network.theta, network.grad, p.optimizer_state
        step, decays = plan.solver.step_for(theta, grad, state), plan.solver.weight_decay > 0
        decay = plan.solver.decay_for(network.weights)
        clip_norm, max_norm = plan.clip_norm, plan.max_norm
        schedule, moves = plan.schedule, plan.schedule.moves
        rate = base = float(plan.learning_rate_init * p.factor)
        data_loss, penalty, n, norm = 0.0, 0.0, 0, nan
        for k, batch in enumerate(batches):
            m = len(batch)
            data_loss += batch.backpropagate(network) * m
            penalty += network.add_penalty(batch.total) * m
            if not n:
                norm = network.gradient_norm()
            n += m
            if clip_norm is not None:
                network.clip_gradient(clip_norm)
            if moves:
                # in the middle of this step
                done = (p.epochs + (k + 0.5) / len(batches)) / plan.horizon
                rate = float(base * schedule.factor_at(min(1.0, done)))
            if decays:
                decay(network.weights, rate)
            step(theta, grad, state, rate)
            if max_norm is not None:
                network.limit_norms(max_norm)
        return Row(
            loss=data_loss / n + penalty / n,
            data_loss=data_loss / n,
            penalty=penalty / n,
            learning_rate=rate,
            gradient_norm=norm,
            seconds=perf_counter() - start,
        )

    def reach_max_iter(self, progress: Progress) -> None:
        """End training after the last epoch that the plan allows."""
        plan, p = self.plan, progress
        done = plan.schedule.has_end and p.epochs >= plan.horizon
        p.outcome = "completed" if done else "unfinished"
        p.message = (
            f"Stochastic Optimizer: Maximum iterations ({plan.max_iter}) reached and the"
            " optimization hasn't converged yet."
        )

    def plateau(self, progress: Progress) -> None:
        """Go on with the schedule's next factor, or end training if it has none."""
        plan = self.plan
        what = "Training loss" if plan.monitor == "loss" else "Validation score"
        reason = (
            f"{what} did not improve more than tol={plan.tol:f}"
            f" for {plan.n_iter_no_change} consecutive epochs."
        )
        rate = plan.learning_rate_init * progress.factor
        factor = plan.schedule.on_plateau(progress.factor, rate)
        if factor is None:
            progress.outcome = "converged"
            self.say("{} {}", reason, plan.schedule.last_words)
        else:
            progress.factor, progress.no_improvement = factor, 0
            self.say("{} Setting learning rate to {:f}", reason, plan.learning_rate_init * factor)


def _is_finite(theta: np.ndarray) -> bool:
    """True if theta has no NaN and no inf; theta . theta usually tells in one fast pass."""
    return isfinite(np.dot(theta, theta)) or bool(np.all(np.isfinite(theta)))
