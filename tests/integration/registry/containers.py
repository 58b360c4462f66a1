"""A Consul container as the platform's: our file, not root, its root read-only."""

from __future__ import annotations

from typing import Any

from msctl.model.desired import Attachment, ContainerSpec, Mount, PortBinding, SecretFile
from msctl.model.secret import Secret
from msctl.registry import config
from tests.integration.role_image import role_image


def specification(
    project: str, name: str, alias: str, configuration: dict[str, Any], *mounts: Mount
) -> ContainerSpec:
    """Without a mount its data is gone with the container's stop."""
    image = role_image("registry")
    return ContainerSpec(
        name=name,
        role="registry",
        image=image,
        image_identity=image,
        command=("agent", "-config-file=/run/secrets/registry.json"),
        user="100:1000",
        secrets=(SecretFile("registry.json", Secret(config.render(configuration))),),
        attachments=(Attachment(project, (alias,)),),
        mounts=mounts,
        ports=(PortBinding(config.HTTP_PORT),),
        tmpfs={"/tmp": "mode=1777"} | ({} if mounts else {config.DATA_DIRECTORY: "mode=1777"}),
        read_only=True,
    )
