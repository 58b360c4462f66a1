"""The store port on real databases: what commits, what is remembered, and who may relay."""

from __future__ import annotations

import asyncio

import pytest

from msctl.chassis.cloudevents import Event, render
from msctl.chassis.parking import Failure, Parked
from msctl.chassis.store import DatabaseUnavailable, Store
from tests.integration.chassis.conftest import Place, until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.parametrize("place", ["postgres", "mariadb", "redis"], indirect=True),
]
EVENT = Event("e-1", "/shop/payments", "payment.captured", {})


async def publish(store: Store, *event_types: str) -> None:
    async with store.transaction() as transaction:
        for event_type in event_types:
            await transaction.publish(event_type, {"n": 1})


async def take(store: Store, *, deliver: bool = True) -> list[str]:
    async with store.claim(100) as claim:
        if deliver:
            claim.delivered.extend(claim.entries)
        return [entry.event_type for entry in claim.entries]


async def test_published_events_wait_in_order_until_they_are_delivered(place: Place) -> None:
    store = await place.ready_store()
    await publish(store, "a", "b", "c")
    assert place.wakes == 1
    assert await take(store, deliver=False) == ["a", "b", "c"]
    async with store.claim(2) as claim:
        claim.delivered.append(claim.entries[0])
    assert await take(store) == ["b", "c"]
    assert await take(store) == []


async def test_types_that_the_broker_refuses_are_passed_over(place: Place) -> None:
    store = await place.ready_store()
    await publish(store, "bad", "good", "worse")
    async with store.claim(10, ("bad", "worse")) as claim:
        assert [entry.event_type for entry in claim.entries] == ["good"]
        claim.delivered.extend(claim.entries)
    assert await take(store) == ["bad", "worse"]


async def test_a_transaction_that_fails_publishes_nothing(place: Place) -> None:
    store = await place.ready_store()
    with pytest.raises(KeyError):
        await fail_after_publishing(store)
    assert place.wakes == 0
    assert await take(store) == []


