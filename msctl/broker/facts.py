"""What every queue of a virtual host holds, asked in the broker's own container.

AMQP tells neither what is in hand nor how old the oldest message is, and looking at a message by taking it
would change the order; RabbitMQ's ``peek`` does not. Run on 3.10.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from msctl.broker.commands import Command
from msctl.errors import BrokerError

_LITERAL = re.compile(r'"([A-Za-z0-9+/=]*)"')
_QUESTION = """
Peek = fun(Q) ->
    case catch rabbit_quorum_queue:peek(1, Q) of
        {{ok, P}} -> proplists:get_value(<<"timestamp">>, P, null);
        _ -> null
    end
end,
InHand = fun(Q) ->
    case catch ra:local_query(amqqueue:get_pid(Q), fun rabbit_fifo:query_messages_checked_out/1) of
        {{ok, {{_, N}}, _}} when is_integer(N) -> N;
        {{ok, {{_, M}}, _}} when is_map(M) -> maps:size(M);
        _ -> null
    end
end,
Facts = fun(Q) ->
    {{Ready, Consumers}} = case catch rabbit_amqqueue:stat(Q) of
        {{ok, R, C}} -> {{R, C}};
        _ -> {{null, null}}
    end,
    #{{name => element(4, amqqueue:get_name(Q)), ready => Ready, consumers => Consumers,
      in_hand => InHand(Q), oldest => Peek(Q)}}
end,
Quorum = [Q || Q <- rabbit_amqqueue:list(<<"{vhost}">>), amqqueue:get_type(Q) =:= rabbit_quorum_queue],
base64:encode(rabbit_json:encode([Facts(Q) || Q <- Quorum])).
"""


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue at one moment; ``in_hand`` was delivered, not settled. ``None``: the broker did not tell."""

    name: str
    ready: int | None
    in_hand: int | None
    consumers: int | None
    oldest: datetime | None


def question(vhost: str) -> Command:
    """The command whose output ``states`` reads; a project's name is a DNS label: nothing to quote."""
    return ("rabbitmqctl", "--silent", "eval", _QUESTION.format(vhost=vhost))


def states(output: str) -> tuple[QueueState, ...]:
    """The queues, by name; raises ``BrokerError`` for an answer of another kind."""
    try:
        text = base64.b64decode("".join(_LITERAL.findall(output)), validate=True)
        found = tuple(_state(item) for item in json.loads(text))
    except (ValueError, KeyError, TypeError) as exc:
        raise BrokerError(
            f"the broker does not tell what its queues hold: {output.strip()[-300:]}",
            "'msctl logs broker' shows why",
        ) from exc
    return tuple(sorted(found, key=lambda state: state.name))


def _state(item: dict[str, Any]) -> QueueState:
    oldest = item["oldest"]
    return QueueState(
        name=item["name"],
        ready=item["ready"],
        in_hand=item["in_hand"],
        consumers=item["consumers"],
        oldest=datetime.fromtimestamp(oldest, UTC) if isinstance(oldest, int) else None,
    )
