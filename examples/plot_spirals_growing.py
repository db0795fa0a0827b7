"""
Spirals: a decision boundary grows
==================================

Three spiral arms in the plane. No straight line tells them apart, so this is where a hidden layer
shows what it is for. We stop the training now and then, and look at the map of predicted classes.
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
# With ``warm_start="exact"``, ``fit`` goes on as if it had never stopped: the optimizer's means and
# the random numbers are kept too. ``max_iter`` is how many epochs each call adds. We stop early on
# purpose, so the warning about that is switched off.
warnings.simplefilter("ignore", ConvergenceWarning)
clf = BackpropClassifier(
    hidden_layer_sizes=(50,),
    learning_rate_init=0.01,
    batch_size=50,
    warm_start="exact",
    n_iter_no_change=np.inf,
    random_state=0,
)

# %%
# ``initialize`` draws the first weights without any data. That is the network of epoch 0.
clf.initialize(n_features=2, classes=[0, 1, 2])

colors, markers = ["#0072B2", "#E69F00", "#CC79A7"], "os^"
epochs = [0, 2, 10, 25, 50, 200]
fig, axes = plt.subplots(2, 3, figsize=(9, 6.4), sharex=True, sharey=True, layout="constrained")
trained = 0
for ax, epoch in zip(axes.flat, epochs, strict=True):
    if epoch > trained:
        clf.set_params(max_iter=epoch - trained).fit(X, y)
        trained = epoch
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
    )
    for k in range(3):
        arm = y == k
        ax.scatter(*X[arm].T, s=14, color=colors[k], marker=markers[k], edgecolor="w", lw=0.4)
    ax.set(title=f"epoch {epoch}: accuracy {clf.score(X, y):.2f}", aspect="equal")
plt.show()

# %%
# The accuracy is that on the training points: what we watch here is how far the network bends, not
# how well it predicts new points. ``history_`` holds every epoch of all calls together.
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.plot(np.arange(1, trained + 1), clf.history_["loss"], color=colors[0])
for epoch in epochs[1:]:
    ax.plot(epoch, clf.history_["loss"][epoch - 1], "o", color=colors[1], mec="k")
ax.axhline(np.log(3), color="0.4", ls="--")
ax.annotate(
    "log 3: a guess among three",
    (trained, np.log(3)),
    (0, -12),
    ha="right",
    textcoords="offset points",
    color="0.3",
)
ax.set(xlabel="epoch", ylabel="training loss", title="dots: the pictures above", ylim=0)
plt.show()
