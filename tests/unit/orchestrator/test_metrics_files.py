"""What Prometheus is told: where its targets are, and what to watch for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from msctl.model.secret import Secret
from msctl.orchestrator.metrics_files import metrics_files
from msctl.plan.livefiles import is_mark

_ROOT = Path(__file__).parents[3]


def written() -> dict[str, Any]:
    files = metrics_files(Secret("token-metrics"))
    assert all(file.live for file in files)
    return {f.name: yaml.safe_load(f.content.reveal()) for f in files if not is_mark(f)}


def test_targets_are_listed_for_who_shows_its_token_for_consul() -> None:
    (job,) = written()["prometheus.yml"]["scrape_configs"]
    (listed,) = job["http_sd_configs"]
    assert listed["url"] == "http://observer:8081/-/targets"
    assert listed["authorization"] == {"credentials": "token-metrics"}
    assert job["sample_limit"] > 0


def test_every_rule_asks_for_metrics_that_somebody_tells() -> None:
    rules = [rule for group in written()["alerts.yml"]["groups"] for rule in group["rules"]]
    source = "\n".join(path.read_text() for path in (_ROOT / "msctl").rglob("*.py"))
    assert {rule["alert"] for rule in rules} >= {
        "ServiceDown",
        "CircuitOpen",
        "DeadLetters",
        "DiskNearlyFull",
    }
    for rule in rules:
        assert rule["annotations"]["summary"]
        for metric in re.findall(r"msctl_\w+", rule["expr"]):
            assert f'"{metric.removesuffix("_total")}"' in source, metric
