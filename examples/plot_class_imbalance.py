"""
Rare classes: weights, or a threshold
=====================================

One row in twenty is a case that must not be missed. A network that treats all rows alike misses
many of them, and has a high accuracy. There are two remedies: weigh the rare class more in
training, by ``class_weight``, or train as usual and move the threshold of the decision, by
``TunedThresholdClassifierCV``.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import confusion_matrix, make_scorer
from sklearn.model_selection import TunedThresholdClassifierCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

X, y = make_classification(
    n_samples=6000,
    n_features=12,
    n_informative=6,
    n_clusters_per_class=3,
    weights=[0.95],
    flip_y=0.01,
    class_sep=0.8,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"share of the rare class: {y.mean():.1%}")


# %%
# A missed case costs 20, a false alarm costs 1. The scorer is minus the mean cost of a row, as
# higher must be better.
def gain(y_true, y_pred):
    (_, false_alarms), (missed, _) = confusion_matrix(y_true, y_pred, labels=[0, 1])
    return -(20 * missed + false_alarms) / len(y_true)


def network(**parameters):
    return make_pipeline(
        StandardScaler(),
        BackpropClassifier(
            hidden_layer_sizes=(32,),
            learning_rate_init=0.01,
            alpha=1.0,
            tol=1e-3,
            n_iter_no_change=5,
            random_state=0,
            **parameters,
        ),
    )


# %%
# ``class_weight="balanced"`` weighs each class by one over its frequency. A dict takes the costs as
# they are.
plain = network().fit(X_train, y_train)
balanced = network(class_weight="balanced").fit(X_train, y_train)
by_cost = network(class_weight={0: 1, 1: 20}).fit(X_train, y_train)

# %%
# ``TunedThresholdClassifierCV`` leaves the network alone. It finds by cross-validation the
# probability from which an alarm pays. If the probabilities are right, that is where
# p * 20 > (1 - p) * 1: from 1/21 on.
tuned = TunedThresholdClassifierCV(
    network(), scoring=make_scorer(gain), cv=5, store_cv_results=True
)
tuned.fit(X_train, y_train)
print(f"best threshold: {tuned.best_threshold_:.3f}, 1/21 is {1 / 21:.3f}")

# %%
models = {
    "plain, threshold 1/2": plain,
    'class_weight="balanced"': balanced,
    "class_weight={0: 1, 1: 20}": by_cost,
    "plain, tuned threshold": tuned,
}
blue, orange = "#0072B2", "#E69F00"
fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.8), layout="constrained")
left.plot(tuned.cv_results_["thresholds"], -tuned.cv_results_["scores"], color=blue)
left.axvline(tuned.best_threshold_, color=orange, ls="--", label="best threshold")
left.axvline(0.5, color="0.5", ls=":", label="1/2")
left.set(
    xlabel="threshold",
    ylabel="mean cost of a row",
    title="Cross-validation of the plain network",
    ylim=0,
)
left.legend()

missed, alarms = [], []
for model in models.values():
    (_, false_alarms), (misses, _) = confusion_matrix(y_test, model.predict(X_test))
    missed.append(20 * misses / len(y_test))
    alarms.append(false_alarms / len(y_test))
rows = np.arange(len(models))
right.barh(rows, missed, color=orange, label="missed cases, 20 each")
right.barh(
    rows,
    alarms,
    left=missed,
    color=blue,
    hatch="//",
    edgecolor="w",
    label="false alarms",
)
right.set_yticks(rows, models)
right.invert_yaxis()
right.set(xlabel="mean cost of a row", title="Test rows", xlim=(0, 1.1))
fig.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2)
plt.show()

# %%
# Accuracy would have chosen the most expensive of them.
for name, model in models.items():
    print(
        f"{name:<27}accuracy {model.score(X_test, y_test):.3f}"
        f"   cost {-gain(y_test, model.predict(X_test)):.3f}"
    )
