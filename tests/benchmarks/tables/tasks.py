"""What is learned: tables with classes or numbers as targets, and how many rows to train on.

Real tables are read from ../shared/data where that is present. Those of scikit-learn are always
there.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_friedman1,
    make_friedman2,
    make_friedman3,
)
from sklearn.model_selection import train_test_split

DATA = Path(__file__).parents[4] / "shared" / "data"
#: Rows to test on, at most.
TEST = 5_000
#: Columns of whole numbers with so many distinct values may be codes.
CODES = range(3, 11)


@dataclass(frozen=True)
class Task:
    """A table, its target, and the rows to train on; `test` are rows that come apart."""

    name: str
    X: Any
    y: np.ndarray
    rows: int
    test: tuple[Any, np.ndarray] | None = None

    def split(self, seed: int, classes: bool) -> list[Any]:
        """X_train, X_test, y_train, y_test; stratified if the targets are classes."""
        n, few = len(self.y), min(self.rows, int(0.75 * len(self.y)))
        if self.test is not None:
            few = min(self.rows, n)
            if few == n:
                return [self.X, self.test[0], self.y, self.test[1]]
        parts = train_test_split(
            self.X,
            self.y,
            train_size=few,
            test_size=min(n - few, TEST),
            random_state=seed,
            stratify=self.y if classes else None,
        )
        if self.test is not None:
            parts[1], parts[3] = self.test
        return list(parts)


def read(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Columns and target of a real table."""
    frame = pd.read_csv(DATA / "tabular" / f"{name}.tsv.gz", sep="\t")
    target = frame.pop("target").to_numpy()
    return frame.to_numpy(float), target


def classes(rows: int) -> Iterator[Task]:
    """Tables of numbers with classes."""
    for path in sorted((DATA / "tabular").glob("*.tsv.gz")):
        name = path.name.removesuffix(".tsv.gz")
        X, y = read(name)
        yield Task(name, X, np.unique(y, return_inverse=True)[1], rows)
    for load in (load_breast_cancer, load_digits, load_wine, load_iris):
        yield Task(load.__name__.removeprefix("load_"), *load(return_X_y=True), rows)


def declared(rows: int) -> Iterator[Task]:
    """The same, with columns that may be codes declared as categories."""
    for task in classes(rows):
        frame = pd.DataFrame(task.X, columns=[f"x{j}" for j in range(task.X.shape[1])])
        codes = [name for name in frame if may_be_codes(frame[name])]
        if codes:
            for name in codes:
                frame[name] = frame[name].astype(int).astype("category")
            yield Task(task.name, frame, task.y, rows)


def may_be_codes(x: Any) -> bool:
    """Whether a column holds few distinct numbers, all of them whole."""
    return len(np.unique(x)) in CODES and bool(np.all(x == np.round(x)))


def numbers(rows: int) -> Iterator[Task]:
    """Tables with numbers as targets; Friedman's three are generated."""
    yield Task("diabetes", *load_diabetes(return_X_y=True, scaled=False), rows)
    for make in (make_friedman1, make_friedman2, make_friedman3):
        X, y = make(4_000, random_state=1)
        noise = np.random.default_rng(0).normal(0, 0.2 * y.std(), len(y))
        yield Task(f"{make.__name__.removeprefix('make_')} (generated)", X, y + noise, rows)
    if not (DATA / "tabular").exists():
        return
    X, y = read("wine_quality_white")
    yield Task("wine quality", X, y.astype(float), rows)
    for name in ("letter", "magic"):
        X, _ = read(name)
        yield Task(f"{name}, first column", X[:, 1:], X[:, 0], rows)


def strings(rows: int) -> Iterator[Task]:
    """The Adult census with its strings and gaps; the test rows are those that came with it."""
    frames = []
    for part in ("train", "test"):
        path = DATA / "tabular" / f"adult_raw_{part}.csv.gz"
        if not path.exists():
            return
        frame = pd.read_csv(path, header=None, na_values="?", skipinitialspace=True, comment="|")
        frames.append(frame.dropna(subset=[14]))
    train, test = (
        (f.drop(columns=14).add_prefix("c"), f[14].str.contains(">").to_numpy()) for f in frames
    )
    for n in (10_000, len(train[1])):
        yield Task(f"adult, {n:,} rows", *train, n, test)


def images() -> tuple[np.ndarray, np.ndarray]:
    """MNIST, its pixels as columns."""
    parts = []
    for part in ("train", "t10k"):
        for kind, skip in (("images-idx3", 16), ("labels-idx1", 8)):
            path = DATA / "mnist" / f"{part}-{kind}-ubyte.gz"
            parts.append(np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=skip))
    X = np.concatenate([parts[0], parts[2]]).reshape(-1, 784).astype(float)
    return X, np.concatenate([parts[1], parts[3]]).astype(int)


def growth(rows: int) -> Iterator[Task]:
    """Large tables, with more and more rows to train on; at least 2,000 are left to test on."""
    del rows
    for name in ("adult", "letter", "MNIST"):
        if not DATA.exists():
            return
        X, y = images() if name == "MNIST" else read(name)
        for n in (1_000, 5_000, 20_000, 48_000):
            few = min(n, len(y) - 2_000)
            yield Task(f"{name}, {few:,} rows", X, np.unique(y, return_inverse=True)[1], few)
            if few < n:
                break


PARTS: dict[str, Callable[[int], Iterator[Task]]] = {
    "classes": classes,
    "declared": declared,
    "numbers": numbers,
    "strings": strings,
    "growth": growth,
}
