"""The layers, which form a row from X to the scores of the output units.

Every layer has the same three methods. `forward` and `backward` work in buffers that are allocated
once per batch size; `predict` makes new arrays and keeps nothing.
"""

from skbackprop.layers.activation import ActivationLayer
from skbackprop.layers.base import Buffers, Layer, Shapes
from skbackprop.layers.dense import Dense
from skbackprop.layers.dropout import Dropout
from skbackprop.layers.normalization import NormalizationLayer
from skbackprop.layers.scaled import ScaledDense
from skbackprop.layers.sparse import SparseRows

__all__ = [
    "LAYERS",
    "ActivationLayer",
    "Buffers",
    "Dense",
    "Dropout",
    "Layer",
    "NormalizationLayer",
    "ScaledDense",
    "Shapes",
    "SparseRows",
]

#: Every kind of layer.
LAYERS: list[type[Layer]] = [Dense, ScaledDense, NormalizationLayer, ActivationLayer, Dropout]
