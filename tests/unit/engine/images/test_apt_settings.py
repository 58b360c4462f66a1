"""Debian sources and transport settings, read from what apt says of itself."""

from __future__ import annotations

import pytest

from msctl.engine.images.apt_settings import (
    AptSource,
    archived,
    debian_sources,
    sources_in,
    transport_options,
    without_credentials,
)


def target(uri: str, release: str, **fields: str) -> str:
    given = {"Component": "main", "Origin": "Debian", "Label": "Debian", **fields}
    lines = [
        f"Repo-URI: {uri}",
        f"Release: {release}",
        *(f"{name}: {value}" for name, value in given.items()),
    ]
    return "\n".join(lines)


def test_takes_our_suite_from_the_machines_mirrors_whatever_release_it_runs() -> None:
    text = "\n\n".join(
        [
            target("http://mirror.test/debian/", "trixie"),
            target("http://mirror.test/debian/", "trixie-updates"),
            target("http://mirror.test/security/", "trixie-security", Label="Debian-Security"),
        ]
    )
    assert [source.line for source in debian_sources(text)] == [
        "deb http://mirror.test/debian bookworm main",
        "deb http://mirror.test/debian bookworm-updates main",
        "deb http://mirror.test/security bookworm-security main",
    ]


def test_leaves_out_other_peoples_repositories_and_components() -> None:
    text = "\n\n".join(
        [
            target("http://vendor.test/apt/", "bookworm", Origin="Vendor"),
            target("http://mirror.test/debian/", "bookworm", Component="contrib"),
        ]
    )
    assert debian_sources(text) == ()


def test_a_source_keeps_its_keyring() -> None:
    text = target("http://mirror.test/debian/", "bookworm", **{"Signed-By": "/etc/apt/keyrings/house.gpg"})
    assert debian_sources(text)[0].line == (
        "deb [signed-by=/etc/apt/keyrings/house.gpg] http://mirror.test/debian bookworm main"
    )


def test_the_public_line_has_no_login_and_no_path_of_this_machine() -> None:
    source = AptSource(
        "https://ann:secret@mirror.test:8443/debian", "bookworm", "/etc/apt/keyrings/house.gpg"
    )
    assert source.public_line == "deb https://mirror.test:8443/debian bookworm main"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://ann:p@ss@mirror.test/x", "https://mirror.test/x"),
        ("http://mirror.test/x?y=1", "http://mirror.test/x?y=1"),
    ],
)
def test_without_credentials(address: str, expected: str) -> None:
    assert without_credentials(address) == expected


def test_transport_options_keep_proxies_and_checks_and_drop_what_fetches_more() -> None:
    dump = "\n".join(
        [
            'Acquire::http::Proxy "http://proxy.test:3128";',
            'Acquire::Check-Valid-Until "false";',
            'Acquire::IndexTargets::deb::DEP-11::MetaKey "x";',
            'Acquire::https "";',
            'APT::Architecture "amd64";',
        ]
    )
    netrc = "FILE='/etc/apt/auth.conf'\nFOLDER='/etc/apt/auth.conf.d/'"
    assert transport_options(dump, netrc, {}) == (
        'Acquire::http::Proxy "http://proxy.test:3128";',
        'Acquire::Check-Valid-Until "false";',
        'Dir::Etc::netrc "/etc/apt/auth.conf";',
        'Dir::Etc::netrcparts "/etc/apt/auth.conf.d/";',
    )


def test_the_certificate_bundle_of_the_environment_serves_unless_apt_has_its_own() -> None:
    environ = {"SSL_CERT_FILE": "/etc/house.pem"}
    assert transport_options("", "", environ) == ('Acquire::https::CAInfo "/etc/house.pem";',)
    own = 'Acquire::https::CAInfo "/etc/apt/ca.pem";'
    assert transport_options(own, "", environ) == (own,)


def test_an_archived_release_is_looked_for_at_the_mirrors_neighbours() -> None:
    live = AptSource("http://deb.mirror.test/debian", "bullseye")
    assert [source.line for source in archived(live)] == [
        "deb http://deb.mirror.test/debian-archive/debian bullseye main",
        "deb http://archive.mirror.test/debian bullseye main",
    ]


def test_reads_back_a_sources_list() -> None:
    listing = "deb [signed-by=/k.gpg] http://mirror.test/debian/ bookworm main\n# no\ndeb http://x.test y z\n"
    assert sources_in(listing) == (AptSource("http://mirror.test/debian", "bookworm"),)
