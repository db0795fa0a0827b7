"""L-BFGS and gradient descent on a network of two weights, whose loss is a ravine."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropRegressor

#: The columns are uncorrelated; the second is seven times as large, so it is 49 times as curved.
X = np.array([[1.0, 7.0], [1.0, -7.0], [-1.0, 7.0], [-1.0, -7.0]])
START = {"coefs_init": [np.array([[10.0], [1.0]])], "intercepts_init": [np.zeros(1)]}


def path(max_iter: int, **params: object) -> np.ndarray:
    """The two weights before the first and after each iteration, of fits of growing length."""
    places = [START["coefs_init"][0].ravel()]
    for n in range(1, max_iter + 1):
        net = BackpropRegressor(hidden_layer_sizes=(), alpha=0, max_iter=n, batch_size=4, **params)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            places.append(net.fit(X, np.zeros(4), **START).coefs_[0].ravel())
    return np.array(places)


def draw() -> plt.Figure:
    """Both paths on the loss's contours."""
    figure, ax = plt.subplots(figsize=(4.8, 3.6), layout="constrained")
    x, y = np.meshgrid(np.linspace(-1.5, 10.8, 200), np.linspace(-1.6, 2.2, 120))
    ax.contour(
        x, y, 0.5 * (x**2 + 49 * y**2), levels=[1, 5, 15, 40, 80], colors="0.75", linewidths=0.8
    )
    plain = {"solver": "sgd", "momentum": 0, "nesterovs_momentum": False}
    descent = path(40, learning_rate_init=0.04, tol=0, **plain)
    ax.plot(*descent.T, "s--", color="#D55E00", lw=1.2, ms=3, label="gradient descent, 40 steps")
    lbfgs = path(6, solver="lbfgs", tol=1e-10)
    ax.plot(*lbfgs.T, "o-", color="#0072B2", lw=2, ms=6, label="L-BFGS, 6 iterations")
    ax.plot(0, 0, color="black", marker="+", markersize=14, markeredgewidth=2)
    ax.set_xlabel("$w_1$", fontsize=12)
    ax.set_ylabel("$w_2$", fontsize=12)
    ax.legend(fontsize=11, loc="upper left", frameon=False)
    return figure


draw()
