"""Where this machine's apt takes Debian packages from, and the settings it does so with."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

SUITE = "bookworm"
_SECURITY_LABEL = "Debian-Security"
_DEBIAN_KEYRING = "debian-archive"
_NOT_FOR_BUILDS = ("Acquire::IndexTargets", "Acquire::cdrom", "Acquire::Changelogs", "Acquire::Languages")


@dataclass(frozen=True, slots=True)
class AptSource:
    """One suite of a Debian mirror; ``signed_by`` is the keyring on this machine, ``None`` for apt's own."""

    uri: str
    suite: str
    signed_by: str | None = None

    @property
    def line(self) -> str:
        """The entry of a sources.list, with whatever credentials the address carries."""
        options = f"[signed-by={self.signed_by}] " if self.signed_by else ""
        return f"deb {options}{self.uri} {self.suite} main"

    @property
    def public_line(self) -> str:
        """The entry without credentials and without paths of this machine."""
        return f"deb {without_credentials(self.uri)} {self.suite} main"


@dataclass(frozen=True, slots=True)
class AptSettings:
    """Debian sources of this machine (none: the bootstrap tool's default) and lines for an apt.conf."""

    sources: tuple[AptSource, ...] = ()
    options: tuple[str, ...] = ()


def read_apt_settings(environ: Mapping[str, str]) -> AptSettings:
    """Ask apt itself, which knows every format and folder of its configuration."""
    if shutil.which("apt-get") is None:
        return AptSettings()
    targets = _output(["apt-get", "indextargets", "Created-By: Packages"]) or _targets_after_update()
    dump = _output(["apt-config", "dump"])
    netrc = _output(["apt-config", "shell", "FILE", "Dir::Etc::netrc/f", "FOLDER", "Dir::Etc::netrcparts/d"])
    return AptSettings(debian_sources(targets), transport_options(dump, netrc, environ))


def debian_sources(index_targets: str) -> tuple[AptSource, ...]:
    """Our suite on the mirrors that ``apt-get indextargets`` names as Debian's, whatever their release."""
    found: dict[AptSource, None] = {}
    for target in _stanzas(index_targets):
        if target.get("Component") != "main" or not _is_debian(target):
            continue
        uri, keyring = target["Repo-URI"].rstrip("/"), target.get("Signed-By") or None
        if _is_security(target):
            found[AptSource(uri, f"{SUITE}-security", keyring)] = None
        else:
            found[AptSource(uri, SUITE, keyring)] = None
            if target.get("Release", "").endswith("-updates"):
                found[AptSource(uri, f"{SUITE}-updates", keyring)] = None
    return tuple(found)


def transport_options(config_dump: str, netrc: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """How packages are fetched: every ``Acquire`` setting that has a value, logins, certificate bundle."""
    lines = [
        line
        for line in config_dump.splitlines()
        if line.startswith("Acquire::") and not line.startswith(_NOT_FOR_BUILDS) and not line.endswith(' "";')
    ]
    places = dict(line.split("=", 1) for line in netrc.splitlines() if "=" in line)
    for name, key in (("FILE", "netrc"), ("FOLDER", "netrcparts")):
        if name in places:
            value = places[name].strip("'")
            lines.append(f'Dir::Etc::{key} "{value}";')
    bundle = environ.get("SSL_CERT_FILE")
    if bundle and not any(line.lower().startswith("acquire::https::cainfo ") for line in lines):
        lines.append(f'Acquire::https::CAInfo "{bundle}";')
    return tuple(lines)


def archived(source: AptSource) -> tuple[AptSource, ...]:
    """Where a release that left this mirror may be found: the mirror's neighbours by Debian's conventions."""
    parts = urlsplit(source.uri)
    neighbour = parts._replace(path=f"{parts.path.rstrip('/').removesuffix('/debian')}/debian-archive/debian")
    candidates = [neighbour, *_archive_hosts(parts)]
    return tuple(AptSource(part.geturl(), source.suite, source.signed_by) for part in candidates)


def without_credentials(address: str) -> str:
    """``address`` without user and password."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def sources_in(listing: str) -> tuple[AptSource, ...]:
    """The entries of a one-line-style sources.list that have a component ``main``."""
    fields = (line.split("]", 1)[-1].split() for line in listing.splitlines() if line.startswith("deb "))
    entries = ([part for part in entry if part != "deb"] for entry in fields)
    return tuple(AptSource(entry[0].rstrip("/"), entry[1]) for entry in entries if "main" in entry[2:])


def _archive_hosts(parts: SplitResult) -> Iterator[SplitResult]:
    labels = (parts.hostname or "").split(".")
    if len(labels) > 2:  # noqa: PLR2004 (a host in a domain has at least three labels)
        yield parts._replace(netloc=".".join(["archive", *labels[1:]]))


def _is_debian(target: Mapping[str, str]) -> bool:
    origin = target.get("Origin")
    return origin == "Debian" if origin else _DEBIAN_KEYRING in target.get("Signed-By", "")


def _is_security(target: Mapping[str, str]) -> bool:
    return target.get("Label") == _SECURITY_LABEL or target.get("Release", "").endswith("-security")


def _stanzas(text: str) -> Iterator[Mapping[str, str]]:
    for block in text.split("\n\n"):
        fields = (line.partition(":") for line in block.splitlines() if ":" in line)
        stanza = {name: value.strip() for name, _, value in fields}
        if stanza.get("Repo-URI"):
            yield stanza


def _targets_after_update() -> str:
    with tempfile.TemporaryDirectory(prefix="msctl-apt-") as folder:
        (Path(folder) / "partial").mkdir()
        lists = ["-o", f"Dir::State::Lists={folder}"]
        _output(["apt-get", "update", *lists])
        return _output(["apt-get", "indextargets", *lists, "Created-By: Packages"])


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
