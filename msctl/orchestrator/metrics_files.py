"""What Prometheus reads: where its targets are listed (with its token for Consul), and the alert rules."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from msctl.model.desired import SecretFile
from msctl.model.secret import Secret
from msctl.plan.livefiles import live_file
from msctl.plan.ports import ADMIN_PORT

CONFIGURATION = "prometheus.yml"
RULES = "alerts.yml"


def metrics_files(token: Secret) -> tuple[SecretFile, ...]:
    """Both files, each live: Prometheus reads them again on SIGHUP. JSON is YAML, and far sooner at hand."""
    rules = resources.files("msctl.orchestrator").joinpath("alerts.yaml").read_text(encoding="utf-8")
    configured = json.dumps(configuration(token.reveal()), indent=2)
    return (*live_file(CONFIGURATION, configured), *live_file(RULES, rules))


def configuration(token: str) -> dict[str, Any]:
    """Prometheus's configuration; the observer lists targets as Consul tells them to that token."""
    discovery = {
        "url": f"http://observer:{ADMIN_PORT}/-/targets",
        "refresh_interval": "10s",
        "authorization": {"credentials": token},
    }
    job = {
        "job_name": "msctl",
        "sample_limit": 20_000,
        "body_size_limit": "16MB",
        "http_sd_configs": [discovery],
    }
    return {
        "global": {"scrape_interval": "15s", "scrape_timeout": "5s", "evaluation_interval": "15s"},
        "rule_files": [f"/run/secrets/{RULES}"],
        "scrape_configs": [job],
    }
