"""The samples of a fit, from dask collections to checked partitions on the workers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dask
import numpy as np
from distributed import Client, Future
from scipy.sparse import issparse, vstack

from skbackprop.batches import Samples
from skbackprop.dask import partitions
from skbackprop.dask.batches import PartitionOrder, Remote, RemoteBatches, connected, wait_for
from skbackprop.dask.partitions import Summary, Wanted
from skbackprop.estimators.checks import check_total
from skbackprop.estimators.resume import fingerprint, identity
from skbackprop.estimators.samples import WEIGHTS_OF_ALL, Dataset, Encoding, kept_dtype
from skbackprop.estimators.train import Data
from skbackprop.network import Network


def is_dask(X: Any) -> bool:
    """True for dask's arrays, data frames and series."""
    return bool(dask.is_dask_collection(X)) and hasattr(type(X), "to_delayed")


def delayed_parts(X: Any, name: str) -> list[Any]:
    """The partitions of a collection, in order; a two-dimensional array is cut into rows only."""
    if not is_dask(X) or not hasattr(type(X), "ndim"):
        raise TypeError(
            f"{name} must be a dask array, data frame or series, got {type(X).__name__}. For local"
            " data use BackpropClassifier or BackpropRegressor, or dask.array.from_array."
        )
    if getattr(X, "ndim", 1) == 2 and hasattr(X, "rechunk") and X.numblocks[1] > 1:
        X = X.rechunk({1: -1})
    return list(np.ravel(X.to_delayed()))


def head_of(X: Any) -> Any:
    """What has the width and the column names of X."""
    if X.ndim != 2:
        raise ValueError(f"X must have two dimensions, got {X.ndim}.")
    if not hasattr(X, "columns") and np.isnan(X.shape[1]):
        raise ValueError("X must have a known number of columns; its rows needn't be known.")
    if hasattr(X, "columns"):
        return X._meta
    return np.empty((1, X.shape[1]))


def dtype_of(X: Any) -> Any:
    """float32 for what holds nothing else, else float64."""
    return kept_dtype(X._meta if hasattr(X, "columns") else X) or np.float64


@dataclass(frozen=True)
class Table:
    """Checked partitions, before the targets are encoded.

    Parameters
    ----------
    client : Client
        Of the cluster.
    checked : list of Future
        A `Checked` for each partition.
    summaries : list of Summary
        What the client knows of them.
    weighted : bool
        Whether there are sample weights.
    """

    client: Client
    checked: list[Future]
    summaries: list[Summary]
    weighted: bool

    @classmethod
    def of(cls, client: Client, parts: dict[str, list[Any]], wanted: Wanted) -> Table:
        """Check every partition where it is.

        Raises
        ------
        ValueError
            If one can't be used; the message names it by its number.
        """
        n = len(parts["X"])
        for name, those in parts.items():
            if len(those) != n:
                raise ValueError(
                    f"{name} has {len(those)} partitions, but X has {n}. Give both the same chunks,"
                    " as rechunk or repartition does."
                )
        check = dask.delayed(partitions.check, pure=False)
        with connected(client):
            checked = client.compute(
                [check(*part, wanted) for part in zip(*parts.values(), strict=True)]
            )
            summarize, has_classes = partitions.summarize, wanted.has_classes
            asked = [client.submit(summarize, one, has_classes, pure=False) for one in checked]
        summaries = [wait_for(client, one) for one in asked]
        width = None
        for k, summary in enumerate(summaries):
            problem = summary if isinstance(summary, partitions.Problem) else None
            if problem is None and width not in (None, summary.y.shape[1:]):
                problem = partitions.Problem(
                    f"y has the shape (n, *{summary.y.shape[1:]}), before it was (n, *{width})."
                )
            if problem:
                raise ValueError(f"Partition {k} can't be used: {problem.words}")
            width = summary.y.shape[1:]
        table = cls(client, checked, summaries, parts["sample_weight"][0] is not None)
        if not 0 < table.weight.sum() < np.inf:
            raise ValueError(
                "sample_weight must add up to more than zero and less than infinity, got"
                f" {table.weight.sum():g}."
            )
        return table

    @property
    def y(self) -> np.ndarray:
        """The distinct targets of every partition, one after the other."""
        return np.concatenate([summary.y for summary in self.summaries])

    @property
    def weight(self) -> np.ndarray:
        """Their total weights."""
        return np.concatenate([summary.total for summary in self.summaries])

    def encoded(self, encoding: Encoding) -> RemoteDataset:
        """What the engine trains on, kept on the workers."""
        if encoding.class_weights is not None:
            check_total(self.weight * encoding.class_weights.of(self.y), WEIGHTS_OF_ALL)
        ask = self.client.submit
        datasets = [
            ask(partitions.encode, one, encoding, k, pure=False)
            for k, one in enumerate(self.checked)
        ]
        sizes = np.array([summary.n_samples for summary in self.summaries])
        weighted = self.weighted or encoding.class_weights is not None
        return RemoteDataset(Remote(self.client, datasets, sizes, weighted))


