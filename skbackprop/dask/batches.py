"""Batches that live on the workers: the client asks for sums of gradients, and makes the steps."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from distributed import Client, Future
from distributed.comm import CommClosedError

from skbackprop.batches import reshuffle
from skbackprop.dask import partitions
from skbackprop.dask.partitions import Model, Picked, Share, Sum
from skbackprop.network import Network

#: Seconds without a worker after which a fit gives up.
PATIENCE = 60.0
#: So many sums are added in one task.
AT_ONCE = 16
#: Larger networks, in bytes, are sent once for all partitions of a worker.
LARGE = 2**19
#: Seconds between two looks at the cluster while a result is awaited.
POLL = 5.0


@dataclass
class PartitionOrder:
    """Orders of the rows that are drawn where they are: two seeds stand for all of them.

    Parameters
    ----------
    n_samples : int
        Rows to train on.
    split : int or None
        Seed of the rows that are set aside.
    fraction : float
        Their share of each partition.
    epoch : int or None
        Seed of the epoch's order.
    """

    n_samples: int
    split: int | None = None
    fraction: float = 0.0
    epoch: int | None = None

    def __len__(self) -> int:
        """Rows to train on."""
        return self.n_samples

    def shuffle(self, rng: np.random.RandomState) -> None:
        """Draw the next epoch's seed."""
        self.epoch = int(rng.randint(2**31 - 1))


@dataclass(frozen=True)
class Remote:
    """Partitions on the workers.

    Parameters
    ----------
    client : Client
        Of the cluster.
    datasets : list of Future
        A `Dataset` for each partition, in order.
    sizes : ndarray of int
        Their rows.
    weighted : bool
        Whether the samples have weights.
    """

    client: Client
    datasets: list[Future]
    sizes: np.ndarray
    weighted: bool = False

    def sum(self, function: Callable[..., Sum], arguments: list[tuple[Any, ...]]) -> Sum:
        """The sum of `function(dataset, *arguments)` over the partitions.

        Neighbours are added first, then their sums, in a tree: the order is always the same, and
        the client gets one sum.
        """
        with connected(self.client):
            total = self._sum(function, arguments)
        return self.wait_for(total)

    def _sum(self, function: Callable[..., Sum], arguments: list[tuple[Any, ...]]) -> Future:
        """Submit the tasks; the future of their sum."""
        ask = self.client.submit
        sums = [
            ask(function, dataset, *own, pure=False)
            for dataset, own in zip(self.datasets, arguments, strict=True)
        ]
        while len(sums) > 1:
            groups = [sums[k : k + AT_ONCE] for k in range(0, len(sums), AT_ONCE)]
            sums = [ask(partitions.add, *group, pure=False) for group in groups]
        return sums[0]

    def each(self, function: Callable[..., Any], *arguments: list[Any]) -> list[Any]:
        """What a function returns for every partition; `arguments` hold one for each, as in map."""
        ask = self.client.submit
        with connected(self.client):
            asked = [
                ask(function, dataset, *own, pure=False)
                for dataset, *own in zip(self.datasets, *arguments, strict=True)
            ]
        return [self.wait_for(one) for one in asked]

    def wait_for(self, future: Future) -> Any:
        """A result, or an error if the cluster is gone."""
        return wait_for(self.client, future)

    def model(self, network: Network) -> Model | Future:
        """The network as it is now, on its way with each task or, if it is large, as one.

        The scheduler has it in either case, so that no worker's death loses it.
        """
        model = Model(network.architecture, network.values.copy())
        if model.values.nbytes <= LARGE:
            return model
        with connected(self.client):
            return self.client.submit(copy.copy, model, pure=False)


@contextmanager
def connected(client: Client) -> Iterator[None]:
    """Ask this client, and report what is lost in words: the connection, or data without a graph.

    Raises
    ------
    RuntimeError
        If either is lost.
    """
    try:
        with client.as_current():
            yield
    except Exception as error:
        if client.status != "running" or isinstance(error, CommClosedError):
            raise RuntimeError(
                "The connection to the Dask scheduler is lost. The estimator is as it was before;"
                " with a Checkpoint, call fit again with a new client."
            ) from error
        if isinstance(error, CancelledError):
            raise RuntimeError(
                "A worker died with data that can't be made again: scattered data have no graph."
                " The estimator is as it was before. Make X and y from files or by"
                " dask.array.from_array."
            ) from error
        raise


def wait_for(client: Client, future: Future) -> Any:
    """A result.

    Raises
    ------
    RuntimeError
        If the scheduler can't be reached, or there have been no workers for a minute.
    """
    waited = 0.0
    while True:
        try:
            with connected(client):
                return future.result(timeout=POLL)
        except TimeoutError as error:
            if future.status == "error":  # the task's own, which may be a TimeoutError
                with connected(client):
                    return future.result()
            waited = 0.0 if client.scheduler_info()["workers"] else waited + POLL
            if waited >= PATIENCE:
                raise RuntimeError(
                    f"The Dask cluster has had no workers for {PATIENCE:.0f} seconds. The estimator"
                    " is as it was before; with a Checkpoint, call fit again when there are some."
                ) from error


