"""Facts → findings: every threshold and every remedy, pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from msctl.engine.port import EngineFacts
from msctl.orchestrator.doctor.finding import Finding, Level, well
from msctl.orchestrator.doctor.machine import Machine

_OLDEST_ENGINE = (20, 10)
_OLDEST_PYTHON = (3, 11)
_GIB = 1024**3
_MIB = 1024**2
_DISK_FAIL, _DISK_WARN = 1 * _GIB, 5 * _GIB
_PLATFORM_MEMORY = 512 * _MIB
_SERVICE_MEMORY = 96 * _MIB
_DATABASE_MEMORY = 160 * _MIB
_SKEW_WARN, _SKEW_FAIL = 1.0, 30.0
_FEWEST_FILES = 1024


def judge_engine(facts: EngineFacts, now: datetime) -> Iterator[Finding]:
    """The engine's version and its clock."""
    version = tuple(int(part) for part in re.findall(r"\d+", facts.version)[:2])
    where = "local" if facts.local else "remote"
    if facts.name == "docker" and version < _OLDEST_ENGINE:
        remedy = f"install {'.'.join(map(str, _OLDEST_ENGINE))} or newer"
        yield Finding("engine", "fail", f"{facts.name} {facts.version} is too old", remedy)
    else:
        yield well("engine", f"{facts.name} {facts.version}, {where}, {facts.cpus} CPUs")
    if facts.time is not None:
        yield _clock(abs((facts.time - now).total_seconds()))


def _clock(skew: float) -> Finding:
    if skew < _SKEW_WARN:
        return well("clock", "the engine's clock agrees with this machine's")
    level: Level = "fail" if skew >= _SKEW_FAIL else "warn"
    what = f"the engine's clock and this machine's differ by {skew:.0f} s; tokens may be refused as expired"
    return Finding("clock", level, what, "synchronise both clocks (NTP)")


def judge_memory(facts: EngineFacts, machine: Machine, services: int, databases: int) -> Finding:
    """Whether the engine has room for the project."""
    needed = _PLATFORM_MEMORY + services * _SERVICE_MEMORY + databases * _DATABASE_MEMORY
    free = machine.free_memory if facts.local and machine.free_memory is not None else facts.memory
    told = f"{_size(free)} free, about {_size(needed)} needed"
    if free >= needed:
        return well("memory", told)
    level: Level = "fail" if free < needed / 2 else "warn"
    return Finding("memory", level, told, "end other programs, or give the engine more memory")


def judge_machine(machine: Machine) -> Iterator[Finding]:
    """This machine, with or without an engine."""
    yield _python(machine)
    for folder, free in machine.free_disk.items():
        yield _disk(folder, free)
    if machine.read_only is not None:
        remedy = "let it be written: msctl keeps generated credentials beside the manifest"
        yield Finding("folder", "fail", f"{machine.read_only} cannot be written", remedy)
    if machine.open_files < _FEWEST_FILES:
        what = f"only {machine.open_files} files may be open at a time"
        yield Finding("open files", "warn", what, f"ulimit -n {_FEWEST_FILES}")
    yield from _names(machine)
    yield from _proxies(machine)
    yield from _certificates(machine)


def judge_port(machine: Machine, address: str, *, ours: bool) -> Finding:
    """Whether the gateway can have its port."""
    if ours:
        return well("port", f"{address} is our gateway's")
    if machine.port_trouble is None:
        return well("port", f"{address} is free")
    remedy = "stop what uses it, or set gateway.port to a free one"
    return Finding("port", "fail", f"{address} cannot be had: {machine.port_trouble}", remedy)


def _python(machine: Machine) -> Finding:
    version = ".".join(map(str, machine.python))
    if machine.python < _OLDEST_PYTHON:
        return Finding("python", "fail", f"Python {version} is too old", "install 3.11 or newer")
    return well("python", f"Python {version}")


def _disk(folder: str, free: int) -> Finding:
    told = f"{_size(free)} free at {folder}"
    if free >= _DISK_WARN:
        return well("disk", told)
    remedy = "make room; 'docker system df' shows what the engine keeps"
    return Finding("disk", "fail" if free < _DISK_FAIL else "warn", told, remedy)


def _names(machine: Machine) -> Iterator[Finding]:
    for host, found in machine.names.items():
        if found:
            yield well("DNS", f"{host} is found")
            continue
        what = f"{host} is not found: images cannot be pulled and are built from Debian packages"
        yield Finding("DNS", "warn", what, "check /etc/resolv.conf, or leave it so: nothing else needs it")


def _proxies(machine: Machine) -> Iterator[Finding]:
    named = {name: value for name, value in machine.proxies.items() if name != "NO_PROXY"}
    if not named:
        yield well("proxy", "none is set")
        return
    for name, value in named.items():
        if not _is_url(value):
            remedy = f"write {name}=http://host:port"
            yield Finding("proxy", "fail", f"{name} is not a URL", remedy)
            return
    direct = machine.proxies.get("NO_PROXY", "")
    if not {"localhost", "127.0.0.1", "*"} & set(re.split(r"[,\s]+", direct)):
        what = f"{', '.join(named)} is set and NO_PROXY does not except this machine"
        yield Finding("proxy", "warn", what, "export NO_PROXY=localhost,127.0.0.1")
        return
    yield well("proxy", f"{', '.join(named)} is set; this machine is excepted")


def _is_url(value: str) -> bool:
    try:
        return urlsplit(value).hostname is not None
    except ValueError:
        return False


def _certificates(machine: Machine) -> Iterator[Finding]:
    missing = {name: path for name, path in machine.bundles.items() if not Path(path).is_file()}
    for name, path in missing.items():
        yield Finding("certificates", "fail", f"{name} names {path}, which is not there", f"unset {name}")
    if not missing:
        told = ", ".join(machine.bundles) or "the distribution's"
        yield well("certificates", f"{told}; builds get them, too")


def _size(count: float) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / _MIB:.0f} MiB"
