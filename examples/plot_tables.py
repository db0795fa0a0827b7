"""
A table as it is
================

Strings, dates, gaps: ``TabularClassifier`` takes the data frame without any preparation. Its five
networks give a score before there is a test, probabilities that can be believed, and a measure of
doubt.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.calibration import CalibrationDisplay
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skbackprop import TabularClassifier

# %%
# The table is made up: 4,000 deliveries, and whether each came late. Bikes are slow over long
# distances, vans in the rush hour, rain slows all but the vans, and in December everything is
# slower. A tenth of the weights is missing, and of the weather too.
rng = np.random.default_rng(0)
n = 4000
day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 366, n), unit="D")
table = pd.DataFrame(
    {
        "day": day,
        "hour": rng.uniform(7, 20, n),
        "vehicle": rng.choice(["bike", "scooter", "van"], n),
        "weather": rng.choice(["dry", "rain", "snow"], n, p=[0.6, 0.3, 0.1]),
        "distance_km": rng.gamma(4, 1.5, n),
        "weight_kg": rng.gamma(2, 2, n),
        "stairs": rng.integers(0, 6, n),
    }
)
hour, bike, van = table["hour"], table["vehicle"] == "bike", table["vehicle"] == "van"
rush_hour = np.exp(-(((hour - 8) / 1.5) ** 2)) + np.exp(-(((hour - 17) / 1.5) ** 2))
minutes = (
    table["distance_km"] * np.where(bike, 4.5, 2.5)
    + 0.8 * table["weight_kg"] * bike
    + 25 * rush_hour * van
    + 10 * (table["weather"] != "dry") * ~van
    + 8 * (table["day"] >= "2024-12-01")
)
late = np.where(minutes + rng.normal(0, 5, n) > 28, "late", "in time")
table.loc[rng.random(n) < 0.1, "weight_kg"] = np.nan
table.loc[rng.random(n) < 0.1, "weather"] = None
X_train, X_test, y_train, y_test = train_test_split(table, late, random_state=0)
print(X_train.head(4).to_string())

# %%
# Nothing is scaled, filled or encoded, and nothing is set but the seed.
clf = TabularClassifier(random_state=0).fit(X_train, y_train)
clf

# %%
# Each network leaves a fifth of the rows out and predicts them. That gives a score without a test;
# it is slightly optimistic, as the same rows choose the epoch.
print(f"accuracy on the rows left out: {clf.oof_score_:.3f}")
print(f"accuracy on the test rows:     {clf.score(X_test, y_test):.3f}")

# %%
# Boosted trees need the strings as categories and the date as a number. On this table they do as
# well.


def for_trees(X):
    """What HistGradientBoostingClassifier takes."""
    X = X.assign(day=X["day"].dt.day_of_year)
    return X.astype({"vehicle": "category", "weather": "category"})


trees = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
trees.fit(for_trees(X_train), y_train)
for name, p in (
    ("networks", clf.predict_proba(X_test)),
    ("boosted trees", trees.predict_proba(for_trees(X_test))),
):
    right = clf.classes_[p.argmax(axis=1)] == y_test
    print(f"{name}: accuracy {right.mean():.3f}, log-loss {log_loss(y_test, p):.3f}")

# %%
# On the left, what share of deliveries was late among those with a similar predicted probability:
# on the diagonal, probabilities are what they say. On the right, the share of errors grows with the
# spread of the five networks: where they disagree, one should look twice.
p, std = clf.predict_proba(X_test, return_std=True)
late_column = list(clf.classes_).index("late")
blue, orange = "#0072B2", "#E69F00"
fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
of_trees = trees.predict_proba(for_trees(X_test))
for name, values, color in (("networks", p, blue), ("boosted trees", of_trees, orange)):
    curve = {"name": name, "color": color, "ax": axes[0]}
    late_p = values[:, late_column]
    CalibrationDisplay.from_predictions(y_test, late_p, pos_label="late", n_bins=8, **curve)
axes[0].set(xlabel="predicted probability of being late", ylabel="share that was late")
axes[0].set_title("Calibration")

wrong = clf.predict(X_test) != y_test
fifths = np.array_split(np.argsort(std[:, late_column]), 5)
axes[1].bar(range(5), [wrong[rows].mean() for rows in fifths], color=blue)
axes[1].set_xticks(range(5), [f"{std[rows, late_column].mean():.3f}" for rows in fifths])
axes[1].set(xlabel="spread of the networks, in fifths of the rows", ylabel="share of errors")
axes[1].set_title("Doubt")
plt.show()

# %%
# Both pictures explain the model by the table's own columns: what shuffling a column costs, and
# what is predicted on average if all deliveries were made at the same hour.
found = permutation_importance(clf, X_test, y_test, n_repeats=3, random_state=0)
order = np.argsort(found.importances_mean)
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
axes[0].barh(X_test.columns[order], found.importances_mean[order], color=blue)
axes[0].set(xlabel="accuracy lost when the column is shuffled", title="Importance")
hours = np.linspace(7, 20, 27)
looks = {"bike": (blue, "-"), "scooter": (orange, "--"), "van": ("#CC79A7", ":")}
for vehicle, rows in X_test.groupby("vehicle"):
    curve = [clf.predict_proba(rows.assign(hour=h))[:, late_column].mean() for h in hours]
    color, style = looks[vehicle]
    axes[1].plot(hours, curve, color=color, ls=style, lw=2, label=vehicle)
axes[1].set(xlabel="hour of the day", ylabel="mean probability of being late", title="Effect")
axes[1].set(xticks=range(8, 21, 4), ylim=(0, 1.2))
axes[1].legend(ncols=3, loc="upper center")
plt.show()
