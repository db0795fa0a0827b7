"""Normalisation of the scores of hidden layers, before the activation.

Zhat = (Z - mean) / sigma with sigma = sqrt(variance + epsilon), then N = gamma Zhat + beta with
trained gamma and beta, one of each per unit. Mean and variance are those of each unit over
the batch, or of each sample over the units.
"""

from skbackprop.normalization.base import Affine, Normalization, Normalized
from skbackprop.normalization.batch import BatchNorm
from skbackprop.normalization.check import check_normalization
from skbackprop.normalization.layer import LayerNorm

__all__ = [
    "NORMALIZATIONS",
    "Affine",
    "BatchNorm",
    "LayerNorm",
    "Normalization",
    "Normalized",
    "check_normalization",
]

#: By the name that the estimator takes.
NORMALIZATIONS: dict[str, type[Normalization]] = {"batch": BatchNorm, "layer": LayerNorm}
