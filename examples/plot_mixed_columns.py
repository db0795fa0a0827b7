"""
Mixed columns: one pipeline, one search
=======================================

Real tables have numbers, categories and gaps. ``ColumnTransformer`` prepares them column by
column, and the network is the last step of the ``Pipeline``. ``GridSearchCV`` then tunes the
preparation and the network together.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.optimizers import AdamW

# %%
# The table is made up: 4,000 deliveries in a city, and whether each came late. Bikes are slow over
# long distances, vans are slow in the rush hour, rain slows all but the vans. So what matters is
# how columns act together. Some weights are missing.


def minutes(t):
    """The rule behind the table."""
    rush_hour = np.exp(-(((t.hour - 8) / 1.5) ** 2)) + np.exp(-(((t.hour - 17) / 1.5) ** 2))
    bike, van = t.vehicle == "bike", t.vehicle == "van"
    way = t.distance_km * np.where(bike, 4.5, 2.5)
    weather = 10 * (t.weather != "dry") * ~van + 15 * (t.weather == "snow")
    return way + 0.8 * t.weight_kg * bike + 25 * rush_hour * van + weather


rng = np.random.default_rng(0)
n = 4000
table = pd.DataFrame(
    {
        "distance_km": rng.gamma(4, 1.5, n),
        "weight_kg": rng.gamma(2, 2, n),
        "hour": rng.uniform(7, 20, n),
        "vehicle": rng.choice(["bike", "scooter", "van"], n),
        "weather": rng.choice(["dry", "rain", "snow"], n, p=[0.6, 0.3, 0.1]),
    }
)
late = minutes(table) + rng.normal(0, 5, n) > 28
table.loc[rng.random(n) < 0.1, "weight_kg"] = np.nan
X_train, X_test, y_train, y_test = train_test_split(table, late, stratify=late, random_state=0)
print(X_train.head(4).to_string())
print(f"late: {late.mean():.0%}")

# %%
# Numbers: fill the gaps, then scale. Categories: one column of zeros and ones for each, and all
# zeros for a category that appears after training.
prepare = ColumnTransformer(
    [
        (
            "numbers",
            make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()),
            ["distance_km", "weight_kg", "hour"],
        ),
        ("categories", OneHotEncoder(handle_unknown="ignore"), ["vehicle", "weather"]),
    ]
)
pipeline = make_pipeline(
    prepare,
    BackpropClassifier(
        solver=AdamW(),
        alpha=0,
        learning_rate_init=0.01,
        tol=1e-3,
        n_iter_no_change=5,
        random_state=0,
    ),
)
pipeline

# %%
# A name with ``__`` reaches into the steps, down to the weight decay of the solver.
search = GridSearchCV(
    pipeline,
    {
        "columntransformer__numbers__simpleimputer__strategy": ["mean", "median"],
        "backpropclassifier__hidden_layer_sizes": [(8,), (32,), (32, 32)],
        "backpropclassifier__solver__weight_decay": [0.01, 0.1, 1.0],
    },
    scoring="roc_auc",
    cv=3,
)
search.fit(X_train, y_train)
for name, value in search.best_params_.items():
    print(f"{name.split('__', 1)[1]} = {value}")

# %%
# Mean and median differ by less than the folds do, so the picture keeps to the better one. The bars
# are the spread over the folds.
results = pd.DataFrame(search.cv_results_)
strategy = "param_columntransformer__numbers__simpleimputer__strategy"
results = results[results[strategy] == search.best_params_[strategy.removeprefix("param_")]]
fig, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
looks = [("#0072B2", "o"), ("#E69F00", "s"), ("#CC79A7", "^")]
for i, sizes in enumerate([(8,), (32,), (32, 32)]):
    rows = results[
        [tried == sizes for tried in results["param_backpropclassifier__hidden_layer_sizes"]]
    ]
    ax.errorbar(
        np.arange(3) + 0.08 * (i - 1),
        rows["mean_test_score"],
        rows["std_test_score"],
        color=looks[i][0],
        fmt=looks[i][1],
        capsize=3,
        label=f"hidden layers {sizes}",
    )
ax.set_xticks(range(3), [0.01, 0.1, 1.0])
ax.set(xlabel="weight decay", ylabel="ROC AUC", title="Cross-validation")
ax.legend()
plt.show()

# %%
# A linear model can't say "vans, but only in the rush hour". Same preparation, other last step:
linear = make_pipeline(prepare, LogisticRegression()).fit(X_train, y_train)
print(f"accuracy on the test rows, logistic regression: {linear.score(X_test, y_test):.3f}")
network = search.best_estimator_
print(f"accuracy on the test rows, network: {network.score(X_test, y_test):.3f}")

# %%
# And here it is in a picture: the predicted probability of being late, hour by hour, for a parcel
# of 4 kg and 6 km in dry weather. On the right is the truth, which only a made-up table can tell.
hours = np.linspace(7, 20, 131)
fig, axes = plt.subplots(1, 3, figsize=(10.5, 3.4), sharey=True, layout="constrained")
for i, vehicle in enumerate(["bike", "scooter", "van"]):
    day = pd.DataFrame(
        {
            "distance_km": 6.0,
            "weight_kg": 4.0,
            "hour": hours,
            "vehicle": vehicle,
            "weather": "dry",
        }
    )
    look = {"color": looks[i][0], "ls": ["-", "--", ":"][i], "lw": 2, "label": vehicle}
    axes[0].plot(hours, linear.predict_proba(day)[:, 1], **look)
    axes[1].plot(hours, network.predict_proba(day)[:, 1], **look)
    axes[2].plot(hours, norm.cdf((minutes(day) - 28) / 5), **look)
for ax, title in zip(axes, ["logistic regression", "network", "the rule"], strict=True):
    ax.set(
        title=title,
        xlabel="hour of the day",
        ylim=(-0.02, 1.02),
        xticks=range(8, 21, 4),
    )
axes[0].set_ylabel("probability of being late")
axes[0].legend()
plt.show()