class RemoteBatch:
    """A batch whose samples are on the workers.

    Parameters
    ----------
    batches : RemoteBatches
        Where it comes from.
    n_samples : int
        Its rows.
    rows : list
        Which rows of each partition.
    total : float, optional
        Sum of the weights, if it is known before the workers have summed them.
    """

    def __init__(
        self, batches: RemoteBatches, n_samples: int, rows: list[Any], total: float = 1.0
    ) -> None:
        self.batches, self.n_samples, self.rows, self.total = batches, n_samples, rows, total

    def __len__(self) -> int:
        """Rows."""
        return self.n_samples

    def backpropagate(self, network: Network) -> float:
        """The data loss. Overwrites the network's grad with its derivative."""
        remote, generator = self.batches.remote, self.batches.generator
        model = remote.model(network)
        seed = None if generator is None else int(generator.integers(2**63))
        arguments = [
            (model, rows, None if seed is None else (seed, p)) for p, rows in enumerate(self.rows)
        ]
        total, value, gradient = remote.sum(partitions.gradient, arguments)
        self.total = total
        np.divide(gradient, total, out=gradient)
        np.copyto(network.grad, gradient, casting="same_kind")
        return value / total


class RemoteBatches:
    """The batches of one pass over samples that are on the workers.

    Parameters
    ----------
    remote : Remote
        The partitions.
    batch_size : int
        Rows of a batch, from all partitions together.
    order : ndarray of int, PartitionOrder or None
        Numbers of the rows, over all partitions, in the order of the pass; or what draws them where
        they are; or None for all in the order of the data.
    generator : Generator or None
        Draws the seeds of dropout.
    """

    def __init__(
        self,
        remote: Remote,
        batch_size: int,
        order: Any,
        generator: np.random.Generator | None,
    ) -> None:
        self.remote, self.batch_size = remote, batch_size
        self.samples, self.generator = order, generator
        if order is None:
            self.samples = range(int(remote.sizes.sum()))

    def __len__(self) -> int:
        """Batches per pass."""
        return -(-len(self.samples) // self.batch_size)

    def shuffle(self, rng: np.random.RandomState) -> None:
        """Reorder the samples for the next pass."""
        reshuffle(self.samples, rng)

    def __iter__(self) -> Iterator[RemoteBatch]:
        """The batches of a pass."""
        n = len(self.samples)
        totals = self._totals() if self.is_shared and self.may_lack_weight else None
        for k in range(len(self)):
            rows = slice(k * self.batch_size, min((k + 1) * self.batch_size, n))
            batch = self._shares(k) if self.is_shared else self._picked(rows)
            if totals is not None:
                batch.total = float(totals[k])
            if len(batch) and batch.total:
                yield batch

    @property
    def is_shared(self) -> bool:
        """Whether the partitions draw their rows."""
        return isinstance(self.samples, PartitionOrder)

    def _shares(self, k: int) -> RemoteBatch:
        """The k-th batch, of each partition's share."""
        order, n_batches = self.samples, len(self)
        rows, n, before = [], 0, 0
        for p, size in enumerate(self.remote.sizes.tolist()):
            own = size
            if order.split is not None:
                own -= partitions.n_set_aside(order.fraction, size)
            phase = before % n_batches
            seeds = order.epoch, order.split, order.fraction
            rows.append(Share(p, k, n_batches, phase, *seeds))
            first, last = partitions.shared(own, phase, k, n_batches)
            n, before = n + last - first, before + own
        return RemoteBatch(self, n, rows)

    def _totals(self) -> np.ndarray:
        """The sum of the weights of every batch, drawn by the partitions."""
        return np.sum(self.remote.each(partitions.totals, self._shares(0).rows), axis=0)

    def _picked(self, rows: slice) -> RemoteBatch:
        """A batch of rows in the client's order."""
        order, sizes = self.samples, self.remote.sizes
        n = rows.stop - rows.start
        if isinstance(order, range) and n == int(sizes.sum()):
            return RemoteBatch(self, n, [Picked(None)] * len(sizes))
        chosen, ends = np.asarray(order[rows]), np.cumsum(sizes)
        total = float(n) if self.weights is None else float(self.weights[chosen].sum())
        partition = np.searchsorted(ends, chosen, side="right")
        starts = ends - sizes
        picked = [Picked(chosen[partition == p] - starts[p]) for p in range(len(sizes))]
        return RemoteBatch(self, n, picked, total)

    @cached_property
    def weights(self) -> np.ndarray | None:
        """Those of all samples, to leave out batches without weight; None if they have none."""
        if not self.remote.weighted:
            return None
        return np.concatenate(self.remote.each(partitions.weights))

    @cached_property
    def may_lack_weight(self) -> bool:
        """Whether a batch may have no weight; if not, its total needn't be known before."""
        return self.remote.weighted and any(self.remote.each(partitions.has_weightless))

    def largest_product(self, network: Network) -> int:
        """The client multiplies no matrices."""
        return 0

    def loss(self, network: Network) -> float:
        """L of all samples, penalty included, for the network as it predicts.

        Those that early stopping sets aside too, but it watches the score instead.
        """
        model = self.remote.model(network)
        arguments = [(model,)] * len(self.remote.datasets)
        total, value, _ = self.remote.sum(partitions.loss, arguments)
        return value / total + network.add_penalty(total / len(self))
