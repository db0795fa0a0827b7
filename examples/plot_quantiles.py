"""
Regression: intervals from quantiles
====================================

A regression line says what to expect. How far off it may be, it doesn't say. The quantile loss asks
another question: below which number lie nine in ten of the targets? Two such curves make an
interval that is wide where the data are noisy.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import train_test_split

from skbackprop import BackpropRegressor
from skbackprop.losses import Quantile

# %%
# A wave with noise that grows from left to right. The noise is skewed: large errors go up.
rng = np.random.default_rng(0)
x = rng.uniform(0, 6, 4000)
y = np.sin(1.5 * x) + (0.1 + 0.12 * x) * (rng.exponential(size=x.size) - 1)
X = (x - 3).reshape(-1, 1)  # centred
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# An error above the curve costs q, one below costs 1 - q. That is least where a share q of the
# targets lies below. The loss is an object, as it brings the q. Everything else is as in any
# regression.
warnings.simplefilter("ignore", ConvergenceWarning)  # 60 epochs are what we ask for
quantiles = [0.05, 0.25, 0.5, 0.75, 0.95]
curves = {}
for q in quantiles:
    curves[q] = BackpropRegressor(
        loss=Quantile(q=q),
        hidden_layer_sizes=(64, 64),
        activation="silu",
        learning_rate="cosine",
        learning_rate_init=0.01,
        max_iter=60,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    curves[q].fit(X_train, y_train)
mean = BackpropRegressor(**curves[0.5].get_params(deep=False)).set_params(loss="squared_error")
mean.fit(X_train, y_train)

# %%
blue, orange = "#0072B2", "#E69F00"
grid = np.linspace(-3, 3, 300).reshape(-1, 1)
at = grid.ravel() + 3
fig, ax = plt.subplots(figsize=(8, 4.4), layout="constrained")
ax.plot(X_test.ravel() + 3, y_test, ".", color="0.55", ms=3, label="test samples")
p = {q: curves[q].predict(grid) for q in quantiles}
ax.fill_between(at, p[0.05], p[0.95], color=blue, alpha=0.2, label="0.05 to 0.95")
ax.fill_between(at, p[0.25], p[0.75], color=blue, alpha=0.35, label="0.25 to 0.75")
ax.plot(at, p[0.5], color=blue, lw=2, label="0.5, the median")
ax.plot(at, mean.predict(grid), color=orange, lw=2, ls="--", label="squared error, the mean")
ax.set(xlabel="x", ylabel="y", title="Quantiles of y, given x")
ax.legend(ncols=2, loc="upper left")
plt.show()

# %%
# Is q what it claims to be? We count the test samples below each curve. ``mean_pinball_loss`` is
# the same loss in scikit-learn.
print("   q   share below   pinball loss")
for q, reg in curves.items():
    below = np.mean(y_test < reg.predict(X_test))
    print(f"{q:.2f}{below:>14.3f}{mean_pinball_loss(y_test, reg.predict(X_test), alpha=q):>15.3f}")

# %%
# And does it hold everywhere, not only on average? In each sixth of the x axis the interval from
# 0.05 to 0.95 should have 90 % of the samples.
sixth = np.floor(X_test.ravel() + 3).astype(int)
low, high = curves[0.05].predict(X_test), curves[0.95].predict(X_test)
inside = (low < y_test) & (y_test < high)
spread = 1.645 * np.std(y_train - mean.predict(X_train))
constant = abs(y_test - mean.predict(X_test)) < spread
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
rows = np.arange(6)
shares = [[hits[sixth == k].mean() for k in rows] for hits in (inside, constant)]
ax.bar(rows - 0.2, shares[0], 0.38, color=blue, label="quantiles 0.05 to 0.95")
ax.bar(
    rows + 0.2,
    shares[1],
    0.38,
    color=orange,
    hatch="//",
    edgecolor="w",
    label="mean, plus and minus 1.645 standard deviations",
)
ax.axhline(0.9, color="k", ls="--", lw=1)
ax.set_xticks(rows, [f"{k} to {k + 1}" for k in rows])
ax.set(
    xlabel="x",
    ylabel="share of test samples inside",
    title="Ninety per cent?",
    ylim=(0, 1.2),
)
ax.legend(loc="upper center", ncols=2)
plt.show()
