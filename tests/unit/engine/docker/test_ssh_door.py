"""What is asked of ssh."""

from __future__ import annotations

import pytest

from msctl.engine.docker.ssh_door import ssh_command


@pytest.mark.parametrize(
    ("url", "end"),
    [
        ("ssh://far", "-- far docker system dial-stdio"),
        ("ssh://ann@far:2222", "-l ann -p 2222 -- far docker system dial-stdio"),
        ("ssh://far/run/d.sock", "-- far docker --host unix:///run/d.sock system dial-stdio"),
    ],
)
def test_the_address_becomes_a_command(url: str, end: str) -> None:
    assert " ".join(ssh_command(url)).endswith(f"ConnectTimeout=30 {end}")
