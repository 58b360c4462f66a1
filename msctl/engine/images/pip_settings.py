"""How this machine's pip is told to find packages."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from msctl.engine.images.apt_settings import without_credentials

_SECTIONS = ("global", "install")
_OPTIONS = (
    *("index-url", "extra-index-url", "trusted-host", "find-links", "no-index"),
    *("timeout", "retries", "proxy", "cert", "client-cert"),
)
_VARIABLE_OF = {option: "PIP_" + option.replace("-", "_").upper() for option in _OPTIONS}
_VARIABLE_OF["timeout"] = "PIP_DEFAULT_TIMEOUT"
_CERTIFICATES_IN_IMAGE = "/etc/ssl/certs/ca-certificates.crt"
_IN_SERVICE_BUILDS = ("index-url", "extra-index-url", "trusted-host", "timeout")


@dataclass(frozen=True, slots=True)
class PipSettings:
    """pip's options by their long names, values as pip writes them, and the path of a netrc file."""

    options: Mapping[str, str]
    netrc: Path | None = None

    def get(self, option: str) -> str | None:
        """Value of one option, ``None`` when this machine does not set it."""
        return self.options.get(option)

    @property
    def link_folders(self) -> tuple[Path, ...]:
        """Local folders of wheels among ``find-links`` that exist."""
        links = self.options.get("find-links", "").split()
        return tuple(Path(link) for link in links if Path(link).is_dir())

    def configuration(self, certificate: str | None, links: Iterable[str]) -> str:
        """A pip.conf of the same meaning, with the files it names at other places."""
        remote = [link for link in self.options.get("find-links", "").split() if "://" in link]
        changed = {**self.options, "cert": certificate or "", "find-links": "\n    ".join([*remote, *links])}
        kept = (f"{name} = {value}" for name, value in sorted(changed.items()) if value)
        return "\n".join(["[global]", *kept, ""])

    def public_options(self) -> Mapping[str, str]:
        """What builds of services may know: no address carries a password, since images are passed on."""
        chosen = {name: self.options[name] for name in _IN_SERVICE_BUILDS if self.options.get(name)}
        return {name: _public(value) for name, value in chosen.items()}

    def public_configuration(self) -> str:
        """The pip.conf that the runtime image carries, for ``pip install`` in builds of services.

        The image's own certificates are this machine's; those that pip brings along may not be enough here.
        """
        options = {**self.public_options(), "cert": _CERTIFICATES_IN_IMAGE}
        return "\n".join(["[global]", *(f"{name} = {value}" for name, value in sorted(options.items())), ""])

    @property
    def has_credentials(self) -> bool:
        """Whether an index address carries a user or password."""
        values = (self.options.get("index-url", ""), self.options.get("extra-index-url", ""))
        return any("@" in urlsplit(address).netloc for value in values for address in value.split())


def read_pip_settings(environ: Mapping[str, str], files: Iterable[Path] | None = None) -> PipSettings:
    """Settings of pip's configuration files, later ones over earlier ones, and of its variables over all."""
    options: dict[str, str] = {}
    for path in configuration_files(environ) if files is None else files:
        options.update(_options_in(path))
    variables = {option: environ.get(name, "") for option, name in _VARIABLE_OF.items()}
    options.update({option: value for option, value in variables.items() if value})
    netrc = Path(environ.get("NETRC") or Path(environ.get("HOME", "/"), ".netrc"))
    found = PipSettings({name: value for name, value in options.items() if value})
    return replace(found, netrc=netrc) if netrc.is_file() else found


def configuration_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where pip looks for its configuration, weakest first."""
    home = Path(environ.get("HOME", "/"))
    user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    system = [Path(folder) / "pip" for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")]
    folders = [*reversed(system), Path("/etc"), home / ".pip", user / "pip", Path(sys.prefix)]
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return ()
    return (*(folder / "pip.conf" for folder in folders), *([Path(named)] if named else []))


def _options_in(path: Path) -> Mapping[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return {}
    found = (parser.items(section) for section in _SECTIONS if parser.has_section(section))
    merged = {name.replace("_", "-"): value.strip() for section in found for name, value in section}
    return {name: value for name, value in merged.items() if name in _OPTIONS}


def _public(addresses: str) -> str:
    return " ".join(without_credentials(part) if "//" in part else part for part in addresses.split())
