"""
Several labels at once
======================

A point can lie in several sets, or in none. For such targets y is a matrix of zeros and ones with a
column for each label. The network has one logistic unit for each, and all labels share the hidden
layers.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier

# %%
# Three discs that overlap, and points all over. One label in fifty is wrong.
rng = np.random.default_rng(0)
names = ["left", "right", "low"]
centres, radius = np.array([[-0.4, 0.3], [0.4, 0.3], [0.0, -0.4]]), 0.65
X = rng.uniform(-1.3, 1.3, (3000, 2))
Y = (np.linalg.norm(X[:, None] - centres, axis=2) < radius).astype(int)
noisy = np.where(rng.random(Y.shape) < 0.02, 1 - Y, Y)
X_train, X_test, Y_train, Y_test = train_test_split(X, noisy, random_state=0)
for point, labels in zip(X_train[:4], Y_train[:4], strict=True):
    print(point.round(2), labels)

clf = BackpropClassifier(
    hidden_layer_sizes=(32, 32), learning_rate_init=0.01, tol=1e-3, random_state=0
)
clf.fit(X_train, Y_train)

# %%
# ``predict`` returns such a matrix too, and scikit-learn's metrics take it. ``score`` is strict: a
# row counts if all of its labels are right.
print(classification_report(Y_test, clf.predict(X_test), target_names=names, zero_division=0))
print(f"rows with all labels right: {clf.score(X_test, Y_test):.3f}")

# %%
# ``predict_proba`` has a column for each label. They don't add up to one: nothing keeps a point
# from lying in all of the discs. The dashed circles are the truth.
grid = np.linspace(-1.3, 1.3, 150)
plane = np.array(np.meshgrid(grid, grid)).reshape(2, -1).T
p = clf.predict_proba(plane).reshape(150, 150, 3)
fig, axes = plt.subplots(1, 4, figsize=(12, 3.5), sharey=True, layout="constrained")
for k, ax in enumerate(axes[:3]):
    image = ax.pcolormesh(grid, grid, p[:, :, k], cmap="cividis", vmin=0, vmax=1)
    ax.add_patch(plt.Circle(centres[k], radius, fill=False, ls="--", color="w", lw=1.5))
    ax.set(title=f'"{names[k]}"', aspect="equal")
fig.colorbar(image, ax=axes[:3], label="probability of the label", shrink=0.8)

labels = clf.predict(plane).sum(axis=1).reshape(150, 150)
image = axes[3].pcolormesh(grid, grid, labels, cmap=plt.get_cmap("viridis", 4), vmin=-0.5, vmax=3.5)
for centre in centres:
    axes[3].add_patch(plt.Circle(centre, radius, fill=False, ls="--", color="w", lw=1.5))
axes[3].set(title="all three", aspect="equal")
fig.colorbar(image, ax=axes[3], label="predicted labels of a point", ticks=range(4), shrink=0.8)
plt.show()
