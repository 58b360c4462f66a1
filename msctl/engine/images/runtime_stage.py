"""What pip needs inside the runtime's root while it is made: a folder that is gone when it is done."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from msctl.engine.images.pip_settings import PipSettings

STAGE = "/stage"
_BUNDLE = "bundle.pem"


def fill_stage(
    folder: Path, pip: PipSettings, bundle: Path | None, extra: Iterable[str], requirements: Iterable[str]
) -> None:
    """Write requirements, pip's configuration, logins, wheels and certificates into ``folder``."""
    links = []
    for number, links_folder in enumerate(pip.link_folders):
        shutil.copytree(links_folder, folder / f"links-{number}")
        links.append(f"{STAGE}/links-{number}")
    if bundle:
        shutil.copyfile(bundle, folder / _BUNDLE)
    if pip.netrc:
        shutil.copyfile(pip.netrc, folder / ".netrc")
    certificate = f"{STAGE}/{_BUNDLE}" if bundle else None
    (folder / "pip.conf").write_text(pip.configuration(certificate, links), encoding="utf-8")
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
    certificates = folder / "certificates"
    certificates.mkdir()
    for number, pem in enumerate(extra):
        (certificates / f"machine-{number}.crt").write_text(pem, encoding="ascii")
