"""The benchmark itself keeps working, at toy size; how long anything takes is not asserted."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor
from tests.benchmarks import jax_peer, speed_page
from tests.benchmarks.__main__ import main
from tests.benchmarks.dask import Step, largest_error, overhead_model
from tests.benchmarks.measure import Result, measure
from tests.benchmarks.peers import NEEDS, available, lacking
from tests.benchmarks.start import SNIPPETS
from tests.benchmarks.tables import methods, outcomes, report, tasks
from tests.benchmarks.workloads import WORKLOADS, random_csr

DOCS = Path(__file__).parents[1] / "docs"


QUICK = ["--toy", "--repeats", "1"]
OURS = ["--peer", "skbackprop", "scikit-learn", "floor", "floor, 1 thread"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A run of all parts, with the peers that the tests always have."""
    file = tmp_path_factory.mktemp("speed") / "run.json"
    main([*QUICK, *OURS, "--json", str(file)])
    return file


def test_every_part_at_toy_size(saved):
    run = json.loads(saved.read_text())
    assert run["machine"]["versions"]["numpy"] == np.__version__
    measured = run["training"] + run["predictions"]
    measured += [result for points in run["growth"].values() for _, result in points]
    assert len(measured) == len(WORKLOADS) + 4 * 5
    for result in measured:
        times = result["microseconds"]
        assert {"skbackprop", "scikit-learn"} <= set(times)
        assert all(t > 0 for repeats in times.values() for t in repeats)
    assert set(run["start-up"]) >= {name for name in SNIPPETS if "torch" not in name}
    for search in run["searches"].values():
        assert search["fits"] == [4]
        assert 1 <= search["threads"][0] * 2 <= max(2, os.cpu_count())


def test_the_page_is_made_from_runs(saved, tmp_path):
    pytest.importorskip("matplotlib").use("agg")
    slow = json.loads(saved.read_text())
    for result in slow["training"]:
        times = result["microseconds"]
        times["scikit-learn"] = [100 * t for t in times["scikit-learn"]]
    del slow["growth"], slow["start-up"]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(slow))
    main(["docs", str(saved), str(other), "--out", str(tmp_path)])
    page = (DOCS / "speed.rst").read_text()
    made = {path.name for path in tmp_path.iterdir()} - {"other.json"}
    assert made == set(re.findall(r"^\.\. (?:include|image):: (\S+)$", page, re.M))
    ratios = (tmp_path / "speed_ratios.inc").read_text()
    assert ratios.count("   * - ") == 1 + 7
    assert "\N{EN DASH}" in ratios
    assert (tmp_path / "speed_predictions.inc").read_text().count("   * - ") > 3
    assert (tmp_path / "growth.png").stat().st_size > 5_000
    assert (tmp_path / "speed_runs.inc").read_text().count("\n- ") == 1


def test_figures_of_the_page():
    w = replace(WORKLOADS[0], hidden=(100,), batch_size=200)
    peers = {"skbackprop": [20.0, 10.0, 30.0], "scikit-learn": [50.0], "floor": [10.0, 10.0]}
    fast = Result(w, {**peers, "floor, 1 thread": [5.0]})
    slow = Result(w, {**peers, "skbackprop": [25.0]})
    head, line = speed_page.ratios([[fast], [slow]])
    assert head == ["float64 / float32", "MLPClassifier", "% of the products' speed"]
    plain = {ord("\N{NO-BREAK SPACE}"): " ", ord("\N{EN DASH}"): "-"}
    cells = [cell.translate(plain) for cell in line]
    assert cells == ["300 x 2", "2.0-2.5 / n/a", "25-40 / n/a"]
    _, line = speed_page.rates([fast])
    cells = [cell.translate(plain) for cell in line]
    assert cells == ["300 x 2, float64", "50,000", "20,000", "200,000"]
    assert Result.from_json(json.loads(json.dumps(fast.as_json()))) == fast


@pytest.mark.filterwarnings("ignore")  # other projects' own
@pytest.mark.parametrize("peer", list(NEEDS))
def test_peers_of_the_extra(peer, tmp_path):
    """Those that are installed run, dense and sparse, for classes and for two of them."""
    if what := lacking(peer):
        pytest.skip(f"{what} is not installed")
    names = ["W2", "W3", "W7"] if peer == "torch.compile" else ["W1", "W2", "W3", "W6", "W7"]
    workloads = [w.toy() for w in WORKLOADS if w.name in names and w.dtype == "float64"]
    for w in workloads[: 2 if peer == "torch.compile" else None]:
        result = measure(w, [peer], 1)
        can_not = peer == "skorch" and (w.kind != "train" or w.density < 1)
        assert (peer in result.times) == (w.is_array and not can_not), w


def test_sparse_rows_are_padded_for_jax():
    X = random_csr((6, 10), 0.3)
    columns, values = jax_peer._entries(X)
    dense = np.zeros(X.shape)
    np.add.at(dense, (np.arange(6)[:, None], columns), values)
    np.testing.assert_array_equal(dense, X.toarray())


def test_a_peer_that_is_not_installed_is_left_out(monkeypatch, capsys):
    monkeypatch.setattr("tests.benchmarks.peers.find_spec", lambda name: None)
    main([*QUICK, "--part", "training", "--workload", "W1", "--peer", "skbackprop", "JAX"])
    assert "JAX is left out, as jax is not installed" in capsys.readouterr().out


def test_torch_compile_needs_a_compiler(monkeypatch, capsys):
    monkeypatch.setattr("tests.benchmarks.peers.find_spec", lambda name: True)
    monkeypatch.setattr("tests.benchmarks.peers.which", lambda name: None)
    assert available(["torch.compile", "floor"]) == ["floor"]
    assert "a C++ compiler" in capsys.readouterr().out


