"""
3. One step from given weights
==============================

A network with two hidden layers, 5-10-10-4 units, takes one step from weights that we bring. Then
:func:`~skbackprop.inspection.trace_backprop` shows every matrix of that step, and we see what the
two most important lines of backpropagation do: ``dZ3 = (A3 - Y) / 10`` for ten samples, and
``dZ2 = dA2 * relu'(Z2)``.

:doc:`/five_systems` has this step with other draws: samples in columns, and weights of 0.01 times
standard normal. Here they are ten times as large, as the pictures would be pale otherwise.
"""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from skbackprop import BackpropClassifier
from skbackprop.inspection import trace_backprop

# %%
# Ten samples, five features, four classes, and small normal weights. ``coefs_[i]`` has the shape
# (inputs, outputs) of its layer.
rng = np.random.RandomState(1)
X, y = rng.rand(10, 5), rng.choice(4, 10)
sizes = [5, 10, 10, 4]
W = [0.1 * rng.randn(n_in, n_out) for n_in, n_out in pairwise(sizes)]
b = [0.1 * rng.randn(n_out) for n_out in sizes[1:]]

# %%
# The step itself. ``partial_fit`` is one epoch, and with all samples in one batch one step.
rate = 0.01
clf = BackpropClassifier(
    hidden_layer_sizes=(10, 10),
    solver="sgd",
    momentum=0,
    nesterovs_momentum=False,
    batch_size=10,
    alpha=0,
    learning_rate_init=rate,
)
clf.partial_fit(X, y, classes=range(4), coefs_init=W, intercepts_init=b)

# %%
# The same step by hand, in the lines of a textbook.
A1 = np.maximum(X @ W[0] + b[0], 0)
Z2 = A1 @ W[1] + b[1]
A2 = np.maximum(Z2, 0)
Z3 = A2 @ W[2] + b[2]
A3 = np.exp(Z3 - Z3.max(axis=1, keepdims=True))
A3 /= A3.sum(axis=1, keepdims=True)

Y = np.eye(4)[y]
dZ3 = (A3 - Y) / 10
dW3 = A2.T @ dZ3
dA2 = dZ3 @ W[2].T
dZ2 = dA2 * (Z2 > 0)
dW2 = A1.T @ dZ2

for i, dW in [(2, dW3), (1, dW2)]:
    difference = abs(clf.coefs_[i] - (W[i] - rate * dW)).max()
    print(f"W{i + 1}: largest difference {difference:.0e}")

# %%
# Now the matrices. A trace is made at the weights that the estimator has, so we put the first ones
# back.
clf.coefs_, clf.intercepts_ = W, b
_, hidden, output = trace_backprop(clf, X, y).layers
assert np.allclose(output.dZ, dZ3)
assert np.allclose(hidden.dZ, dZ2)

# %%
# **The output layer.** Where the class is not the sample's, the gradient is the probability: push
# the score down. Where it is, the gradient is the probability minus one: pull it up. Each row adds
# up to zero.
fig, axes = plt.subplots(1, 3, figsize=(9.5, 4.6), layout="constrained")
panels = [
    (output.A, "A3, probabilities"),
    (Y, "Y, one-hot labels"),
    (10 * output.dZ, "10 dZ3 = A3 - Y"),
]
for ax, (M, title) in zip(axes, panels, strict=True):
    image = ax.imshow(M, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(M):
        color = "w" if abs(value) > 0.6 else "k"
        ax.text(j, i, f"{value:.2f}", ha="center", va="center", color=color, size=8)
    ax.set(title=title, xlabel="class", xticks=range(4), yticks=range(10))
axes[0].set_ylabel("sample")
fig.colorbar(image, ax=axes, label="value")
plt.show()

# %%
# **The second hidden layer.** ReLU lets a gradient through where its score is positive, and stops
# it elsewhere. The grey cells of the mask are zeros in ``dZ2``, whatever came from above.
fig, axes = plt.subplots(1, 3, figsize=(9.5, 4.2), layout="constrained")
limit = abs(hidden.dA).max()
axes[0].imshow(hidden.dA, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
axes[1].imshow(hidden.Z > 0, cmap="Greys_r", vmin=-1, vmax=1, aspect="auto")
image = axes[2].imshow(hidden.dZ, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
titles = ["dA2 = dZ3 @ W3.T", "relu'(Z2): 1 white, 0 grey", "dZ2 = dA2 * relu'(Z2)"]
for ax, title in zip(axes, titles, strict=True):
    ax.set(title=title, xlabel="hidden unit", xticks=range(10), yticks=range(10))
axes[0].set_ylabel("sample")
fig.colorbar(image, ax=axes, label="gradient")
plt.show()
