"""
4. Sigmoids and the quadratic cost
==================================

The oldest pair: sigmoids in both layers, and the cost ``1/2 * sum((y - a)**2)``. It learns digits
well. Its weak spot is a unit that is wrong and sure of it. There the slope of the sigmoid is almost
zero, and so is the gradient. Cross-entropy cancels that slope. :doc:`/five_systems` has the same
network beside a loop in NumPy, trained on all images for ten epochs.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier
from skbackprop.initializers import Normal

# %%
# **One unit.** Its score is z, its value a = sigmoid(z), and it should be 1. The quadratic cost has
# the gradient (a - 1) a (1 - a), cross-entropy has a - 1.
blue, orange = "#0072B2", "#E69F00"
z = np.linspace(-8, 8, 401)
a = expit(z)
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.plot(z, a - 1, color=blue, label="cross-entropy: a - 1")
ax.plot(
    z,
    (a - 1) * a * (1 - a),
    color=orange,
    ls="--",
    label="quadratic: (a - 1) a (1 - a)",
)
ax.axvspan(-8, -4, color="0.9")
ax.text(-6, -0.45, "wrong,\nand sure\nof it", ha="center", va="center")
ax.set(xlabel="score z", ylabel="gradient dL/dz", title="A unit that should be 1")
ax.legend(loc="lower right")
plt.show()

# %%
# **Digits.** 64-30-10 units, minibatches of ten, rate 3.0. An initialiser object draws standard
# normal weights. The other network has softmax and cross-entropy. Its gradients are larger, so its
# rate is 0.3.
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
quadratic = BackpropClassifier(
    hidden_layer_sizes=(30,),
    activation="logistic",
    loss="squared_error",
    solver="sgd",
    momentum=0,
    nesterovs_momentum=False,
    batch_size=10,
    alpha=0,
    learning_rate_init=3.0,
    weight_init=Normal(scale=1.0),
    random_state=0,
)
entropy = BackpropClassifier(**quadratic.get_params(deep=False))
entropy.set_params(loss="log_loss", learning_rate_init=0.3)

# %%
# ``partial_fit`` on all training rows is one epoch, and lets us look at the test images after each.
# We note the accuracy, and what the network says of the fours: the median of their probability of
# being a four.
n_epochs = 60
names = ["quadratic cost, rate 3.0", "cross-entropy, rate 0.3"]
accuracy, fours = {}, {}
for name, clf in zip(names, [quadratic, entropy], strict=True):
    accuracy[name], fours[name] = [], []
    for _ in range(n_epochs):
        clf.partial_fit(X_train, y_train, classes=range(10))
        accuracy[name].append(clf.score(X_test, y_test))
        fours[name].append(np.median(clf.predict_proba(X_test[y_test == 4])[:, 4]))

# %%
# The unit for the four falls asleep in the first epochs: its value is near zero even for a four,
# and so is its slope. The quadratic cost takes dozens of epochs to wake it, and until then the
# network misses nearly every four. Other first weights may fare better. Cross-entropy pulls at full
# strength from the first epoch on.
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
epochs = np.arange(1, n_epochs + 1)
for name, color, style in zip(names, [orange, blue], ["--", "-"], strict=True):
    left.plot(epochs, accuracy[name], style, color=color, label=name)
    right.plot(epochs, fours[name], style, color=color, label=name)
left.set(xlabel="epoch", ylabel="accuracy", title="Test images")
left.legend(loc="lower right")
right.set(xlabel="epoch", ylabel='median probability of "4"', title="The fours among them")
plt.show()
