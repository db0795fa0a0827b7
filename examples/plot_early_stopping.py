"""
Early stopping on a metric of choice
====================================

A network that trains for long enough learns the noise too. Early stopping watches samples that are
not trained on, and ends with the weights of the best epoch. What "best" means is yours to say: by
``scoring``, any scorer of scikit-learn, or the validation loss.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier

X, y = make_classification(
    n_samples=6000,
    n_features=20,
    n_informative=8,
    n_clusters_per_class=4,
    weights=[0.9],
    flip_y=0.02,
    random_state=0,
)
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y, train_size=2000, stratify=y, random_state=0
)
X_val, X_test, y_val, y_test = train_test_split(
    X_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=0
)

# %%
# First without stopping. ``fit`` takes validation samples of our own, ``X_val`` and ``y_val``, and
# ``history_`` tells how the network did on them after each epoch. With ``n_iter_no_change=inf`` it
# trains for all of ``max_iter``, and we switch off the warning about that.
warnings.simplefilter("ignore", ConvergenceWarning)
free = BackpropClassifier(
    hidden_layer_sizes=(100,),
    learning_rate_init=0.003,
    scoring="average_precision",
    max_iter=150,
    n_iter_no_change=np.inf,
    random_state=0,
)
free.fit(X_train, y_train, X_val=X_val, y_val=y_val)

# %%
# Now with it, twice: by average precision, and by the validation loss. Training ends when 20 epochs
# in a row bring no improvement.
stopped = {}
for scoring in ["average_precision", "loss"]:
    stopped[scoring] = BackpropClassifier(**free.get_params(deep=False))
    stopped[scoring].set_params(
        early_stopping=True, scoring=scoring, n_iter_no_change=20, tol=0, max_iter=1000
    )
    stopped[scoring].fit(X_train, y_train, X_val=X_val, y_val=y_val)

# %%
# The training loss falls and falls, while the validation loss turns. Average precision rates the
# ranking of the samples alone. That goes on getting better for some epochs after the probabilities
# have begun to be too sure.
blue, orange = "#0072B2", "#E69F00"
history, epochs = free.history_, np.arange(1, free.n_iter_ + 1)
losses, scores = history["validation_loss"], history["validation_score"]
fig, (top, bottom) = plt.subplots(2, 1, figsize=(7, 6), sharex=True, layout="constrained")
top.plot(epochs, history["data_loss"], color="0.45", ls=":", lw=2, label="training")
top.plot(epochs, losses, color=blue, label="validation")
best = np.argmin(losses)
top.plot(
    epochs[best],
    losses[best],
    "o",
    color=blue,
    mec="k",
    label=f"best: epoch {epochs[best]}",
)
top.set(ylabel="cross-entropy", title="Loss", ylim=0)
bottom.plot(epochs, scores, color=orange, label="validation")
best = np.argmax(scores)
bottom.plot(
    epochs[best],
    scores[best],
    "o",
    color=orange,
    mec="k",
    label=f"best: epoch {epochs[best]}",
)
bottom.set(xlabel="epoch", ylabel="average precision", title="Average precision")
top.legend()
bottom.legend()
plt.show()

# %%
# The test samples have had no part in this. Stopping at all matters more here than the choice of
# metric.
print(f"{'':<31}epochs   average precision   log loss")
for name, clf in [
    ("no stopping", free),
    *((f"stopped by {s}", c) for s, c in stopped.items()),
]:
    p = clf.predict_proba(X_test)[:, 1]
    precision = average_precision_score(y_test, p)
    print(f"{name:<31}{clf.n_iter_:>6}{precision:>20.3f}{log_loss(y_test, p):>11.3f}")

# %%
# Without samples of your own, ``early_stopping=True`` sets a part of X aside:
# ``validation_fraction``, a tenth by default.
own_part = BackpropClassifier(early_stopping=True, scoring="loss", random_state=0)
own_part.fit(X_train, y_train)
print(f"epochs: {own_part.n_iter_}, lowest validation loss: {-own_part.best_validation_score_:.3f}")
