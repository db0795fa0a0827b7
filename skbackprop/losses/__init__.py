"""Losses: output link and loss in one, so that the gradient at the scores is simple.

Values come from the scores Z (log-sum-exp), never from the logarithm of a rounded probability.
Every `value_and_gradient` overwrites Z with dZ. Its `weight`, of shape (m,), is each sample's share
of the batch: 1/m, or its sample weight over their sum. Weights enter nowhere else.

Most modules are named after a link; `by_target` holds what the registries list.
"""

from skbackprop.losses.base import Loss, OutputLoss
from skbackprop.losses.by_target import (
    AbsoluteError,
    CrossEntropy,
    Focal,
    Huber,
    LogLoss,
    Poisson,
    Quantile,
    SquaredError,
)
from skbackprop.losses.check import check_loss
from skbackprop.losses.exponential import ExponentialPoisson
from skbackprop.losses.focal import SigmoidFocal, SoftmaxFocal
from skbackprop.losses.identity import (
    IdentityAbsoluteError,
    IdentityHuber,
    IdentityLoss,
    IdentityQuantile,
    IdentitySquaredError,
)
from skbackprop.losses.sigmoid import (
    SigmoidCrossEntropy,
    SigmoidSquaredError,
    SmoothedSigmoidCrossEntropy,
)
from skbackprop.losses.softmax import (
    SmoothedSoftmaxCrossEntropy,
    SoftmaxCrossEntropy,
)

#: For classes and labels.
LOSSES: dict[str, type[Loss]] = {
    "log_loss": LogLoss,
    "cross_entropy": CrossEntropy,
    "focal": Focal,
    "squared_error": SquaredError,
}

#: For numbers.
REGRESSION_LOSSES: dict[str, type[Loss]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
}

__all__ = [
    "LOSSES",
    "REGRESSION_LOSSES",
    "AbsoluteError",
    "CrossEntropy",
    "ExponentialPoisson",
    "Focal",
    "Huber",
    "IdentityAbsoluteError",
    "IdentityHuber",
    "IdentityLoss",
    "IdentityQuantile",
    "IdentitySquaredError",
    "LogLoss",
    "Loss",
    "OutputLoss",
    "Poisson",
    "Quantile",
    "SigmoidCrossEntropy",
    "SigmoidFocal",
    "SigmoidSquaredError",
    "SmoothedSigmoidCrossEntropy",
    "SmoothedSoftmaxCrossEntropy",
    "SoftmaxCrossEntropy",
    "SoftmaxFocal",
    "SquaredError",
    "check_loss",
]
