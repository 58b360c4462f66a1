"""pika's exceptions into ours: what was tried, and RabbitMQ's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from msctl.errors import BrokerError

_REFUSED = 403
_LOOK = "'msctl logs broker' shows why"
_INEQUIVALENT = re.compile(r"inequivalent arg '(?P<argument>[^']+)' for (?P<what>.+?) in vhost")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn errors of pika and sockets inside the block into ``BrokerError``; ``what`` was tried."""
    import pika.exceptions  # noqa: PLC0415

    try:
        yield
    except (
        pika.exceptions.AuthenticationError,
        pika.exceptions.ProbableAuthenticationError,
        pika.exceptions.ProbableAccessDeniedError,
    ) as exc:
        raise BrokerError(
            f"RabbitMQ refused to {what}: wrong user, password or virtual host",
            hint="run 'msctl up': it gives the broker the project's credentials again",
        ) from exc
    except (pika.exceptions.ChannelClosed, pika.exceptions.ConnectionClosed) as exc:
        raise _of_reply(what, exc.reply_code, exc.reply_text) from exc
    except pika.exceptions.ConnectionBlockedTimeout as exc:
        raise BrokerError(
            "RabbitMQ takes no events for now: it is short of memory or disk", hint=_LOOK
        ) from exc
    except pika.exceptions.UnroutableError as exc:
        raise BrokerError(
            f"cannot {what}: no queue takes this event", "a service takes what its 'subscribes' names"
        ) from exc
    except (pika.exceptions.AMQPError, pika.exceptions.ChannelError, OSError) as exc:
        raise BrokerError(f"cannot {what}: {_words(exc)}", _LOOK) from exc


def _of_reply(what: str, code: int, text: str) -> BrokerError:
    clash = _INEQUIVALENT.search(text)
    if clash:
        return BrokerError(
            f"cannot {what}: {clash['what']} exists with another '{clash['argument']}' ({text})",
            hint="a queue's arguments cannot change; empty it, delete it and run 'msctl up' again",
        )
    if code == _REFUSED:
        return BrokerError(f"RabbitMQ refused to {what}: {text}", _LOOK)
    return BrokerError(f"cannot {what}: {code} {text}", _LOOK)


def _words(exc: Exception) -> str:
    """pika wraps the reason of a failed connection several times; take the innermost that has words."""
    inner: object = exc
    while (
        deeper := getattr(inner, "exception", None) or next(iter(getattr(inner, "args", ())), None)
    ) is not None and isinstance(deeper, BaseException):
        inner = deeper
    return str(inner) or type(inner).__name__