@pytest.fixture
def quick(monkeypatch):
    """Small networks in place of the default ones."""
    member = BackpropClassifier((4,), max_iter=5)
    ours = methods.Method(
        lambda seed: TabularClassifier(member, cv=2, random_state=seed),
        lambda seed: TabularRegressor(BackpropRegressor(hidden_layer_sizes=(4,), max_iter=5), cv=2),
    )
    monkeypatch.setitem(methods.METHODS, "ours", ours)


def test_tables(tmp_path, capsys, quick):
    pytest.importorskip("matplotlib")
    few = ["--seeds", "2", "--method", "ours", "MLP, scaled", "--out", str(tmp_path)]
    main(["tables", "--part", "classes", "declared", "--table", "wine", "iris", *few])
    out = capsys.readouterr().out
    assert "classes: wine, split 1, ours" in out
    assert (tmp_path / "tables.png").stat().st_size > 5_000
    assert (tmp_path / "tables_classes.inc").read_text().count("   * -") == 3
    assert (tmp_path / "tables_errors.inc").read_text().count("   * -") == 3
    before = (tmp_path / "outcomes.jsonl").read_text()
    assert before.count("\n") == 8
    main(["tables", "--part", "numbers", "--table", "diabetes", *few])
    after = (tmp_path / "outcomes.jsonl").read_text()
    assert after.startswith(before)
    assert after.count("\n") == 12
    assert (tmp_path / "tables_numbers.inc").read_text().count("   * -") == 3
    main(["tables", "--part", "numbers", "--table", "diabetes", *few])
    assert (tmp_path / "outcomes.jsonl").read_text() == after


def test_methods_take_codes_and_strings(quick):
    frame = pd.DataFrame({"a": ["x", "y", "z"] * 20, "b": np.arange(60.0)})
    frame["c"] = frame["a"].astype("category")
    y = np.arange(60) % 3
    task = tasks.Task("three", frame, y, 40)
    for name in ("ours", "HistGradientBoosting", "MLP, scaled"):
        found = outcomes.measure("strings", task, name, 0)
        assert 0 <= found.error <= 1
        assert found.log_loss > 0
    X, X_test, _, _ = task.split(0, classes=True)
    X, X_test = methods.categories_as(X, X_test.assign(a="new"))
    assert X_test["a"].isna().all()
    assert X_test["a"].dtype == X["a"].dtype


def test_codes_are_declared_to_the_others(monkeypatch):
    X = np.stack([np.arange(60) % 4, np.linspace(0, 1, 60), np.arange(60) % 2], axis=1)
    plain = [tasks.Task("codes", X, X[:, 2], 30), tasks.Task("none", X[:, 1:], X[:, 2], 30)]
    monkeypatch.setattr(tasks, "classes", lambda rows: plain)
    (task,) = tasks.declared(30)
    assert [str(kind) for kind in task.X.dtypes] == ["category", "float64", "float64"]
    found = {name: {t: [outcome(t, name, 0.1)] for t in ("t", "u")} for name in ("ours", "other")}
    declared = {"other": {"t": [outcome("t", "other", 0.2)]}}
    both = report.with_codes_declared(found, declared)
    assert both["ours"] == found["ours"]
    assert both["other"]["t"][0].error == 0.2
    assert both["other"]["u"][0].error == 0.1
    assert "other" not in report.with_codes_declared(found, {})


def test_scores_of_each_table():
    found = {"ours": {"t": [outcome("t", "ours", 0.125)]}}
    found[methods.TWO_JOBS] = {"t": [outcome("t", methods.TWO_JOBS, 0.125)]}
    assert report.wall_seconds(found) == [
        ["", "wall s"],
        ["ours", "1.00"],
        ["ours, n_jobs=2", "1.00"],
    ]
    del found[methods.TWO_JOBS]
    assert report.each(found, {"error": "error"}) == [["", "", "error"], ["t", "ours", "0.125"]]


def outcome(task, method, error):
    return outcomes.Outcome("classes", task, method, 0, error, 1.0, 1.0)


def test_ratios_and_calibration():
    found = {
        "ours": {"t": [outcome("t", "ours", 0.0)], "u": [outcome("u", "ours", 0.04)]},
        "other": {"t": [outcome("t", "other", 0.01)], "u": [outcome("u", "other", 0.09)]},
    }
    ratio, error = report.ratio_to_ours(found, "other", 0.01)
    np.testing.assert_allclose(ratio, 0.5)
    np.testing.assert_allclose(error, 0, atol=1e-12)
    confidence, right = np.array([0.9, 0.9, 0.6, 0.6]), np.array([1, 1, 1, 0])
    found = outcomes.expected_calibration_error(confidence, right)
    np.testing.assert_allclose(found, (2 * 0.1 + 2 * 0.1) / 4)


def test_the_benchmark_of_dask_runs(capsys, tmp_path):
    pytest.importorskip("distributed")
    main(["dask", "--toy", "--out", str(tmp_path)])
    out = capsys.readouterr().out
    assert "ms a partition" in out
    assert "off at most" in out
    assert (tmp_path / "distributed_steps.inc").read_text() in out


def test_the_model_of_overhead_is_found():
    sizes = [(2, 10**5), (4, 10**5), (4, 10**6), (16, 10**4)]
    steps = [Step(2, p, n, 1000, 3.0 + 0.5 * p + 40 * n / 1e6 + 7.0 / 2, 7.0) for p, n in sizes]
    model = overhead_model(steps)
    np.testing.assert_allclose(model, [3.0, 0.5, 40.0])
    assert largest_error(steps, model) < 1e-9
    off = [replace(s, milliseconds=s.milliseconds + s.overhead) for s in steps]
    assert largest_error(off, model) == pytest.approx(0.5)
