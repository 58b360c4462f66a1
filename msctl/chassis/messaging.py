"""The event side of a running service: relay, consumer and their connections."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msctl.chassis.backoff import Backoff
from msctl.chassis.broker import Consumer, Publisher
from msctl.chassis.handling import Handlers
from msctl.chassis.parked_work import ParkedWork
from msctl.chassis.relay import Relay
from msctl.chassis.store import DatabaseUnavailable
from msctl.chassis.subscriptions import Subscriptions
from msctl.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence

    from msctl.chassis.handling import Subscription
    from msctl.chassis.metrics import Metrics
    from msctl.chassis.settings import Settings
    from msctl.chassis.store import Store

_log = logging.getLogger(__name__)


class Messaging:
    """Publishes what enters the outbox, and handles what reaches the queue if there is any subscription."""

    def __init__(
        self,
        settings: Settings,
        url: str,
        subscriptions: Sequence[Subscription],
        store: Store,
        metrics: Metrics,
    ) -> None:
        # The driver logs a traceback for each lost connection; Link says the same in one line.
        logging.getLogger("aiormq").setLevel(logging.CRITICAL)
        self._publisher = Publisher(url, settings.instance, settings.service, Backoff())
        self.relay = Relay(store, self._publisher, metrics.published, metrics.unroutable)
        self._consumer: Consumer | None = None
        self._parked: ParkedWork | None = None
        if subscriptions:
            self._subscribe(settings, url, Handlers(subscriptions, store, Backoff(first=0.2)), store, metrics)

    def _subscribe(
        self, settings: Settings, url: str, handlers: Handlers, store: Store, metrics: Metrics
    ) -> None:
        service, waits, ordered = settings.service, settings.event_retries, settings.event_ordered
        receive = Subscriptions(service, handlers, metrics.handled, waits, ordered).receive
        self._consumer = Consumer(url, settings.instance, service, self._publisher, receive, Backoff())
        if ordered:
            self._parked = ParkedWork(
                service, handlers, store, self._publisher, metrics.handled, waits, Backoff(first=0.2)
            )

    def work(self) -> Iterator[Coroutine[None, None, None]]:
        """What has to run all the time."""
        yield self._publisher.run()
        yield self.relay.run()
        if self._consumer is not None:
            yield self._consumer.run()
        if self._parked is not None:
            yield self._parked.run()

    def causes(self) -> tuple[str | None, ...]:
        """Why the connections are away, nothing for one that is up; and which events go nowhere."""
        links = [self._publisher.link] + ([self._consumer.link] if self._consumer else [])
        refused = (
            f"the manifest does not let this service publish '{name}'" for name in self.relay.refused()
        )
        homeless = (f"no service subscribes to '{name}'" for name in self.relay.homeless())
        return (*(link.cause for link in links), *refused, *homeless)

    async def drain(self) -> None:
        """Take no more events, and settle those in flight."""
        if self._consumer is not None:
            await self._consumer.stop()
        if self._parked is not None:
            await self._parked.stop()

    async def flush(self) -> None:
        """Send what the outbox holds, if the broker is there."""
        try:
            while self._publisher.link.up.is_set() and await self.relay.relay_once():
                pass
        except (BrokerError, DatabaseUnavailable) as error:
            _log.warning("events stay in the outbox: %s", error)
