"""Exchanges tokens as the gateway does, once: JSON in, JSON out; run in the gateway's container.

In, on stdin: ``{"subject_token", "audience", "scopes": ["a:read a:write", …]}``. Out: a list with one token
for each of ``scopes``, nothing where it is refused. Standard library only, since its source is sent along.
"""

from __future__ import annotations

import base64
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

DOCUMENT = "/run/secrets/gateway.yaml"
KIND = "urn:ietf:params:oauth:token-type:access_token"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
TIMEOUT = 5.0


def exchange(how: dict[str, Any], secret: str, asked: dict[str, Any], scope: str) -> str | None:
    """A token for the audience and the scope, on behalf of the subject token's owner."""
    form = {
        "grant_type": GRANT,
        "subject_token": asked["subject_token"],
        "subject_token_type": KIND,
        "audience": asked["audience"],
        "scope": scope,
    }
    login = base64.b64encode(f"{how['client']}:{secret}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - the platform's own address
        how["url"], urllib.parse.urlencode(form).encode(), {"Authorization": f"Basic {login}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return str(json.load(answer)["access_token"])
    except (OSError, ValueError, KeyError):
        return None


def main() -> None:
    """Read the document, the secret and the question; write the tokens."""
    how = json.loads(Path(DOCUMENT).read_text(encoding="utf-8"))["auth"]["exchange"]
    secret = Path(how["secret_file"]).read_text(encoding="utf-8").strip()
    asked = json.load(sys.stdin)
    json.dump([exchange(how, secret, asked, scope) for scope in asked["scopes"]], sys.stdout)


if __name__ == "__main__":
    main()
