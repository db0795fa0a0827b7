"""
Digits: the errors and the first layer, as pictures
===================================================

A network with one hidden layer learns handwritten digits of 8 x 8 pixels. Then we look at what a
score doesn't show: which images it gets wrong, and what its hidden units look for.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier

# %%
# Pixels go from 0 to 16. Half of the 1,797 images are set aside, so that there are some errors to
# see.
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.5, stratify=y, random_state=0
)
clf = BackpropClassifier(
    hidden_layer_sizes=(32,),
    learning_rate_init=0.01,
    alpha=1.0,
    tol=1e-3,
    n_iter_no_change=5,
    random_state=0,
)
clf.fit(X_train, y_train)
print(f"epochs: {clf.n_iter_}, accuracy on the test images: {clf.score(X_test, y_test):.3f}")

# %%
# **Which digits are confused?**
predicted = clf.predict(X_test)
fig, ax = plt.subplots(figsize=(5.6, 5), layout="constrained")
ConfusionMatrixDisplay.from_predictions(y_test, predicted, cmap="Blues", ax=ax, colorbar=False)
ax.set(title="Test images", xlabel="predicted digit", ylabel="true digit")
plt.show()

# %%
# **The surest errors.** We sort the misclassified images by the probability of the wrong answer.
# Some of them would puzzle a reader too.
p = clf.predict_proba(X_test)
wrong = np.flatnonzero(predicted != y_test)
wrong = wrong[np.argsort(-p[wrong].max(axis=1))][:12]
fig, axes = plt.subplots(2, 6, figsize=(9, 3.9), layout="constrained")
for ax, i in zip(axes.flat, wrong, strict=False):
    ax.imshow(X_test[i].reshape(8, 8), cmap="Greys", vmin=0, vmax=1)
    ax.set_title(f"{predicted[i]} ({p[i].max():.0%}), is {y_test[i]}", size=10)
for ax in axes.flat:
    ax.axis("off")
fig.suptitle("predicted digit (its probability), true digit")
plt.show()

# %%
# **The first layer.** A column of ``coefs_[0]`` has one weight for each pixel, so it is an image.
# Ink on red pixels drives the unit up, ink on blue ones drives it down. The penalty ``alpha`` keeps
# the weights of useless pixels near zero; those at the edge, which are mostly empty, are pale. An
# image that is white all over is a unit that the penalty has switched off: without weights it has
# the same value for every image.
W1 = clf.coefs_[0]
limit = abs(W1).max()
fig, axes = plt.subplots(4, 8, figsize=(9, 4.8), layout="constrained")
for ax, w in zip(axes.flat, W1.T, strict=True):
    image = ax.imshow(w.reshape(8, 8), cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set(xticks=[], yticks=[])
fig.colorbar(image, ax=axes, label="weight")
fig.suptitle("The 32 hidden units: weights of their pixels")
plt.show()
