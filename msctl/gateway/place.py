"""The place of a call in its service's bulkhead, whose end may be the client's to choose."""

from __future__ import annotations

from msctl.gateway import problems
from msctl.gateway.outgoing import Outgoing, Refused
from msctl.gateway.service import Service


class Place:
    """``enter`` before the call and ``leave`` in any case; ``leave`` and ``prolong`` may be said again."""

    def __init__(self, service: Service, outgoing: Outgoing) -> None:
        self._service = service
        self._out = outgoing
        self._is_stream = outgoing.is_stream
        self._inside = False
        self._lasting = False

    def enter(self) -> None:
        """Take a place; raises Refused."""
        out, bulkhead = self._out, self._service.bulkhead
        if (out.is_stream or out.body is not None) and not bulkhead.is_full:
            self._lengthen_if_lasting()
        if not bulkhead.enter():
            raise Refused(problems.busy(self._service.name, bulkhead.limit))
        self._inside = True

    def prolong(self) -> None:
        """The call lasts as long as its client likes; raises Refused when too many do."""
        self._lengthen()
        self._is_stream = True

    def uploaded(self) -> None:
        """The client has done its part: unless it is a stream it is for the service to end the call now."""
        if not self._is_stream:
            self._hasten()

    def leave(self) -> None:
        """Give the place back."""
        if self._lasting:
            self._hasten()
        if self._inside:
            self._service.bulkhead.leave()
            self._inside = False

    def _lengthen_if_lasting(self) -> None:
        if self._is_stream or self._out.is_uploading:
            self._lengthen()

    def _lengthen(self) -> None:
        if self._lasting:
            return
        bulkhead = self._service.bulkhead
        if not bulkhead.prolong():
            raise Refused(problems.too_many_lasting(self._service.name, bulkhead.most_lasting))
        self._lasting = True

    def _hasten(self) -> None:
        if self._lasting:
            self._service.bulkhead.hasten()
            self._lasting = False
