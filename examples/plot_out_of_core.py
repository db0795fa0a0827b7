"""
More data than memory: partial_fit over a mapped file
=====================================================

A table on disk need not fit into memory. ``np.memmap`` makes the file look like an array and reads
the rows that are asked for. ``partial_fit`` learns from a few thousand of them at a time.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

# %%
# The file: 150,000 rows in float32. The class of a row is the largest of three quadratic scores.
# The columns have different units, as in real life. We write the file piece by piece, so that it is
# never in memory as a whole.
n_rows, n_features, chunk = 150_000, 20, 5_000
rng = np.random.default_rng(0)
units = 10.0 ** rng.integers(-2, 3, n_features)
A, B = rng.normal(size=(2, n_features, 3))


def draw(n):
    X = rng.normal(size=(n, n_features))
    return (X * units).astype(np.float32), np.argmax(X @ A + 0.7 * (X**2 - 1) @ B, axis=1)


folder = tempfile.TemporaryDirectory()
path = Path(folder.name)
X = np.memmap(path / "X.dat", np.float32, "w+", shape=(n_rows, n_features))
y = np.memmap(path / "y.dat", np.int8, "w+", shape=(n_rows,))
for start in range(0, n_rows, chunk):
    X[start : start + chunk], y[start : start + chunk] = draw(chunk)
X.flush(), y.flush()
X_test, y_test = draw(4_000)
print(f"file: {X.nbytes / 1e6:.0f} MB, a chunk: {X[:chunk].nbytes / 1e6:.1f} MB")

# %%
# Reading it. The scaler learns in a pass of its own; it has a ``partial_fit`` too.
X = np.memmap(path / "X.dat", np.float32, "r", shape=(n_rows, n_features))
y = np.memmap(path / "y.dat", np.int8, "r", shape=(n_rows,))
starts = range(0, n_rows, chunk)
scaler = StandardScaler()
for start in starts:
    scaler.partial_fit(X[start : start + chunk])

# %%
# Each call of ``partial_fit`` goes once over its chunk, in minibatches. The first call must name
# all classes. The optimizer's state is kept from call to call, so this is one long training. We go
# over the file twice and look at the test rows after each chunk.
clf = BackpropClassifier(hidden_layer_sizes=(64,), learning_rate_init=0.003, random_state=0)
X_test = scaler.transform(X_test)
seen, accuracy = [], []
for _ in range(2):
    for start in starts:
        rows = slice(start, start + chunk)
        clf.partial_fit(scaler.transform(X[rows]), y[rows], classes=[0, 1, 2])
        seen.append(clf.t_)
        accuracy.append(accuracy_score(y_test, clf.predict(X_test)))
print(f"rows seen: {clf.t_:,}, dtype of the weights: {clf.coefs_[0].dtype}")

# %%
# For comparison, the same network with what would fit into a small memory: the first chunk alone,
# repeated until the network has seen as many rows.
small = BackpropClassifier(**clf.get_params(deep=False))
X_chunk = scaler.transform(X[:chunk])
small_accuracy = []
for _ in seen:
    small.partial_fit(X_chunk, y[:chunk], classes=[0, 1, 2])
    small_accuracy.append(accuracy_score(y_test, small.predict(X_test)))

fig, ax = plt.subplots(figsize=(6.6, 3.8), layout="constrained")
thousands = np.array(seen) / 1000
ax.plot(thousands, accuracy, color="#0072B2", label="chunk after chunk of the file")
ax.plot(
    thousands,
    small_accuracy,
    color="#E69F00",
    ls="--",
    label="the first chunk, again and again",
)
ax.axvline(n_rows / 1000, color="0.6", lw=1)
ax.annotate("second pass", (n_rows / 1000, 0.8), (5, 0), textcoords="offset points", color="0.3")
ax.set(
    xlabel="rows seen, in thousands",
    ylabel="accuracy on 4,000 test rows",
    title="Fresh rows beat repeated ones",
)
ax.legend(loc="lower right")
plt.show()

# %%
# On Windows a mapped file can't be deleted, so we let go of it first.
del X, y
folder.cleanup()
