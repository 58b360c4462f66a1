"""A manifest's problem as one line."""

from __future__ import annotations

from msctl.model.problem import ManifestProblem


def test_it_reads_as_the_design_writes_it() -> None:
    problem = ManifestProblem(
        "msctl.yaml", 14, 7, "services.orders.prot", "unknown key", "did you mean 'port'?"
    )
    assert str(problem) == "msctl.yaml:14:7: services.orders.prot: unknown key, did you mean 'port'?"


def test_a_problem_of_the_whole_file_has_no_path() -> None:
    assert str(ManifestProblem("msctl.yaml", 1, 1, "", "empty")) == "msctl.yaml:1:1: empty"
