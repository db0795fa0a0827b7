"""The private and version-dependent parts of scikit-learn that we can't do without.

Each entry says why it is used and since when it has been unchanged.
"""

import warnings
from inspect import signature
from typing import Any

from sklearn import config_context

# Rows of whatever scikit-learn takes: arrays, sparse matrices, frames. It is in the public
# reference in spite of the underscore. Unchanged from 1.6 to 1.9.
from sklearn.utils import _safe_indexing as safe_indexing

# The vocabulary of `_parameter_constraints` and the function that checks it: they give the same
# error messages as MLPClassifier. Private, but used by other third-party estimators as well. In
# scikit-learn since 1.2, unchanged from 1.6 to 1.9.
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
)

# Callbacks: public, but new in 1.9. `_init_callback_context` is documented there as the mixin's
# entry point for estimators. Before 1.9 a small part of it stands in.
try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:
    from skbackprop.estimators.callback_protocol import (
        CallbackSupportMixin,
        with_callbacks,
    )


def without_callbacks(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes of an estimator, but for those that set_callbacks and its `fit` set.

    Their names are private; these are all that scikit-learn 1.9 has.
    """
    theirs = {
        "_skl_callbacks",
        "_skl_callbacks_to_teardown",
        "_callback_fit_ctx",
        "_parent_callback_ctx",
    }
    return {name: value for name, value in attributes.items() if name not in theirs}


def callback_context(estimator: Any, max_subtasks: int | None, sequential: bool = True) -> Any:
    """The context of a call of `fit` for its callbacks; None if there are none.

    `_skl_callbacks` is where set_callbacks keeps them; there is no public way to ask.
    """
    if not getattr(estimator, "_skl_callbacks", None):
        return None
    return estimator._init_callback_context(
        max_subtasks=max_subtasks, sequential_subtasks=sequential
    )


def hook_arguments(estimator: Any, X: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
    """What every hook of a callback gets."""
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    return {"estimator": estimator, "X": X, "y": y, "metadata": metadata}


#: Of target_encoder.
N_FOLDS = 5


def target_encoder(target_type: str) -> Any:
    """A TargetEncoder that cuts the rows into the same folds every time.

    Since 1.9 that takes a splitter as `cv`, before it took a `random_state`.
    """
    from sklearn.model_selection import KFold  # slow to import, seldom needed
    from sklearn.preprocessing import TargetEncoder

    seed = signature(TargetEncoder).parameters.get("random_state")
    if seed is None or seed.default == "deprecated":
        return TargetEncoder(
            target_type=target_type, cv=KFold(N_FOLDS, shuffle=True, random_state=0)
        )
    return TargetEncoder(target_type=target_type, cv=N_FOLDS, random_state=0)


def cross_fitted(encoder: Any, X: Any, y: Any) -> Any:
    """fit_transform of a `target_encoder`, silent about classes of fewer rows than folds.

    Only before 1.9 does it stratify, and warn of them. With routing it fails without groups.
    """
    with config_context(enable_metadata_routing=False):
        if not isinstance(encoder.cv, int):
            return encoder.fit_transform(X, y)
        with warnings.catch_warnings():  # not where it isn't needed: threads share its filters
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            return encoder.fit_transform(X, y)


def metric_takes_sample_weight(scorer: Any) -> bool | None:
    """Whether the metric behind one of scikit-learn's scorers takes weights; None for others.

    A scorer takes any keyword and passes it on, so its own signature doesn't tell. `_score_func` is
    private. scikit-learn's own `_accept_sample_weight` reads it, from 1.6 to 1.9.
    """
    metric = getattr(scorer, "_score_func", None)
    return None if metric is None else "sample_weight" in signature(metric).parameters


__all__ = [
    "N_FOLDS",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "callback_context",
    "cross_fitted",
    "hook_arguments",
    "metric_takes_sample_weight",
    "safe_indexing",
    "target_encoder",
    "validate_parameter_constraints",
    "with_callbacks",
    "without_callbacks",
]
