"""What a Python service imports: routes, database, events, calls, health, logs and metrics in a few lines."""

from msctl.auth.identity import Identity
from msctl.chassis.client import Answer, CallFailed, Client
from msctl.chassis.cloudevents import Event
from msctl.chassis.exchange import Reply, Request
from msctl.chassis.problems import Problem
from msctl.chassis.service import Service
from msctl.chassis.store import RedisTransaction, SqlTransaction, Transaction

__all__ = [
    "Answer",
    "CallFailed",
    "Client",
    "Event",
    "Identity",
    "Problem",
    "RedisTransaction",
    "Reply",
    "Request",
    "Service",
    "SqlTransaction",
    "Transaction",
]
