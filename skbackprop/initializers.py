"""Initial values of W and b.

W is drawn from a normal or uniform distribution. In all but `Normal` its variance depends on the
layer's size, so that signals neither vanish nor explode on their way through the layers.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from skbackprop.options import Option, number


class Initializer(Option):
    """How the initial W, of shape (fan_in, fan_out), and b, of shape (fan_out,), are drawn."""

    def draw(
        self, rng: np.random.RandomState, fan_in: int, fan_out: int, glorot_factor: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """W and b of one layer in float64; b is zero unless a subclass says otherwise.

        `glorot_factor` is the activation's, 0 without hidden units; only `GlorotUniform` uses it.
        """
        return self.weights(rng, fan_in, fan_out), np.zeros(fan_out)

    def weights(self, rng: np.random.RandomState, fan_in: int, fan_out: int) -> np.ndarray:
        """W of one layer, drawn from `rng`."""
        raise NotImplementedError


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """W, b ~ U(-r, r), r = sqrt(6 / (fan_in + fan_out)); 2 in place of 6 for logistic units.

    Glorot and Bengio (2010), section 4.2.1, eq. 16. The intercepts are drawn too, and the
    constant depends on the activation, as in scikit-learn's MLPClassifier.
    """

    def draw(
        self, rng: np.random.RandomState, fan_in: int, fan_out: int, glorot_factor: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """W first, then b."""
        r = sqrt(glorot_factor / (fan_in + fan_out))
        return rng.uniform(-r, r, (fan_in, fan_out)), rng.uniform(-r, r, fan_out)


@dataclass(frozen=True)
class GlorotNormal(Initializer):
    """W ~ N(0, 2 / (fan_in + fan_out)). Glorot and Bengio (2010), eq. 12."""

    def weights(self, rng: np.random.RandomState, fan_in: int, fan_out: int) -> np.ndarray:
        """Standard normal, times sqrt(2 / (fan_in + fan_out))."""
        return rng.standard_normal((fan_in, fan_out)) * sqrt(2.0 / (fan_in + fan_out))


@dataclass(frozen=True)
class HeUniform(Initializer):
    """W ~ U(-r, r), r = sqrt(6 / fan_in): variance 2 / fan_in. He et al. (2015), eq. 10."""

    def weights(self, rng: np.random.RandomState, fan_in: int, fan_out: int) -> np.ndarray:
        """Uniform between -sqrt(6 / fan_in) and sqrt(6 / fan_in)."""
        r = sqrt(6.0 / fan_in)
        return rng.uniform(-r, r, (fan_in, fan_out))


@dataclass(frozen=True)
class HeNormal(Initializer):
    """W ~ N(0, 2 / fan_in). He et al. (2015), section 2.2, eq. 10."""

    def weights(self, rng: np.random.RandomState, fan_in: int, fan_out: int) -> np.ndarray:
        """Standard normal, times sqrt(2 / fan_in)."""
        return rng.standard_normal((fan_in, fan_out)) * sqrt(2.0 / fan_in)


@dataclass(frozen=True)
class LecunNormal(Initializer):
    """W ~ N(0, 1 / fan_in). LeCun et al. (1998), Efficient BackProp, section 4.6, eq. 16."""

    def weights(self, rng: np.random.RandomState, fan_in: int, fan_out: int) -> np.ndarray:
        """Standard normal, times sqrt(1 / fan_in)."""
        return rng.standard_normal((fan_in, fan_out)) * sqrt(1.0 / fan_in)


@dataclass(frozen=True)
class Normal(Initializer):
    """W ~ N(0, scale**2), whatever the layer's size.

    Krizhevsky, Sutskever and Hinton (2012), ImageNet classification with deep convolutional neural
    networks, section 5, with a scale of 0.01.

    Parameters
    ----------
    scale : float, default=0.01
        Standard deviation.
    """

    scale: float = number(0.01, "(0, inf)")

    def weights(self, rng: np.random.RandomState, fan_in: int, fan_out: int) -> np.ndarray:
        """Standard normal, times scale."""
        return self.scale * rng.standard_normal((fan_in, fan_out))


INITIALIZERS: dict[str, type[Initializer]] = {
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_normal": LecunNormal,
    "normal": Normal,
}


def check_initializer(initializer: Initializer, rng: np.random.RandomState) -> None:
    """Draw W and b of a small layer by a user's own rule, and check them.

    Raises
    ------
    ValueError
        If `draw` fails, or returns wrong shapes or numbers that aren't finite. The message names
        `weight_init`.
    """
    try:
        W, b = (np.asarray(a, dtype=np.float64) for a in initializer.draw(rng, 3, 2, 6.0))
    except Exception as error:
        raise ValueError(
            f"weight_init={initializer!r} fails on a layer of shape (3, 2):"
            f" {type(error).__name__}: {error}"
        ) from error
    if W.shape != (3, 2) or b.shape != (2,):
        raise ValueError(
            f"weight_init={initializer!r} must draw W of shape (3, 2) and b of shape (2,) for"
            f" fan_in=3 and fan_out=2, got {W.shape} and {b.shape}."
        )
    if not np.all(np.isfinite(W)) or not np.all(np.isfinite(b)):
        raise ValueError(f"weight_init={initializer!r} must draw finite numbers.")
