"""The engine's answers about containers, networks and volumes as observed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from msctl import labels
from msctl.engine.docker.frames import optional_time
from msctl.engine.docker.labelling import owned
from msctl.model.observed import ContainerState, Observed, ObservedContainer, ObservedNetwork, ObservedVolume

Json: TypeAlias = Mapping[str, Any]
"""An object of the engine's API as it came."""


def observed(
    project: str, containers: Sequence[Json], networks: Sequence[Json], volumes: Sequence[Json]
) -> Observed:
    """A snapshot from the engine's three lists, which hold everybody's objects."""
    ours, foreign = _parted(project, containers)
    our_networks, foreign_networks = _parted(project, networks)
    our_volumes, foreign_volumes = _parted(project, volumes)
    return Observed(
        project=project,
        containers=tuple(sorted((listed_container(c) for c in ours), key=lambda c: c.name)),
        networks=tuple(sorted((network(n) for n in our_networks), key=lambda n: n.name)),
        volumes=tuple(sorted((volume(v) for v in our_volumes), key=lambda v: v.name)),
        foreign_containers={container_name(c): c["Id"] for c in foreign},
        foreign_networks={n["Name"]: n["Id"] for n in foreign_networks},
        foreign_volumes={v["Name"]: v["Name"] for v in foreign_volumes},
        neighbours=_neighbours(foreign, foreign_networks, foreign_volumes),
        subnets=tuple(s for n in networks for s in subnets(n)),
    )


def listed_container(found: Json) -> ObservedContainer:
    """A container from the engine's list."""
    return ObservedContainer(
        **_identity(found["Labels"]),
        id=found["Id"],
        name=container_name(found),
        state=cast(ContainerState, found["State"]),
        image=found["Image"],
        image_id=found["ImageID"],
        addresses=_addresses(found),
        network_ids=_network_ids(found),
        ports={
            port["PrivatePort"]: (port.get("IP", ""), port["PublicPort"])
            for port in reversed(found.get("Ports") or ())
            if port.get("PublicPort")
        },
    )


def inspected_container(found: Json) -> ObservedContainer:
    """A container in detail, from the engine's inspection."""
    state = found["State"]
    finished = optional_time(state.get("FinishedAt"))
    return ObservedContainer(
        **_identity(found["Config"]["Labels"]),
        id=found["Id"],
        name=found["Name"].removeprefix("/"),
        state=cast(ContainerState, state["Status"]),
        image=found["Config"]["Image"],
        image_id=found["Image"],
        addresses=_addresses(found),
        network_ids=_network_ids(found),
        ports=_published(found),
        started_at=optional_time(state.get("StartedAt")),
        finished_at=finished,
        exit_code=None if state["Status"] == "running" or finished is None else state["ExitCode"],
        oom_killed=state["OOMKilled"],
        restarts=found["RestartCount"],
        stays_down=((found.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name") == "no",
    )


def network(found: Json) -> ObservedNetwork:
    """A network."""
    own = subnets(found)
    return ObservedNetwork(found["Id"], found["Name"], own[0] if own else None, found["Labels"] or {})


def volume(found: Json) -> ObservedVolume:
    """A volume."""
    return ObservedVolume(found["Name"], found["Labels"] or {})


def subnets(found: Json) -> tuple[str, ...]:
    """IPv4 subnets of a network."""
    ranges = (found.get("IPAM") or {}).get("Config") or ()
    return tuple(r["Subnet"] for r in ranges if ":" not in r.get("Subnet", ":"))


def container_name(found: Json) -> str:
    """A listed container's own name; names with a second slash are links of others to it."""
    names = [str(name).removeprefix("/") for name in found["Names"] or ()]
    return next((name for name in names if "/" not in name), str(found["Id"])[:12])


def _parted(project: str, found: Sequence[Json]) -> tuple[list[Json], list[Json]]:
    ours = [item for item in found if owned(item.get("Labels"), project)]
    return ours, [item for item in found if not owned(item.get("Labels"), project)]


def _neighbours(containers: Sequence[Json], *others: Sequence[Json]) -> dict[str, str]:
    named = [(container_name(c), c) for c in containers]
    named += [(str(item["Name"]), item) for items in others for item in items]
    marks = {name: (item.get("Labels") or {}).get(labels.PROJECT) for name, item in named}
    return {name: project for name, project in marks.items() if project}


def _identity(found: Mapping[str, str] | None) -> dict[str, Any]:
    marks = found or {}
    instance = marks.get(labels.INSTANCE, "")
    return {
        "role": marks.get(labels.ROLE, ""),
        "service": marks.get(labels.SERVICE),
        "instance": int(instance) if instance.isdecimal() else None,
        "config_hash": marks.get(labels.CONFIG_HASH, ""),
        "origin": marks.get(labels.ORIGIN, ""),
        "labels": marks,
    }


def _addresses(found: Json) -> dict[str, str]:
    """Addresses by network; of a stopped container the fixed ones, which stay its own."""
    attached = (found.get("NetworkSettings") or {}).get("Networks") or {}
    held = {name: place.get("IPAddress") or _fixed_address(place) for name, place in attached.items()}
    return {name: address for name, address in held.items() if address}


def _network_ids(found: Json) -> dict[str, str]:
    attached = (found.get("NetworkSettings") or {}).get("Networks") or {}
    return {name: place["NetworkID"] for name, place in attached.items() if place.get("NetworkID")}


def _fixed_address(place: Json) -> str:
    return str((place.get("IPAMConfig") or {}).get("IPv4Address") or "")


def _published(found: Json) -> dict[int, tuple[str, int]]:
    ports = (found.get("NetworkSettings") or {}).get("Ports") or {}
    return {
        int(port.partition("/")[0]): (places[0]["HostIp"], int(places[0]["HostPort"]))
        for port, places in ports.items()
        if places and port.endswith("/tcp")
    }
