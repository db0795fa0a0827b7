"""
MLPClassifier and BackpropClassifier side by side
=================================================

The same parameters, the same seed, and so the same network: only the time differs. In most scripts
the change is one line, the import.
"""

import warnings
from statistics import median
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)

# %%
# **Same numbers.** Equal up to rounding, which adds up a little over the epochs.
parameters = {"hidden_layer_sizes": (50,), "tol": 1e-3, "random_state": 0}
theirs = MLPClassifier(**parameters).fit(X_train, y_train)
ours = BackpropClassifier(**parameters).fit(X_train, y_train)
print(f"epochs: {theirs.n_iter_} and {ours.n_iter_}")
loss_gap = max(abs(a - b) for a, b in zip(theirs.loss_curve_, ours.loss_curve_, strict=True))
coef_gap = max(abs(v - w).max() for v, w in zip(theirs.coefs_, ours.coefs_, strict=True))
print(f"largest difference of a loss: {loss_gap:.0e}, of a weight: {coef_gap:.0e}")
same = np.array_equal(theirs.predict(X_test), ours.predict(X_test))
print(f"equal predictions for all {len(X_test)} test images: {same}")

# %%
# **Less time.** The two take turns three times, and we take the medians: a computer that is busy
# with something else slows both. ``tol=0`` makes both of them go through all ten epochs. BLAS has
# one thread: several get in each other's way on products as small as these, and MLPClassifier
# would be slower still. BackpropClassifier takes care of that by itself.
cases = {
    "adam, (50,)": {"hidden_layer_sizes": (50,), "max_iter": 10},
    "adam, (100, 100)": {"hidden_layer_sizes": (100, 100), "max_iter": 10},
    "adam, (50,), float32": {"hidden_layer_sizes": (50,), "max_iter": 10},
    "sgd, (50,)": {"hidden_layer_sizes": (50,), "solver": "sgd", "max_iter": 10},
    "lbfgs, (50,)": {"hidden_layer_sizes": (50,), "solver": "lbfgs", "max_iter": 10},
}
warnings.simplefilter("ignore", ConvergenceWarning)  # ten epochs are enough for a clock
seconds = {"MLPClassifier": [], "BackpropClassifier": []}
for name, case in cases.items():
    data = X_train.astype(np.float32 if "float32" in name else np.float64)
    times = {"MLPClassifier": [], "BackpropClassifier": []}
    for _ in range(3):
        for Classifier in [MLPClassifier, BackpropClassifier]:
            clf = Classifier(**case, tol=0, random_state=0)
            start = perf_counter()
            with threadpool_limits(1):
                clf.fit(data, y_train)
            times[Classifier.__name__].append(perf_counter() - start)
    for who in times:
        seconds[who].append(median(times[who]))

# %%
# The times are those of the computer that ran this script.
blue, orange = "#0072B2", "#E69F00"
fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.8), layout="constrained")
left.plot(theirs.loss_curve_, color=orange, lw=5, label="MLPClassifier")
left.plot(ours.loss_curve_, color=blue, lw=1.5, label="BackpropClassifier")
left.set(xlabel="epoch", ylabel="training loss", title="Same numbers", yscale="log")
left.legend()

rows = np.arange(len(cases))
for shift, who, color, hatch in [
    (-0.2, "MLPClassifier", orange, "//"),
    (0.2, "BackpropClassifier", blue, ""),
]:
    bars = right.barh(
        rows + shift,
        1000 * np.array(seconds[who]),
        0.38,
        color=color,
        hatch=hatch,
        edgecolor="w",
        label=who,
    )
ratios = np.divide(*seconds.values())
right.bar_label(bars, [f"{r:.1f} times as fast" for r in ratios], padding=4)
right.set_yticks(rows, cases)
right.invert_yaxis()
right.margins(x=0.1)
right.set(xlabel="milliseconds for ten epochs or iterations", title="Less time")
right.legend(loc="lower right")
plt.show()
