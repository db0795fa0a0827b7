"""
5. Spirals again, with room and a penalty
=========================================

25 hidden units, He-normal weights and an L2 penalty, 10,000 full-batch steps at rate 1.0. That is
room enough for the spirals. The penalty keeps the weights small, and small weights make borders
soft. :doc:`/five_systems` has the same network beside a loop in NumPy.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay

from skbackprop import BackpropClassifier
from skbackprop.datasets import make_spirals

X, y = make_spirals(n_samples=300, n_classes=3, noise=0.2, random_state=0)
X_new, y_new = make_spirals(n_samples=3000, n_classes=3, noise=0.2, random_state=1)

# %%
# The penalty we want is ``lam / 2 * sum(W**2)``, added to the mean loss of the samples. The
# estimator divides ``alpha`` by the number of samples in the batch, as MLPClassifier does. So
# ``alpha`` is ``lam`` times 300.
warnings.simplefilter("ignore", ConvergenceWarning)  # 10,000 steps are what we ask for
lam = 1e-3
penalised = BackpropClassifier(
    hidden_layer_sizes=(25,),
    solver="sgd",
    momentum=0,
    nesterovs_momentum=False,
    batch_size=300,
    alpha=lam * 300,
    learning_rate_init=1.0,
    weight_init="he_normal",
    max_iter=10_000,
    tol=0,
    n_iter_no_change=np.inf,
    random_state=0,
)
free = BackpropClassifier(**penalised.get_params(deep=False)).set_params(alpha=0)
penalised.fit(X, y)
free.fit(X, y)

# %%
# The stronger the colour, the surer the network. Without the penalty it is sure almost everywhere.
# The arms hardly overlap, so that does no harm here, and on new points of the same arms it is even
# a little better. With the penalty the network says where it doesn't know: in the pale bands
# between the arms.
colors, markers = ["#0072B2", "#E69F00", "#CC79A7"], "os^"
fig, axes = plt.subplots(1, 2, figsize=(9, 4.8), sharex=True, sharey=True, layout="constrained")
titles = ["no penalty", "penalty, lam = 0.001"]
for ax, clf, title in zip(axes, [free, penalised], titles, strict=True):
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
    scores = f"{clf.score(X, y):.3f} here, {clf.score(X_new, y_new):.3f} on new points"
    ax.set(title=f"{title}\naccuracy {scores}", aspect="equal")
plt.show()

# %%
# ``history_`` keeps the two parts of the loss apart. With the penalty the data's part stays higher,
# and that is its price.
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
steps = np.arange(1, 10_001)
ax.loglog(
    steps,
    free.history_["data_loss"],
    color="0.45",
    ls=":",
    label="data loss, no penalty",
)
ax.loglog(
    steps,
    penalised.history_["data_loss"],
    color=colors[0],
    label="data loss, penalised",
)
ax.loglog(steps, penalised.history_["penalty"], color=colors[1], ls="--", label="penalty")
ax.set(xlabel="step", ylabel="part of the training loss", title="What the loss is made of")
ax.legend()
plt.show()

# %%
# What the penalty does to the weights.
for title, clf in [("no penalty", free), ("penalised", penalised)]:
    norms = ", ".join(f"{np.sum(W**2):.0f}" for W in clf.coefs_)
    print(f"{title:<12} sum of squares in W1, W2: {norms}")
