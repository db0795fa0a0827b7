"""What stands in a row between X and the scores of the output units.

Every layer has the same three verbs. `forward` and `backward` work in buffers that are made once
for a batch's number of rows; `predict` makes new arrays and keeps nothing.
"""

from skbackprop.layers.activation import ActivationLayer
from skbackprop.layers.base import Buffers, Layer, Shapes
from skbackprop.layers.dense import Dense
from skbackprop.layers.dropout import Dropout
from skbackprop.layers.normalization import NormalizationLayer
from skbackprop.layers.sparse import SparseRows

__all__ = [
    "LAYERS",
    "ActivationLayer",
    "Buffers",
    "Dense",
    "Dropout",
    "Layer",
    "NormalizationLayer",
    "Shapes",
    "SparseRows",
]

#: Every kind of layer.
LAYERS: list[type[Layer]] = [Dense, NormalizationLayer, ActivationLayer, Dropout]
