"""Files under /run/secrets of the platform's containers, made from the manifest and the credentials."""

from __future__ import annotations

from collections.abc import Mapping

from msctl.broker import config as broker_config
from msctl.broker.definitions import definitions
from msctl.broker.definitions import render as render_definitions
from msctl.broker.topology import topology
from msctl.model.desired import SecretFile
from msctl.model.project import Project
from msctl.model.secret import Secret
from msctl.orchestrator.gateway_document import gateway_document
from msctl.plan.livefiles import live_file
from msctl.registry import config as registry_config


def platform_files(project: Project, broker_users: Mapping[str, Secret]) -> dict[str, tuple[SecretFile, ...]]:
    """By role; live files are those the running process can read again."""
    registry = registry_config.render(registry_config.server_configuration())
    files: dict[str, tuple[SecretFile, ...]] = {
        "registry": (SecretFile("registry.json", Secret(registry)),),
        "gateway": (*live_file("gateway.yaml", gateway_document(project)),),
    }
    if project.uses_broker:
        files["broker"] = _broker(project, broker_users)
    return files


def _broker(project: Project, users: Mapping[str, Secret]) -> tuple[SecretFile, ...]:
    document = render_definitions(definitions(topology(project), users))
    return (
        SecretFile("rabbitmq.conf", Secret(broker_config.server_configuration())),
        SecretFile("enabled_plugins", Secret(broker_config.enabled_plugins())),
        *live_file("definitions.json", document),
    )
