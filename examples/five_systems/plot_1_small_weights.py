"""
1. Spirals, from small weights
==============================

The smallest network with a hidden layer that is worth a picture: 2-4-3 units, ReLU and softmax, on
three spiral arms. It trains by plain full-batch gradient descent at rate 1.0, from weights that are
0.01 times standard normal. :doc:`/five_systems` has the same network beside a loop in NumPy.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay

from skbackprop import BackpropClassifier
from skbackprop.datasets import make_spirals

X, y = make_spirals(n_samples=300, n_classes=3, noise=0.2, random_state=0)

# %%
# A batch as large as the data makes an epoch one step. ``tol=0`` and ``n_iter_no_change=inf``
# switch the stopping rule off, so 1,000 steps are taken. We know that they end without convergence.
warnings.simplefilter("ignore", ConvergenceWarning)
four_units = BackpropClassifier(
    hidden_layer_sizes=(4,),
    solver="sgd",
    momentum=0,
    nesterovs_momentum=False,
    batch_size=300,
    alpha=0,
    learning_rate_init=1.0,
    weight_init="normal",
    max_iter=1000,
    tol=0,
    n_iter_no_change=np.inf,
    random_state=0,
)
four_units.fit(X, y)

# %%
# Without the hidden layer the same descent is softmax regression.
no_units = BackpropClassifier(**four_units.get_params(deep=False))
no_units.set_params(hidden_layer_sizes=()).fit(X, y)

# %%
# A hidden unit is zero on one side of the line ``w x + b = 0`` and grows on the other. The scores
# of the classes are linear between these lines. So four units bend the borders in a few places, and
# that is too few for the spirals.
colors, markers = ["#0072B2", "#E69F00", "#CC79A7"], "os^"
fig, axes = plt.subplots(1, 2, figsize=(9, 5), sharex=True, sharey=True, layout="constrained")
titles = ["no hidden layer", "four hidden units"]
for ax, clf, title in zip(axes, [no_units, four_units], titles, strict=True):
    DecisionBoundaryDisplay.from_estimator(
        clf,
        X,
        ax=ax,
        response_method="predict_proba",
        plot_method="pcolormesh",
        multiclass_colors=colors,
        vmin=1 / 3,
        vmax=1,
        alpha=0.6,
        eps=0.2,
        grid_resolution=300,
    )
    for k in range(3):
        arm = y == k
        ax.scatter(*X[arm].T, s=16, color=colors[k], marker=markers[k], edgecolor="w", lw=0.4)
    ax.set(title=f"{title}: accuracy {clf.score(X, y):.2f}", aspect="equal")
ends = axes[1].axis()
for w, b in zip(four_units.coefs_[0].T, four_units.intercepts_[0], strict=True):
    foot = -b * w / (w @ w)  # the point of the line that is closest to 0
    axes[1].axline(foot, foot + np.array([-w[1], w[0]]), color="k", ls="--", lw=1)
axes[1].axis(ends)
axes[1].plot([], [], "k--", lw=1, label="where a hidden unit begins")
fig.legend(loc="outside lower center")
plt.show()

# %%
# Small weights give almost equal scores, so the first loss is close to log 3. They also give small
# gradients: ``dA1 = dZ2 @ W2.T`` is small as long as ``W2`` is. That is the flat beginning of the
# curve, which the softmax regression doesn't have. The peaks at the end are steps that were too
# long: what suits a flat loss is too bold for a steep one.
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
steps = np.arange(1, 1001)
ax.semilogx(steps, no_units.loss_curve_, color=colors[1], ls="--", label=titles[0])
ax.semilogx(steps, four_units.loss_curve_, color=colors[0], label=titles[1])
ax.axhline(np.log(3), color="0.4", lw=1)
ax.text(1000, np.log(3) - 0.01, "log 3", ha="right", va="top", color="0.3")
ax.set(xlabel="step", ylabel="training loss", title="Cross-entropy of the training points")
ax.legend()
plt.show()
