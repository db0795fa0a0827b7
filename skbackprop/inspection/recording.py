"""The engine's own passes and steps, with a pencil in hand: every array is copied on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from math import inf, nan
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skbackprop.architecture import cut, depths
from skbackprop.estimators import build
from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.choices import Chosen, choose
from skbackprop.layers import ActivationLayer, Dropout, NormalizationLayer
from skbackprop.network import Network
from skbackprop.training import EpochRun, Plan, Progress
from skbackprop.vectors import aligned_copy
from skbackprop.workspace import Batch


@dataclass
class Update:
    """One step of an optimizer.

    Parameters
    ----------
    solver : Optimizer
        Its rule.
    before, after : State
        Copies of what it remembers.
    grad : ndarray
        The gradient as the optimizer gets it: with the penalty, and clipped.
    lr : float
        The learning rate.
    theta : ndarray
        The parameters afterwards.
    norm : float
        Of the gradient before it's clipped.
    limit : float
        `max_norm`, or infinity: the weights may be scaled down after the step.
    stepped : ndarray
        The parameters after the step, before that.
    """

    solver: Any
    before: Any
    after: Any
    grad: np.ndarray
    lr: float
    theta: np.ndarray
    norm: float = nan
    limit: float = inf
    stepped: Any = None


class Pass:
    """One forward and one backward pass, and the step that followed.

    Parameters
    ----------
    network : Network
        Its row, loss and penalties.
    batch : Batch
        The samples.

    Attributes
    ----------
    arrays : dict of str to ndarray
        By the textbook's name and the number of the dense layer: X, Z1, A1, ..., dZ1, dW1.
    values : list of dict
        For each layer of the row, its parameters and their gradients, penalty included.
    """

    def __init__(self, network: Network, batch: Batch) -> None:
        self.row, self.architecture = network.row, network.architecture
        self.depths = depths(network.row)
        X = getattr(batch.X, "csr", batch.X)
        self.arrays: dict[str, Any] = {"X": X.copy()}
        self.Y, self.weight, self.total = batch.Y.copy(), batch.weight.copy(), batch.total
        self.theta = network.theta.copy()
        self.penalty, self.grad = 0.0, network.grad
        self.update: Update | None = None
        self.c_order = [True] * len(network.row)
        self.data_loss = self._run(network, batch)

    def _run(self, network: Network, batch: Batch) -> float:
        """The loops of `Network.forward` and `backward`."""
        ws, seen = batch.workspace, self.arrays
        steps = list(zip(self.depths, network.row, ws.buffers, strict=True))
        A = batch.X
        for k, (depth, layer, buffers) in enumerate(steps):
            A = layer.forward(A, buffers)
            n = depth + 1
            if layer.symbol:
                seen[f"{layer.symbol}{n}"] = A.copy()
                self.c_order[k] = A.flags.c_contiguous
            if isinstance(layer, NormalizationLayer):
                seen[f"Zhat{n}"] = buffers.own.Zhat.copy()
                seen[f"sigma{n}"] = buffers.own.sigma.copy()
            elif isinstance(layer, Dropout) and buffers.generator is not None:
                n = n if k else 0  # on X itself
                seen[f"D{n}"] = getattr(A, "csr", A).copy()
                if buffers.M is not None:
                    seen[f"M{n}"] = buffers.M.copy()

        self.Z = A.copy()
        loss = network.architecture.loss
        value = loss.value_and_gradient(A, batch.Y, batch.weight, ws.scratch)
        dA = A  # dZ by now
        for depth, layer, buffers in reversed(steps[-len(network.way_back) :]):
            n = depth + 1
            if layer.symbol:
                seen[f"d{layer.symbol}{n}"] = dA.copy()
            elif isinstance(layer, Dropout):
                seen[f"dD{n}"] = dA.copy()
            dA = layer.backward(dA, buffers)
            for name in layer.shapes:  # without the penalty
                seen[f"d{name}{n}"] = vars(layer)[f"d{name}"].copy()
        return float(value)

    @property
    def loss(self) -> float:
        """Penalty included."""
        return self.data_loss + self.penalty

    @property
    def values(self) -> list[dict[str, np.ndarray]]:
        """For each layer of the row: W, b, dW, db and so on, penalty included."""
        shapes = [layer.shapes for layer in self.row]
        pairs = zip(cut(self.theta, shapes), cut(self.grad, shapes), strict=True)
        return [own | {f"d{name}": a for name, a in slopes.items()} for own, slopes in pairs]

    def slope(self, k: int) -> np.ndarray:
        """f'(Z) of the k-th layer of the row, an activation, by its own backward."""
        n = self.depths[k] + 1
        layer = self.row[k]
        assert isinstance(layer, ActivationLayer)
        Z, A = self.arrays.get(f"N{n}", self.arrays[f"Z{n}"]).copy(), self.arrays[f"A{n}"].copy()
        ones = np.ones_like(A)
        layer.activation.backward(ones, Z if layer.activation.needs_z else A, A)
        return ones

    def losses(self) -> np.ndarray:
        """The loss of each sample, by the loss's own `value_and_gradient`."""
        loss, found = self.architecture.loss, np.empty(len(self.Z))
        one = np.ones(1, self.Z.dtype)
        for i in range(len(found)):
            Z = np.array(self.Z[i : i + 1], order="F")
            found[i] = loss.value_and_gradient(Z, self.Y[i : i + 1], one, loss.scratch(Z))
        return found


