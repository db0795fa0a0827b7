"""
Early stopping that doesn't leak between groups
===============================================

Ten visits of a patient look alike. If some of them are trained on and others validate, the network
is praised for recognising the patient, and early stopping waits for more of it.
``validation_split`` keeps each patient on one side.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

# %%
# 60 patients with ten visits each. A patient has features of their own, to which a visit adds a
# little. Who is ill depends on the first two features, and on much that we don't measure.
rng = np.random.default_rng(0)


def visits(n_patients):
    own = rng.standard_normal((n_patients, 20))
    ill = 1.5 * own[:, 0] + 1.5 * own[:, 1] + 1.5 * rng.standard_normal(n_patients) > 0
    patient = np.repeat(np.arange(n_patients), 10)
    return own[patient] + 0.3 * rng.standard_normal((len(patient), 20)), ill[patient], patient


X, y, patient = visits(60)
X_new, y_new, _ = visits(2000)  # the patients of next year

# %%
# The same network twice. The first sets a fifth of the visits aside at random, so nearly every
# patient is on both sides. The second sets a fifth of the patients aside: ``GroupShuffleSplit``
# takes their numbers, the ``groups`` of ``fit``. Both train for all 60 epochs here, so that the
# curves can be seen. A callable scores the new patients, too.
warnings.simplefilter("ignore", ConvergenceWarning)
settings = {
    "hidden_layer_sizes": (100,),
    "early_stopping": True,
    "n_iter_no_change": np.inf,
    "max_iter": 60,
    "random_state": 0,
}


def score(clf, X, y):
    """Minus the log loss."""
    return np.mean(clf.predict_log_proba(X)[np.arange(len(y)), y * 1])


def trained(truth, groups=None, **params):
    def scorer(clf, X, y):
        truth.append(score(clf, X_new, y_new))
        return score(clf, X, y)

    return BackpropClassifier(**settings, scoring=scorer, **params).fit(X, y, groups=groups)


true_random, true_groups = [], []
at_random = trained(true_random, validation_fraction=0.2)
by_groups = trained(
    true_groups, groups=patient, validation_split=GroupShuffleSplit(n_splits=1, test_size=0.2)
)

# %%
# What early stopping sees, and what is true. With visits at random the validation loss is still
# falling after 60 epochs, while new patients fare worse and worse. With whole patients it turns
# where the truth does.
blue, orange = "#0072B2", "#E69F00"
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for ax, clf, truth, title in [
    (axes[0], at_random, true_random, "visits at random"),
    (axes[1], by_groups, true_groups, "whole patients"),
]:
    epochs = np.arange(1, 61)
    seen = -np.array(clf.validation_scores_)
    ax.plot(epochs, seen, color=blue, label="validation")
    ax.plot(epochs, -np.array(truth), color=orange, label="new patients")
    best = int(np.argmin(seen))
    ax.plot(epochs[best], -truth[best], "o", color=orange, mec="k", label="the epoch it keeps")
    ax.set(title=title, xlabel="epoch")
axes[0].set(ylabel="log loss")
axes[0].legend()
plt.show()

# %%
for name, clf, truth in [
    ("visits at random", at_random, true_random),
    ("whole patients", by_groups, true_groups),
]:
    best = int(np.argmax(clf.validation_scores_))
    print(
        f"{name:<17} epoch {best + 1:>2}: validation {-clf.validation_scores_[best]:.3f},"
        f" new patients {-truth[best]:.3f}"
    )

# %%
# In a Pipeline or a search the groups reach the network by metadata routing; ``fit`` asks for them
# by default. ``GroupKFold`` outside and ``GroupShuffleSplit`` inside: each patient is on one side
# only, everywhere.
network = BackpropClassifier(
    early_stopping=True,
    scoring="loss",
    validation_split=GroupShuffleSplit(n_splits=1),
    random_state=0,
)
with config_context(enable_metadata_routing=True):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), network),
        {"backpropclassifier__alpha": [1e-4, 1.0, 10.0]},
        scoring="neg_log_loss",
        cv=GroupKFold(n_splits=4),
    ).fit(X, y, groups=patient)
print(search.best_params_)
print(f"log loss, new patients: {-search.score(X_new, y_new):.3f}")