async def fail_after_publishing(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.first_time(EVENT)
        await transaction.publish("a", None)
        raise KeyError


async def test_an_event_is_new_once_and_again_after_a_rollback(place: Place) -> None:
    store = await place.ready_store()
    with pytest.raises(KeyError):
        await fail_after_publishing(store)
    answers = []
    for _ in range(2):
        async with store.transaction() as transaction:
            answers.append(await transaction.first_time(EVENT))
    assert answers == [True, False]


async def test_one_event_handled_twice_at_once_has_one_effect(place: Place) -> None:
    stores = [await place.ready_store(), await place.ready_store()]

    async def handle(store: Store) -> None:
        async with store.transaction() as transaction:
            if await transaction.first_time(EVENT):
                await transaction.publish("effect", None)

    outcomes = await asyncio.gather(*(handle(stores[n % 2]) for n in range(6)), return_exceptions=True)
    assert all(outcome is None or isinstance(outcome, DatabaseUnavailable) for outcome in outcomes)
    assert await take(stores[0]) == ["effect"]


async def test_two_relays_never_hold_the_same_event(place: Place) -> None:
    one, other = await place.ready_store(), await place.ready_store()
    await publish(one, *(f"t{number}" for number in range(50)))
    seen: list[str] = []

    async def relay(store: Store) -> None:
        for _ in range(10):
            async with store.claim(10) as claim:
                seen.extend(entry.event_type for entry in claim.entries)
                await asyncio.sleep(0)
                claim.delivered.extend(claim.entries)

    await asyncio.gather(relay(one), relay(other))
    seen.extend(await take(one))
    assert sorted(seen) == sorted({f"t{number}" for number in range(50)})


async def test_a_cancelled_transaction_leaves_a_store_that_works(place: Place) -> None:
    store = await place.ready_store()
    reached = asyncio.Event()

    async def hang() -> None:
        async with store.transaction() as transaction:
            await transaction.publish("never", None)
            reached.set()
            await asyncio.Event().wait()

    hanging = asyncio.create_task(hang())
    await reached.wait()
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    await publish(store, "after")
    assert await take(store) == ["after"]


async def test_a_store_that_was_never_reached_says_so(place: Place) -> None:
    address = place.component.address
    store = place.store(place.url.replace(address, "127.0.0.1:9"))
    with pytest.raises(DatabaseUnavailable):
        await store.open(())
    with pytest.raises(DatabaseUnavailable):
        await store.ping()


async def test_a_wrong_password_is_told_and_not_shown(place: Place) -> None:
    store = place.store(place.url.replace("integration", "wr0ng"))
    with pytest.raises(DatabaseUnavailable) as refused:
        await store.open(())
    assert "wr0ng" not in str(refused.value)


async def test_a_hanging_server_is_noticed_and_its_return_too(place: Place) -> None:
    store = await place.ready_store()
    client = place.component.engine.client
    client.submit(f"/containers/{place.component.name}/pause")
    try:
        with pytest.raises(DatabaseUnavailable):
            await store.ping()
    finally:
        client.submit(f"/containers/{place.component.name}/unpause")
    await until(store.ping)
    await until(lambda: publish(store, "back"))
    assert "back" in await take(store)


async def test_old_notes_can_be_forgotten_and_new_ones_are_kept(place: Place) -> None:
    store = await place.ready_store()
    async with store.transaction() as transaction:
        await transaction.first_time(EVENT)
    await store.forget()
    async with store.transaction() as transaction:
        assert not await transaction.first_time(EVENT)


async def park(store: Store, key: str, event_id: str, failure: Failure | None = None) -> None:
    event = Event(event_id, "/s", "t", None)
    async with store.transaction() as transaction:
        if failure is None:
            assert await transaction.parking.occupied(key)
        await transaction.parking.park(key, event, render(event), failure)


async def heads(store: Store) -> list[Parked]:
    async with store.transaction() as transaction:
        return list(await transaction.parking.heads(10))


async def test_parked_events_wait_in_lanes_and_leave_in_order(place: Place) -> None:
    store = await place.ready_store()
    await park(store, "ann", "1", Failure(1, "ValueError: no", 0.0))
    await park(store, "ann", "2")
    await park(store, "bob", "3", Failure(2, "x", 60.0))
    first, other = sorted(await heads(store), key=lambda parked: parked.key)
    assert (first.identity, first.tries, first.cause, first.wait <= 0) == ("/s 1", 1, "ValueError: no", True)
    assert (other.identity, 50 < other.wait <= 60) == ("/s 3", True)
    async with store.transaction() as transaction:
        assert await transaction.first_time(EVENT)
        await transaction.parking.remove(first)
    second = next(head for head in await heads(store) if head.key == "ann")
    assert (second.identity, second.tries, second.wait <= 0) == ("/s 2", 0, True)
    async with store.transaction() as transaction:
        await transaction.parking.remove(second)
    async with store.transaction() as transaction:
        assert not await transaction.parking.occupied("ann")
    assert [head.key for head in await heads(store)] == ["bob"]


async def test_a_due_event_is_leased_to_one_and_postponed(place: Place) -> None:
    one, other = await place.ready_store(), await place.ready_store()
    await park(one, "ann", "1", Failure(1, "x", 0.0))
    (head,) = await heads(one)

    async def lease(store: Store) -> bool:
        async with store.transaction() as transaction:
            leased: bool = await transaction.parking.lease(head, 30.0)
        return leased

    outcomes = await asyncio.gather(lease(one), lease(other), return_exceptions=True)
    assert [outcome for outcome in outcomes if outcome is True] == [True]
    async with one.transaction() as transaction:
        await transaction.parking.postpone(head, Failure(2, "y", 60.0))
    (head,) = await heads(other)
    assert (head.tries, head.cause, 0 < head.wait <= 60) == (2, "y", True)


async def test_parking_that_rolls_back_left_nothing(place: Place) -> None:
    store = await place.ready_store()
    with pytest.raises(KeyError):
        await fail_after_parking(store)
    assert await heads(store) == []


async def fail_after_parking(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.parking.park("ann", EVENT, render(EVENT), Failure(1, "x", 0.0))
        raise KeyError
