"""Tables: TabularClassifier and TabularRegressor beside other estimators, on the same rows."""

from tests.benchmarks.tables.command import main

__all__ = ["main"]
