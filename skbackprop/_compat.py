"""The private and version-dependent parts of scikit-learn that we can't do without.

Each entry says why it is used and since when it has stood there unchanged.
"""

# The vocabulary of `_parameter_constraints`, and the check that reads it. It's the way to the very
# messages that MLPClassifier gives. Private; third-party estimators use it as we do. In
# scikit-learn since 1.2, the same from 1.6 to 1.9.
from sklearn.utils._param_validation import (
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
)

__all__ = ["Interval", "Options", "StrOptions", "validate_parameter_constraints"]
