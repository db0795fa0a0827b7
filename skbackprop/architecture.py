"""The structure of a network, and how its parameters are laid out in one vector."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import prod

import numpy as np

from skbackprop.activations import Activation
from skbackprop.layers import (
    ActivationLayer,
    Dense,
    Dropout,
    Layer,
    NormalizationLayer,
    ScaledDense,
    Shapes,
)
from skbackprop.losses import OutputLoss
from skbackprop.normalization import Normalization


@dataclass(frozen=True)
class Architecture:
    """The structure of a network, without its parameters.

    Parameters
    ----------
    units : tuple of int
        Features, then the units of every layer, outputs last.
    activations : tuple of Activation
        One per hidden layer.
    loss : OutputLoss
        Its link is the output layer's activation.
    l1, l2 : float
        Penalty l1 |W|_1 + 1/2 l2 |W|**2, divided by the batch's total weight like the data loss.
    normalization : Normalization or None
        Of the hidden layers' scores.
    dropout : tuple of float
        Rates of the input and of each hidden layer, or empty for no dropout.
    input_scale : float
        Rate at which a factor for each feature is learned; 0 for no factors.
    """

    units: tuple[int, ...]
    activations: tuple[Activation, ...]
    loss: OutputLoss
    l1: float = 0.0
    l2: float = 0.0
    normalization: Normalization | None = None
    dropout: tuple[float, ...] = ()
    input_scale: float = 0.0

    def row(self) -> list[Layer]:
        """The layers from X to the scores, not bound to any arrays yet."""
        *hidden, (last, n_outputs) = pairwise(self.units)
        on_input, *rates = self.dropout or (0.0,) * len(self.units[:-1])
        # Without hidden units the loss is convex, and there is no variance for Glorot's bound to
        # preserve: with a factor of 0 training starts from zero, as scikit-learn's linear models
        # do. From a random start like MLPClassifier's, scikit-learn's estimator checks need more
        # than the default epochs.
        factor = 0.0
        row: list[Layer] = [Dropout(on_input)] if on_input else []
        dense = partial(ScaledDense, rate=self.input_scale) if self.input_scale else Dense
        for (fan_in, fan_out), activation, rate in zip(
            hidden, self.activations, rates, strict=True
        ):
            factor = activation.glorot_factor
            row.append(dense(fan_in, fan_out, glorot_factor=factor))
            dense = Dense
            if self.normalization:
                row.append(NormalizationLayer(self.normalization, fan_out))
            row.append(ActivationLayer(activation))
            if rate:
                row.append(Dropout(rate))
        # the output layer takes the factor of the layer below
        row.append(dense(last, n_outputs, order="F", glorot_factor=factor))
        return row

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shape (fan_in, fan_out) of each W."""
        return [layer.shapes["W"] for layer in self.row() if "W" in layer.shapes]

    @property
    def n_weights(self) -> int:
        """Number of entries of all W, which come first in theta."""
        return sum(map(prod, self.shapes))

    @property
    def n_parameters(self) -> int:
        """Length of theta: all W, then all b, then gamma and beta with a normalisation."""
        return size(layer.shapes for layer in self.row())

    @property
    def n_values(self) -> int:
        """Length of theta followed by the layers' `statistics`."""
        return self.n_parameters + size(layer.statistics for layer in self.row())


def size(shapes: Iterable[Shapes]) -> int:
    """Total number of entries of arrays of these shapes."""
    return sum(prod(shape) for by_name in shapes for shape in by_name.values())


def depths(row: list[Layer]) -> list[int]:
    """For each layer the number of the last dense one up to there; 0 for those below the first."""
    dense = np.cumsum(["W" in layer.shapes for layer in row])
    return [max(0, int(n) - 1) for n in dense]


def cut(vector: np.ndarray, shapes: list[Shapes]) -> list[dict[str, np.ndarray]]:
    """Views into a vector: for each layer, a dict of arrays by name.

    All arrays of one name are adjacent, W first, so that the penalty and the weight decay work on
    one slice.
    """
    names = dict.fromkeys(["W", *(name for by_name in shapes for name in by_name)])
    views: list[dict[str, np.ndarray]] = [{} for _ in shapes]
    start = 0
    for name in names:
        for by_name, own in zip(shapes, views, strict=True):
            if name in by_name:
                shape = by_name[name]
                own[name] = vector[start : start + prod(shape)].reshape(shape)
                start += prod(shape)
    return views
