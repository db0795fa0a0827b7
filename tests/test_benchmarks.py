"""The benchmark itself keeps working, at toy size; how long anything takes is not asserted."""

import json

import numpy as np
import pytest

from tests.benchmarks import tables
from tests.benchmarks.__main__ import main
from tests.benchmarks.start import SNIPPETS
from tests.benchmarks.workloads import WORKLOADS


def test_every_workload_at_toy_size(tmp_path, capsys):
    peers = ["skbackprop", "scikit-learn", "floor", "floor, 1 thread"]
    main(["--toy", "--repeats", "1", "--peer", *peers, "--json", str(tmp_path / "times.json")])
    lines = capsys.readouterr().out.splitlines()
    measured = json.loads((tmp_path / "times.json").read_text())["microseconds"]
    assert len(lines) == 2 + len(WORKLOADS) + len(SNIPPETS)
    for times in measured.values():
        assert {"skbackprop", "scikit-learn"} <= set(times)
        assert all(t > 0 for repeats in times.values() for t in repeats)


def test_the_plot(tmp_path):
    pytest.importorskip("matplotlib")
    file = tmp_path / "times.png"
    main(
        ["--toy", "--repeats", "1", "--workload", "W1", "--peer", "skbackprop", "--plot", str(file)]
    )
    assert file.stat().st_size > 5_000


def test_growth(tmp_path):
    pytest.importorskip("matplotlib")
    peers = ["skbackprop", "scikit-learn"]
    main(["--toy", "--repeats", "1", "--growth", str(tmp_path), "--peer", *peers])
    assert (tmp_path / "growth.png").stat().st_size > 5_000
    tables = (tmp_path / "growth.inc").read_text()
    assert tables.count("list-table") == 4
    assert tables.count("   * - ") == 4 * 6


def test_a_peer_that_is_not_installed_is_left_out(monkeypatch, capsys):
    monkeypatch.setattr("tests.benchmarks.peers.find_spec", lambda name: None)
    main(["--toy", "--repeats", "1", "--workload", "W1", "--peer", "skbackprop", "pytorch"])
    assert "pytorch is not installed and is left out" in capsys.readouterr().out


def test_tables(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    peers = ["TabularClassifier", "RandomForest"]
    main(["tables", "--toy", "--seeds", "1", "--peer", *peers, "--out", str(tmp_path)])
    assert "2 tables, 1 splits" in capsys.readouterr().out
    assert (tmp_path / "tables.png").stat().st_size > 5_000
    assert (tmp_path / "tables.inc").read_text().count("   * - ") == 3


def test_ratios_and_calibration():
    ours, theirs = np.array([[0.0, 0.0], [0.04, 0.04]]), np.array([[0.01, 0.01], [0.09, 0.09]])
    ratio, error = tables.ratio_to_ours(theirs, ours)
    np.testing.assert_allclose(ratio, 0.5)
    assert error == 0
    confidence, right = np.array([0.9, 0.9, 0.6, 0.6]), np.array([1, 1, 1, 0])
    found = tables.expected_calibration_error(confidence, right)
    np.testing.assert_allclose(found, (2 * 0.1 + 2 * 0.1) / 4)
