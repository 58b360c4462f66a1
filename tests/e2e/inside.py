"""Python run inside a service's container, which is where an intruder would be."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker


def inside(checkout: Checkout, container: str, script: str, *arguments: str) -> Any:
    """What ``script`` prints last, as JSON; ``container`` is named without the project."""
    code = textwrap.dedent(script)
    return json.loads(
        docker("exec", checkout.name(container), "python", "-c", code, *arguments).splitlines()[-1]
    )
