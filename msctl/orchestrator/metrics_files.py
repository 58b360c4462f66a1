"""What Prometheus reads: where its targets are (Consul, by a token that may only read), and alert rules."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

from msctl.labels import REGISTRY_META
from msctl.model.desired import SecretFile
from msctl.model.project import Project
from msctl.model.secret import Secret
from msctl.plan.livefiles import live_file
from msctl.plan.platform import ADMIN_PORT, CONSUL_PORT
from msctl.registry.config import DATACENTER

CONFIGURATION = "prometheus.yml"
RULES = "alerts.yml"
_META = "__meta_consul_service_metadata_"
_WITHOUT_METRICS = "broker|registry"
_BEHIND_ADMIN_PORT = "gateway|auth"


def metrics_files(project: Project, token: Secret) -> tuple[SecretFile, ...]:
    """Both files, each live: Prometheus reads them again on SIGHUP."""
    rules = resources.files("msctl.orchestrator").joinpath("alerts.yaml").read_text(encoding="utf-8")
    configured = yaml.safe_dump(configuration(project.name, token.reveal()), sort_keys=False)
    return (*live_file(CONFIGURATION, configured), *live_file(RULES, rules))


def configuration(project: str, token: str) -> dict[str, Any]:
    """Prometheus's configuration; ``job`` is the service's or the role's name, ``instance`` the container's.

    A service's own labels are never called so, hence they come through unchanged.
    """
    return {
        "global": {"scrape_interval": "15s", "scrape_timeout": "5s", "evaluation_interval": "15s"},
        "rule_files": [f"/run/secrets/{RULES}"],
        "scrape_configs": [
            {
                "job_name": "msctl",
                "sample_limit": 20_000,
                "body_size_limit": "16MB",
                "consul_sd_configs": [
                    {"server": f"registry:{CONSUL_PORT}", "datacenter": DATACENTER, "token": token}
                ],
                "relabel_configs": _relabelling(project),
            }
        ],
    }


def _relabelling(project: str) -> list[dict[str, Any]]:
    role = f"{_META}msctl_role"
    return [
        {
            "source_labels": [_META + REGISTRY_META.replace("-", "_")],
            "regex": project,
            "action": "keep",
        },
        {"source_labels": [role], "regex": _WITHOUT_METRICS, "action": "drop"},
        {
            "source_labels": [role, "__address__"],
            "regex": f"(?:{_BEHIND_ADMIN_PORT});(.+):[0-9]+",
            "target_label": "__address__",
            "replacement": f"$1:{ADMIN_PORT}",
        },
        {"source_labels": ["__meta_consul_service"], "target_label": "job"},
        {"source_labels": ["__meta_consul_service_id"], "target_label": "instance"},
    ]
