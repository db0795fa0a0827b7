"""What `loss=` takes: hyperparameters, and the form of the loss for each kind of target."""

from dataclasses import dataclass

from skbackprop.losses.base import Loss, OutputLoss
from skbackprop.losses.exponential import ExponentialPoisson
from skbackprop.losses.focal import SigmoidFocal, SoftmaxFocal
from skbackprop.losses.identity import (
    IdentityAbsoluteError,
    IdentityHuber,
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
from skbackprop.options import number


def _for_classes(exclusive: OutputLoss, otherwise: OutputLoss) -> dict[str, OutputLoss]:
    """`exclusive` is for one class out of several, `otherwise` for two classes and for labels."""
    return {"binary": otherwise, "multiclass": exclusive, "multilabel": otherwise}


@dataclass(frozen=True)
class LogLoss(Loss):
    """-log p, p the true class's probability: softmax, or sigmoids for two classes and for labels.

    For several labels, the sum over them. Bridle (1990), Probabilistic interpretation of
    feedforward classification network outputs, with relationships to statistical pattern
    recognition.
    """

    def on(self, target: str) -> OutputLoss:
        """Softmax for "multiclass", sigmoids otherwise."""
        return self.one_of(_for_classes(SoftmaxCrossEntropy(), SigmoidCrossEntropy()), target)


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """-sum of q log p, q the smoothed label; without smoothing it's "log_loss" itself.

    The target of the true class is 1 - eps + eps / K, of every other class eps / K, with K
    classes; K = 2 for two classes and for each label. Szegedy et al. (2016), "Rethinking the
    Inception architecture", section 7.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        The eps above.
    """

    label_smoothing: float = number(0.0, "[0, 1)")

    def on(self, target: str) -> OutputLoss:
        """Softmax for "multiclass", sigmoids otherwise."""
        eps = self.label_smoothing
        if not eps:
            return self.one_of(_for_classes(SoftmaxCrossEntropy(), SigmoidCrossEntropy()), target)
        forms = _for_classes(SmoothedSoftmaxCrossEntropy(eps), SmoothedSigmoidCrossEntropy(eps))
        return self.one_of(forms, target)


@dataclass(frozen=True)
class Focal(Loss):
    """-(1 - p)**gamma log p, p the true class's probability: easy samples count for less.

    Lin et al. (2017), "Focal loss for dense object detection", eq. 4, on the units of "log_loss";
    for several labels, the sum over them. The paper's balancing factor alpha is left to
    `class_weight`.

    Parameters
    ----------
    gamma : float, default=2.0
        At 0 it's cross-entropy.
    """

    gamma: float = number(2.0, "[0, inf)")

    def on(self, target: str) -> OutputLoss:
        """Softmax for "multiclass", sigmoids otherwise."""
        return self.one_of(_for_classes(SoftmaxFocal(self.gamma), SigmoidFocal(self.gamma)), target)


@dataclass(frozen=True)
class SquaredError(Loss):
    """1/2 (a - y)**2: on logistic output units for classes, on the scores for numbers.

    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors,
    eq. 3: summed over the classes or labels, averaged over several outputs that are numbers.
    """

    def on(self, target: str) -> OutputLoss:
        """Sigmoids for classes and labels, the identity for numbers."""
        forms = _for_classes(SigmoidSquaredError(True), SigmoidSquaredError(False))
        return self.one_of(forms | {"regression": IdentitySquaredError()}, target)


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """``abs(y - a)``, summed over the outputs: they estimate medians.

    Koenker and Bassett (1978), Regression quantiles, at the quantile 1/2, times 2.
    """

    def on(self, target: str) -> OutputLoss:
        """The identity, for "regression"."""
        return self.one_of({"regression": IdentityAbsoluteError()}, target)


@dataclass(frozen=True)
class Huber(Loss):
    """1/2 e**2 for errors e up to delta, its tangent beyond, which limits the effect of outliers.

    Huber (1964), "Robust estimation of a location parameter". Summed over the outputs.

    Parameters
    ----------
    delta : float, default=1.0
        In the units of y.
    """

    delta: float = number(1.0, "(0, inf)")

    def on(self, target: str) -> OutputLoss:
        """The identity, for "regression"."""
        return self.one_of({"regression": IdentityHuber(self.delta)}, target)


@dataclass(frozen=True)
class Quantile(Loss):
    """q (y - a) where y > a, else (1 - q) (a - y): the outputs estimate quantiles.

    The pinball loss of Koenker and Bassett (1978), "Regression quantiles". Summed over the outputs.

    Parameters
    ----------
    q : float, default=0.5
        The share of targets that should lie below the output. At 1/2 it's half the absolute error.
    """

    q: float = number(0.5, "(0, 1)")

    def on(self, target: str) -> OutputLoss:
        """The identity, for "regression"."""
        return self.one_of({"regression": IdentityQuantile(self.q)}, target)


@dataclass(frozen=True)
class Poisson(Loss):
    """y log(y / a) - y + a, half the Poisson deviance, on exponential units, for y >= 0.

    McCullagh and Nelder (1989), Generalized linear models, section 2.3.
    """

    positive_only = True

    def on(self, target: str) -> OutputLoss:
        """The exponential, for "regression"."""
        return self.one_of({"regression": ExponentialPoisson()}, target)
