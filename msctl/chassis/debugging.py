"""A debugger for a service under ``msctl dev --debug``."""

from __future__ import annotations

from collections.abc import Mapping

from msctl.chassis.settings import SettingsInvalid

VARIABLE = "MSCTL_DEBUG_PORT"


def listen_if_asked(environment: Mapping[str, str]) -> None:
    """Let debugpy listen on the port that the environment names, if it names one; waits for nobody."""
    port = environment.get(VARIABLE)
    if not port:
        return
    try:
        import debugpy  # noqa: PLC0415
    except ImportError as error:
        raise SettingsInvalid(f"{VARIABLE} asks for a debugger, and debugpy is not installed") from error
    debugpy.listen(("0.0.0.0", int(port)))  # noqa: S104