class RecordingNetwork(Network):
    """A network that records its passes. Batches are given to it as one part each."""

    passes: list[Pass]

    def data_loss_and_gradient(self, batch: Batch) -> float:
        """As in `Network`; the pass is recorded."""
        if not hasattr(self, "passes"):
            self.passes = []
        self.passes.append(Pass(self, batch))
        return self.passes[-1].data_loss

    def add_penalty(self, total: float) -> float:
        """As in `Network`; the gradient is recorded."""
        value = super().add_penalty(total)
        last = self.passes[-1]
        last.penalty, last.grad = value, self.grad.copy()
        return value

    def limit_norms(self, limit: float) -> None:
        """As in `Network`; the parameters are recorded."""
        super().limit_norms(limit)
        update = self.passes[-1].update
        if update is not None:
            update.stepped, update.limit = update.theta, limit
            update.theta = self.theta.copy()


class RecordingSolver:
    """An optimizer whose steps are recorded with the passes of a network.

    Parameters
    ----------
    solver : Optimizer
        The optimizer.
    network : RecordingNetwork
        What it trains.
    """

    def __init__(self, solver: Any, network: RecordingNetwork) -> None:
        self.solver, self.network = solver, network

    def __getattr__(self, name: str) -> Any:
        """What the optimizer has."""
        return getattr(self.solver, name)

    def step_for(self, theta: np.ndarray, grad: np.ndarray, state: Any) -> Callable[..., None]:
        """`step`, so that every step is recorded."""
        return self.step

    def step(self, theta: np.ndarray, grad: np.ndarray, state: Any, lr: float) -> None:
        """As the optimizer's."""
        last = self.network.passes[-1]
        before, given = state.copy(), grad.copy()
        self.solver.step(theta, grad, state, lr)
        norm = float(np.linalg.norm(last.grad))
        after = state.copy()
        last.update = Update(self.solver, before, after, given, lr, theta.copy(), norm)


def chosen_of(estimator: BaseBackprop) -> Chosen:
    """The option objects of an estimator."""
    params = {f.name: getattr(estimator, f.name) for f in fields(estimator)}
    return choose(params, {}, estimator._losses, type(estimator).__name__)


def recorded_plan(estimator: BaseBackprop, chosen: Chosen, network: RecordingNetwork) -> Plan:
    """What a run of an estimator does, with an optimizer that is recorded; nothing is printed."""
    plan = build.plan(estimator, chosen, incremental=False)
    solver = RecordingSolver(plan.solver, network)
    return replace(plan, solver=solver, verbose=False, restore_best=False)


def record_one(estimator: BaseBackprop, network: Network, batch: Batch) -> Pass:
    """One pass of a batch and the optimizer's next step, on copies."""
    recording = RecordingNetwork(network.architecture, aligned_copy(network.values))
    chosen = chosen_of(estimator)
    if not chosen.solver.stochastic:  # L-BFGS makes its steps of many passes
        recording.value_and_gradient(batch)
        return recording.passes[0]
    plan = replace(recorded_plan(estimator, chosen, recording), shuffle=False)
    progress: Progress = estimator._progress.fork()
    if progress.optimizer_state is None or type(progress.solver) is not type(chosen.solver):
        progress.solver = chosen.solver
        progress.reset_optimizer(recording.theta)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        EpochRun(plan, check_random_state(0)).epoch(recording, [batch], progress)  # type: ignore[arg-type]
    return recording.passes[0]
