"""Which features matter, and how: permutation importance and partial dependence."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

BLUE, ORANGE = "#0072B2", "#D55E00"  # of Okabe and Ito's colours, which all can tell apart

warnings.simplefilter("ignore", ConvergenceWarning)
X, progress = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X_train, X_test, y_train, y_test = train_test_split(X, progress > progress.median(), random_state=0)
clf = make_pipeline(
    StandardScaler(),
    BackpropClassifier((20,), alpha=10.0, learning_rate_init=0.01, random_state=0),
).fit(X_train, y_train)


def draw():
    """Three panels."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.7), layout="constrained")
    figure.get_layout_engine().set(wspace=0.06)
    found = permutation_importance(
        clf, X_test, y_test, scoring="neg_log_loss", n_repeats=10, random_state=0
    )
    order = np.argsort(found.importances_mean)
    mean, std = found.importances_mean[order], found.importances_std[order]
    axes[0].errorbar(mean, range(10), xerr=std, fmt="o", color=BLUE, ecolor="0.6")
    axes[0].set_yticks(range(10), X.columns[order])
    axes[0].axvline(0, color="0.5", lw=1)
    axes[0].set(xlabel="rise of the log loss", title="Importance")
    display = PartialDependenceDisplay.from_estimator(
        clf,
        X_test,
        ["bmi", "s5"],
        kind="both",
        ax=axes[1:],
        ice_lines_kw={"color": BLUE, "alpha": 0.2, "lw": 0.7},
        pd_line_kw={"color": ORANGE, "lw": 3, "ls": "-"},
    )
    for ax in display.axes_.flat:
        ax.set(ylim=(0, 1), ylabel="")
        ax.get_legend().remove()
    display.axes_.flat[0].set_ylabel("probability of getting worse")
    display.axes_.flat[0].set_title("Partial dependence: bmi")
    display.axes_.flat[1].set_title("Partial dependence: s5")


draw()
