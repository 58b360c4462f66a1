"""The instances of one service as a caller sees them: load, failures in a row, ejection, wavering checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from msctl.resilience.flapping import Flapping, FlapSettings


@dataclass(frozen=True, slots=True)
class Address:
    """Where one instance listens; ``name`` identifies it across snapshots.

    ``entry`` tells one entry in the catalog from a later one of that name; None outside of a catalog.
    """

    name: str
    host: str
    port: int
    weight: int = 1
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class EjectionSettings:
    """Ejected after ``failures`` in a row for ``wait`` seconds, doubling up to ``wait_limit``."""

    failures: int = 3
    wait: float = 5.0
    wait_limit: float = 60.0


@dataclass(slots=True, eq=False)
class Endpoint:
    """One instance and its running state; ``credit`` belongs to the weighted balancer.

    ``calls`` and ``failed_calls`` count attempts since the instance was first seen. It is ejected for calls
    that failed, and held for a check that comes and goes.
    """

    address: Address
    outstanding: int = 0
    failures: int = 0
    calls: int = 0
    failed_calls: int = 0
    ejections: int = 0
    ejected_until: float | None = None
    held_until: float | None = None
    credit: int = 0

    @property
    def is_out(self) -> bool:
        """Whether it gets calls only when there is no other one."""
        return self.ejected_until is not None or self.held_until is not None


class Endpoints:
    """The current set of instances; snapshots replace it whole and keep the state of those that stay."""

    def __init__(
        self, settings: EjectionSettings, clock: Callable[[], float], awaits_check: bool = False
    ) -> None:
        self.settings = settings
        self._clock = clock
        self.awaits_check = awaits_check
        self._all: tuple[Endpoint, ...] = ()
        self._left: tuple[Endpoint, ...] = ()
        self._out = 0
        self._flapping = Flapping(FlapSettings(), clock)

    @property
    def all(self) -> tuple[Endpoint, ...]:
        """Every instance of the last snapshot, those that are out included."""
        return self._all

    @property
    def leaving(self) -> tuple[Endpoint, ...]:
        """Instances that are out of rotation and still have calls under way."""
        self._left = tuple(e for e in self._left if e.outstanding)
        return self._left

    def replace(self, addresses: Iterable[Address]) -> tuple[Endpoint, ...]:
        """Take over a snapshot; returns the instances that are gone."""
        known = {(e.address.name, e.address.host, e.address.port): e for e in self._all}
        kept: list[Endpoint] = []
        come: list[Endpoint] = []
        for address in sorted(addresses, key=lambda a: a.name):
            endpoint = known.pop((address.name, address.host, address.port), None)
            if endpoint is None:
                endpoint = Endpoint(address)
                come.append(endpoint)
            endpoint.address = address
            kept.append(endpoint)
        gone = tuple(known.values())
        self._all = tuple(kept)
        self._left = (*self.leaving, *gone)
        self._count()
        self._damp(come, gone)
        return gone

    def candidates(self, tried: Sequence[Endpoint] = ()) -> Sequence[Endpoint]:
        """Instances that may be called: not out and not tried; those that are out rather than none."""
        if self._out == 0 and not tried:
            return self._all
        self._readmit()
        ready = [e for e in self._all if not e.is_out and e not in tried]
        return ready or [e for e in self._all if e not in tried]

    def has_other(self, tried: Sequence[Endpoint]) -> bool:
        """Whether there is any instance beside those."""
        if len(self._all) == 1:
            return self._all[0] not in tried
        return len(self._all) > len(tried) or any(e not in tried for e in self._all)

    def succeeded(self, endpoint: Endpoint) -> None:
        """An attempt went well: the row of failures ends, an ejection too."""
        endpoint.calls += 1
        endpoint.failures = 0
        endpoint.ejections = 0
        if endpoint.ejected_until is not None:
            self.readmit(endpoint)

    def failed(self, endpoint: Endpoint) -> bool:
        """An attempt failed; returns whether this ejected the instance."""
        endpoint.calls += 1
        endpoint.failed_calls += 1
        endpoint.failures += 1
        if endpoint.failures < self.settings.failures or endpoint.ejected_until is not None:
            return False
        return self._eject(endpoint)

    def readmit(self, endpoint: Endpoint) -> None:
        """Take an instance back on probation: its next failure ejects it again."""
        endpoint.ejected_until = None
        endpoint.failures = min(endpoint.failures, self.settings.failures - 1)
        self._count()

    def extend(self, endpoint: Endpoint) -> None:
        """An active check failed: stay out for the next, longer wait."""
        endpoint.ejections += 1
        endpoint.ejected_until = self._clock() + self._wait(endpoint)

    def due(self) -> list[Endpoint]:
        """Ejected instances whose wait is over and that an active check must confirm."""
        now = self._clock()
        return [e for e in self._all if e.ejected_until is not None and e.ejected_until <= now]

    def _eject(self, endpoint: Endpoint) -> bool:
        """Calls that failed weigh more than a wavering check: for want of others those held come back."""
        if endpoint not in self._all:
            return False
        if self._too_many_out():
            self._release(self._all)
        if self._too_many_out():
            return False
        endpoint.ejected_until = self._clock() + self._wait(endpoint)
        endpoint.ejections += 1
        self._count()
        return True

    def _damp(self, come: Sequence[Endpoint], gone: Sequence[Endpoint]) -> None:
        """Hold those back that leave and come again all the time under one and the same entry.

        An instance that is restarted or replaced is entered anew, and is not meant.
        """
        for endpoint in gone:
            if endpoint.address.entry is not None:
                self._flapping.left(_life(endpoint.address))
        for endpoint in come:
            wait = self._flapping.wait(_life(endpoint.address))
            if wait and not self._too_many_out():
                endpoint.held_until = self._clock() + wait
                self._count()

    def _too_many_out(self) -> bool:
        """Whether one more would be more than half."""
        return self._out + 1 > len(self._all) // 2

    def _readmit(self) -> None:
        if not self._out:
            return
        now = self._clock()
        self._release([e for e in self._all if e.held_until is not None and e.held_until <= now])
        if not self.awaits_check:
            for endpoint in self.due():
                self.readmit(endpoint)

    def _release(self, held: Iterable[Endpoint]) -> None:
        for endpoint in held:
            endpoint.held_until = None
        self._count()

    def _wait(self, endpoint: Endpoint) -> float:
        grown = self.settings.wait * 2.0 ** min(endpoint.ejections, 16)
        return min(grown, max(self.settings.wait, self.settings.wait_limit))

    def _count(self) -> None:
        self._out = sum(e.is_out for e in self._all)


def _life(address: Address) -> tuple[str, str, int, int | None]:
    return address.name, address.host, address.port, address.entry
