"""Activations: f and f' side by side, one class each.

`forward` writes `A = f(Z)`; `backward` turns `dA` into `dZ = dA * f'(Z)`. Where both can work
with one array for `Z` and `A`, they share it. `backward` is the last to read `Z` and `A`, so it may
use them as scratch. The steps are ordered so that nothing is allocated.
"""

from skbackprop.activations.base import Activation
from skbackprop.activations.check import check_activation
from skbackprop.activations.gates import GELU, GELUTanh, Mish, SiLU
from skbackprop.activations.pair import FunctionPair
from skbackprop.activations.piecewise import HardTanh, Identity, LeakyReLU, ReLU
from skbackprop.activations.rectifiers import ELU, SELU, Softplus
from skbackprop.activations.sigmoids import Logistic, Softsign, Tanh

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "FunctionPair",
    "GELUTanh",
    "HardTanh",
    "Identity",
    "LeakyReLU",
    "Logistic",
    "Mish",
    "ReLU",
    "SiLU",
    "Softplus",
    "Softsign",
    "Tanh",
    "check_activation",
]

#: By the name that the estimator takes.
ACTIVATIONS: dict[str, type[Activation]] = {
    "identity": Identity,
    "logistic": Logistic,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "silu": SiLU,
    "gelu": GELU,
    "gelu_tanh": GELUTanh,
    "softplus": Softplus,
    "mish": Mish,
    "hard_tanh": HardTanh,
    "softsign": Softsign,
}
