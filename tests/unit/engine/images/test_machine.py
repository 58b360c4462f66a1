"""Certificates and proxies of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.engine.images.certificates import extra_certificates, machine_bundles
from msctl.engine.images.proxies import on_loopback, proxy_environment


def pem(body: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def test_extra_certificates_are_those_the_distribution_does_not_ship(tmp_path: Path) -> None:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    (shipped / "known.crt").write_text(pem("KNOWN"))
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("# house\n" + pem("KNOWN") + pem("HOUSE").replace("\n", "\r\n"))
    assert extra_certificates([bundle, bundle], shipped) == (pem("HOUSE"),)


def test_bundles_come_from_configuration_variables_and_the_usual_place(tmp_path: Path) -> None:
    for name in ("pip.pem", "env.pem", "usual.pem"):
        (tmp_path / name).write_text("")
    environ = {"SSL_CERT_FILE": str(tmp_path / "env.pem"), "CURL_CA_BUNDLE": "/absent.pem"}
    found = machine_bundles(environ, str(tmp_path / "pip.pem"), [str(tmp_path / "usual.pem")])
    assert [path.name for path in found] == ["pip.pem", "env.pem", "usual.pem"]


def test_proxies_are_given_under_both_spellings() -> None:
    environ = {"HTTPS_PROXY": "http://proxy.test:3128", "no_proxy": "localhost", "PATH": "/bin"}
    assert proxy_environment(environ) == {
        "https_proxy": "http://proxy.test:3128",
        "HTTPS_PROXY": "http://proxy.test:3128",
        "no_proxy": "localhost",
        "NO_PROXY": "localhost",
    }


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:3128", True),
        ("localhost:3128", True),
        ("http://ann:pw@[::1]:3128", True),
        ("http://proxy.test:3128", False),
        ("", False),
    ],
)
def test_on_loopback(address: str, *, expected: bool) -> None:
    assert on_loopback(address) is expected
