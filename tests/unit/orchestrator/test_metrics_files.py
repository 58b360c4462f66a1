"""What Prometheus is told: where its targets are, and what to watch for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from msctl.model.secret import Secret
from msctl.orchestrator.metrics_files import metrics_files
from msctl.plan.livefiles import is_mark
from tests.unit.plan.projects import shop

_ROOT = Path(__file__).parents[3]


def written() -> dict[str, Any]:
    files = metrics_files(shop(), Secret("token-metrics"))
    assert all(file.live for file in files)
    return {f.name: yaml.safe_load(f.content.reveal()) for f in files if not is_mark(f)}


def relabelled(labels: dict[str, str]) -> dict[str, str] | None:
    """What Prometheus makes of a target's labels; ``None``: it is dropped."""
    (job,) = written()["prometheus.yml"]["scrape_configs"]
    for rule in job["relabel_configs"]:
        value = ";".join(labels.get(name, "") for name in rule["source_labels"])
        match = re.fullmatch(str(rule.get("regex", "(.*)")), value)
        action = rule.get("action", "replace")
        if (action == "keep" and not match) or (action == "drop" and match):
            return None
        if action == "replace" and match:
            labels[rule["target_label"]] = match.expand(rule.get("replacement", "$1").replace("$", "\\"))
    return labels


def target(service: str, role: str | None, port: int, project: str = "shop") -> dict[str, str]:
    """A catalog entry as Prometheus's discovery gives it."""
    meta = "__meta_consul_service_metadata_"
    found = {"__address__": f"10.1.2.3:{port}", "__meta_consul_service": service}
    found |= {"__meta_consul_service_id": f"shop-{service}-1", f"{meta}msctl_project": project}
    return found | ({f"{meta}msctl_role": role} if role else {})


def test_targets_are_found_in_consul_with_its_own_token() -> None:
    (job,) = written()["prometheus.yml"]["scrape_configs"]
    (consul,) = job["consul_sd_configs"]
    assert (consul["server"], consul["token"]) == ("registry:8500", "token-metrics")
    assert job["sample_limit"] > 0


def test_services_are_asked_where_they_serve_and_the_platform_at_its_admin_port() -> None:
    places = {
        name: relabelled(target(name, role, port))
        for name, role, port in (
            ("orders", "service", 8000), ("inventory", None, 8000), ("gateway", "gateway", 8080),
            ("auth", "auth", 8080), ("agent", "agent", 8081), ("broker", "broker", 5672),
        )
    }  # fmt: skip
    assert {name: place and place["__address__"] for name, place in places.items()} == {
        "orders": "10.1.2.3:8000", "inventory": "10.1.2.3:8000", "gateway": "10.1.2.3:8081",
        "auth": "10.1.2.3:8081", "agent": "10.1.2.3:8081", "broker": None,
    }  # fmt: skip
    orders = places["orders"]
    assert orders is not None
    assert (orders["job"], orders["instance"]) == ("orders", "shop-orders-1")


def test_what_is_not_of_the_project_is_left_alone() -> None:
    assert relabelled(target("orders", "service", 8000, project="other")) is None


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
