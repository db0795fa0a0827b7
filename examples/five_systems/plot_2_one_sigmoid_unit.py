"""
2. One sigmoid unit
===================

Two classes need one output unit: ``A2 = sigmoid(Z2)`` is the probability of the second class, and
``1 - A2`` that of the first. With binary cross-entropy the gradient of a sample's loss at its score
is ``A2 - Y``, as with softmax. The network has 13-8-1 units and learns from a table of thirteen
measurements of wine whether a wine is of the first cultivar. :doc:`/five_systems` has it beside a
loop in NumPy, trained on all rows; here some are set aside to test on.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

wine = load_wine()
X, y = wine.data, wine.target == 0
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# ``alcohol`` is around 13, ``proline`` around 750, and the gradients of their weights would differ
# as much. ``StandardScaler`` puts them on one scale, and the pipeline makes it learn that scale
# from the training rows alone.
warnings.simplefilter("ignore", ConvergenceWarning)  # 200 steps are what we ask for
pipeline = make_pipeline(
    StandardScaler(),
    BackpropClassifier(
        hidden_layer_sizes=(8,),
        solver="sgd",
        momentum=0,
        nesterovs_momentum=False,
        batch_size=len(X_train),
        alpha=0,
        learning_rate_init=1.0,
        weight_init="normal",
        max_iter=200,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
    ),
)
pipeline.fit(X_train, y_train)
clf = pipeline[-1]
print(f"output units: {clf.n_outputs_}, output activation: {clf.out_activation_}")
print(f"accuracy on the test rows: {pipeline.score(X_test, y_test):.3f}")

# %%
# The same without scaling. The first steps are far too long for proline, and the loss gets nowhere.
unscaled = BackpropClassifier(**clf.get_params(deep=False)).fit(X_train, y_train)
print(f"accuracy without scaling: {unscaled.score(X_test, y_test):.3f}")

# %%
# On the left the cost, step by step. On the right the test rows, by their probability of being of
# the first cultivar.
blue, orange = "#0072B2", "#E69F00"
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
steps = np.arange(1, 201)
left.plot(steps, clf.loss_curve_, color=blue, label="scaled columns")
left.plot(steps, unscaled.loss_curve_, color=orange, ls="--", label="columns as they are")
left.set(xlabel="step", ylabel="training loss", title="Binary cross-entropy", yscale="log")
left.legend()

p = pipeline.predict_proba(X_test)[:, 1]
bins = np.linspace(0, 1, 21)
right.hist(p[~y_test], bins, color=orange, hatch="//", edgecolor="w", label="another cultivar")
right.hist(p[y_test], bins, color=blue, alpha=0.8, edgecolor="w", label="first cultivar")
right.axvline(0.5, color="k", ls="--", lw=1)
right.set(xlabel="A2, predicted probability", ylabel="test rows", title="The one output unit")
right.legend(loc="upper center", framealpha=1)
plt.show()

# %%
# The first layer. Each column is a hidden unit, each row a measurement in standard deviations.
# Measurements with strong colours move the units most.
W1 = clf.coefs_[0]
limit = abs(W1).max()
fig, ax = plt.subplots(figsize=(6.4, 5), layout="constrained")
image = ax.imshow(W1, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
ax.set_xticks(range(8), range(1, 9))
ax.set_yticks(range(13), wine.feature_names)
ax.set(xlabel="hidden unit", title="W1, weights of the first layer")
fig.colorbar(image, ax=ax, label="weight")
plt.show()
