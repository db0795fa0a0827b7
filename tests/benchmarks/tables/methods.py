"""Who learns: ours and others, each with its defaults and one thread."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skbackprop import TabularClassifier, TabularRegressor


class Method(NamedTuple):
    """How a classifier and a regressor are made from a seed, and the package they need."""

    classifier: Callable[[int], Any]
    regressor: Callable[[int], Any]
    package: str = "sklearn"

    def make(self, seed: int, classes: bool) -> Any:
        """The one that the targets need."""
        return (self.classifier if classes else self.regressor)(seed)

    @property
    def is_installed(self) -> bool:
        return find_spec(self.package) is not None


def scaled() -> Any:
    """Numbers standardised, categories as columns of 0 and 1."""
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    categories = make_column_selector(dtype_include="category")
    return make_column_transformer((one_hot, categories), remainder=StandardScaler())


def _mlp_classifier(seed: int) -> Any:
    return Prepared(MLPClassifier(random_state=seed))


def _mlp_regressor(seed: int) -> Any:
    network = make_pipeline(StandardScaler(), MLPRegressor(random_state=seed))
    return TransformedTargetRegressor(network, transformer=StandardScaler())


class Prepared:
    """A classifier of numbers, given `scaled` columns."""

    def __init__(self, classifier: Any) -> None:
        self.classifier = classifier

    def fit(self, X: Any, y: Any) -> Any:
        first = scaled() if hasattr(X, "columns") else StandardScaler()
        self.pipeline = make_pipeline(first, self.classifier).fit(X, y)
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.pipeline.predict_proba(X)


def _realmlp(name: str) -> Callable[[int], Any]:
    def make(seed: int) -> Any:
        import pytabkit

        return getattr(pytabkit, name)(random_state=seed, n_threads=1, device="cpu")

    return make


class CatBoost:
    """CatBoost, told which columns hold categories; missing ones are a category of their own."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.seed = name, seed

    def _plain(self, X: Any) -> Any:
        if not hasattr(X, "columns"):
            return X
        X = X.copy()
        for name in self.categories:
            X[name] = X[name].astype(object).fillna("missing").astype(str)
        return X

    def fit(self, X: Any, y: Any) -> Any:
        import catboost

        kinds = getattr(X, "dtypes", {})
        self.categories = [name for name in dict(kinds) if kinds[name].kind not in "iuf"]
        self.model = getattr(catboost, self.name)(
            random_seed=self.seed,
            thread_count=1,
            verbose=0,
            allow_writing_files=False,
            cat_features=self.categories or None,
        )
        self.model.fit(self._plain(X), y)
        return self

    def predict(self, X: Any) -> Any:
        return self.model.predict(self._plain(X))

    def predict_proba(self, X: Any) -> Any:
        return self.model.predict_proba(self._plain(X))


def _lightgbm(name: str) -> Callable[[int], Any]:
    def make(seed: int) -> Any:
        import lightgbm

        return getattr(lightgbm, name)(random_state=seed, n_jobs=1, verbose=-1)

    return make


OURS, TWO_JOBS = "ours", "ours, n_jobs=2"
METHODS: dict[str, Method] = {
    OURS: Method(
        lambda seed: TabularClassifier(random_state=seed),
        lambda seed: TabularRegressor(random_state=seed),
    ),
    TWO_JOBS: Method(
        lambda seed: TabularClassifier(random_state=seed, n_jobs=2),
        lambda seed: TabularRegressor(random_state=seed, n_jobs=2),
    ),
    "MLP, scaled": Method(_mlp_classifier, _mlp_regressor),
    "HistGradientBoosting": Method(
        lambda seed: HistGradientBoostingClassifier(random_state=seed),
        lambda seed: HistGradientBoostingRegressor(random_state=seed),
    ),
    "RandomForest": Method(
        lambda seed: RandomForestClassifier(random_state=seed),
        lambda seed: RandomForestRegressor(random_state=seed),
    ),
    "LightGBM": Method(_lightgbm("LGBMClassifier"), _lightgbm("LGBMRegressor"), "lightgbm"),
    "CatBoost": Method(
        lambda seed: CatBoost("CatBoostClassifier", seed),
        lambda seed: CatBoost("CatBoostRegressor", seed),
        "catboost",
    ),
    "RealMLP-TD-S": Method(
        _realmlp("RealMLP_TD_S_Classifier"), _realmlp("RealMLP_TD_S_Regressor"), "pytabkit"
    ),
    "RealMLP-TD": Method(
        _realmlp("RealMLP_TD_Classifier"), _realmlp("RealMLP_TD_Regressor"), "pytabkit"
    ),
}
#: Takes minutes a table.
SLOW = ["RealMLP-TD"]
#: Who is shown where. RandomForest takes neither strings nor missing values.
TAKE_CATEGORIES = [OURS, "HistGradientBoosting", "LightGBM", "CatBoost", "RealMLP-TD-S"]
METHODS_OF = {
    "classes": [name for name in METHODS if name not in SLOW],
    "declared": ["MLP, scaled", *TAKE_CATEGORIES[1:]],
    "numbers": [name for name in METHODS if name not in [*SLOW, TWO_JOBS]],
    "strings": TAKE_CATEGORIES,
    "growth": [OURS, "MLP, scaled", "HistGradientBoosting"],
}


def categories_as(train: Any, test: Any) -> tuple[Any, Any]:
    """Columns of strings as categories, the same ones in both, as trees want them."""
    train, test = train.copy(), test.copy()
    for name in train:
        if train[name].dtype.kind not in "iuf" and train[name].dtype != "category":
            train[name] = train[name].astype("category")
            known = test[name].where(test[name].isin(train[name].cat.categories))
            test[name] = known.astype(train[name].dtype)
    return train, test