@dataclass(frozen=True)
class RemoteDataset:
    """Encoded samples on the workers."""

    remote: Remote

    def __len__(self) -> int:
        """Number of samples."""
        return int(self.remote.sizes.sum())

    def batches(
        self,
        network: Network,
        batch_size: int,
        index: Any,
        generator: np.random.Generator | None,
    ) -> RemoteBatches:
        """Make the batches of a fit."""
        return RemoteBatches(self.remote, batch_size, index, generator)

    def rows(self, aside: PartitionOrder) -> Dataset:
        """Bring the rows that were set aside to the client."""
        remote, asked = self.remote, []
        for p, dataset in enumerate(remote.datasets):
            seeds = aside.split, p, aside.fraction
            asked.append(remote.client.submit(partitions.set_aside, dataset, *seeds, pure=False))
        return concatenated([remote.wait_for(one) for one in asked])


def concatenated(datasets: list[Dataset]) -> Dataset:
    """Local datasets, one after the other."""

    def joined(parts: list[Any]) -> Any:
        if parts[0] is None:
            return None
        if issparse(parts[0]):
            return vstack(parts, format="csr")
        return np.concatenate(parts)

    samples = [one.samples for one in datasets]
    return Dataset(
        Samples(
            joined([s.X for s in samples]),
            joined([s.Y for s in samples]),
            joined([s.sample_weight for s in samples]),
        ),
        joined([one.y for one in datasets]),
        joined([one.sample_weight for one in datasets]),
    )


@dataclass(frozen=True)
class RemoteData(Data):
    """The samples of a call, on the workers.

    Parameters
    ----------
    draws : {"partition", "global"}
        Who orders the rows.
    """

    draws: str

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        """Numbers that tell other data."""
        numbers = fingerprint(self.raw, None, self.validation, self.classes)
        numbers["draws"] = self.draws
        sums = self.training.remote.each(partitions.checksums)
        for name, column in zip(("X", "y", "sample_weight"), zip(*sums, strict=True), strict=True):
            numbers[name] = identity(column)
        return numbers

    def order(self) -> Any:
        """The rows to train on, to be shuffled."""
        n = len(self.training)
        return np.arange(n) if self.draws == "global" else PartitionOrder(n)

    def set_aside(self, estimator: Any, rng: np.random.RandomState) -> tuple[Any, Any]:
        """The rows to train on, and those to validate with: a share of each partition."""
        split, fraction = int(rng.randint(2**31 - 1)), float(estimator.validation_fraction)
        sizes = self.training.remote.sizes
        if fraction == 0 or sizes.min() < 2:
            raise ValueError(
                "early_stopping=True sets a part of each partition aside, so that"
                f" validation_fraction={fraction} must be positive, and each partition needs two"
                f" rows or more; the smallest has {sizes.min()}. Or give X_val and y_val."
            )
        n_val = sum(partitions.n_set_aside(fraction, int(n)) for n in sizes)
        order = PartitionOrder(int(sizes.sum()) - n_val, split, fraction)
        aside = PartitionOrder(n_val, split, fraction)
        if self.draws == "partition":
            return order, aside
        starts = np.cumsum(sizes) - sizes
        rows = [
            start + partitions.trained_on(split, p, fraction, int(n))
            for p, (start, n) in enumerate(zip(starts, sizes, strict=True))
        ]
        return np.concatenate(rows), aside
