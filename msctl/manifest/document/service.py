"""Keys of one entry under ``services``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

from msctl.manifest.document import fields as f

_CALLS_SCHEMA = {
    "anyOf": [
        {"type": "array", "items": {"type": "string"}},
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]
            },
        },
    ]
}


_LivePath = Literal["off", False] | f.PlainPath | None


class HealthKeys(f.Keys):
    """How the service is asked whether it is ready, and whether it is alive."""

    path: f.PlainPath = f.key("/readyz", description="Readiness: any path that answers 2xx.")
    live: Annotated[f.PlainPath | None, BeforeValidator(f.off_or, json_schema_input_type=_LivePath)] = f.key(
        "/livez", description="Liveness: restarted when it fails, never when it answers 404; or off."
    )
    interval: f.Span = f.key("2s", description="Time between two questions.")
    timeout: f.Span = f.key("1s", description="How long an answer may take.")


class CircuitKeys(f.Keys):
    """The circuit breaker in front of the service, in resilience4j's words."""

    failure_rate: f.Share = f.key("50%", description="Opens at this share of failed calls.")
    slow_rate: f.Share = f.key("100%", description="Opens at this share of slow calls.")
    slow_call: f.Span = f.key("2s", description="A call that takes longer is slow.")
    window: f.Window = f.key(20, description="What is judged: the last calls (20) or a time (10s).")
    minimum_calls: f.Count = f.key(10, description="Judges nothing before so many calls.")
    wait: f.Span = f.key("5s", description="Stays open so long before it lets calls try.")
    wait_growth: f.Growth = f.key(1, description="Each opening in a row waits this many times longer.")
    wait_max: f.Span | None = f.key(
        None, description="The longest that a growing wait becomes; 1m if absent."
    )
    wait_jitter: f.Rate = f.key("0%", description="A wait is longer or shorter by up to this share.")
    half_open_calls: f.Count = f.key(3, description="Calls let through to try whether it works again.")


class ResourcesKeys(f.Keys):
    """Limits of one container."""

    memory: f.Memory | None = f.key(
        None, description="Most memory it gets, such as 256MiB; unlimited if absent."
    )
    cpus: f.Cpus | None = f.key(None, description="Most cores it gets, such as 0.5; unlimited if absent.")


class DatabaseKeys(f.Keys):
    """The service's own database."""

    engine: Literal["postgres", "mariadb", "redis"] = f.key(description="What kind of database.")
    version: f.Verbatim | None = f.key(None, description="Version of the official image, such as 16.")
    memory: f.Memory | None = f.key(None, description="Most memory it gets; unlimited if absent.")


class SubscriptionKeys(f.Keys):
    """Events that the service consumes."""

    pattern: f.Pattern = f.key(description="Event types: '*' stands for one word, '#' for any number.")
    ordered: f.Switch = f.key(False, description="Keeps the order of events that have one key.")


Subscription = Annotated[
    SubscriptionKeys, BeforeValidator(f.text_as("pattern"), json_schema_input_type=str | SubscriptionKeys)
]
DatabaseChoice = Annotated[
    DatabaseKeys,
    BeforeValidator(
        f.text_as("engine"),
        json_schema_input_type=Literal["postgres", "mariadb", "redis"] | DatabaseKeys,
    ),
]
CircuitChoice = Annotated[
    CircuitKeys | None,
    BeforeValidator(f.off_or, json_schema_input_type=Literal["off", False] | CircuitKeys),
]
Calls = Annotated[
    dict[f.ServiceReference, list[f.Scope] | None],
    BeforeValidator(f.names_as_keys),
    WithJsonSchema(_CALLS_SCHEMA),
]


class ServiceKeys(f.Keys):
    """One service: a container image, how it runs, and whom it talks to."""

    build: f.Text | None = f.key(None, description="Folder with a Dockerfile, relative to this file.")
    image: f.Image | None = f.key(None, description="A finished image, name:tag, instead of build.")
    external: f.Origin | None = f.key(
        None, description="URL of a system that runs elsewhere, instead of build."
    )
    port: f.Port = f.key(8000, description="Port that the service listens on, given to it as $PORT.")
    replicas: f.Replicas = f.key(1, description="How many instances run.")
    database: DatabaseChoice | None = f.key(
        None, description="postgres, mariadb or redis, for this service alone."
    )
    scopes: list[f.Scope] = f.key([], description="What this service's tokens can allow.")
    calls: Calls = f.key({}, description="Services it may call, with all their scopes or those named.")
    registration: Literal["platform", "self"] = f.key("platform", description="Who registers it in Consul.")
    publishes: list[f.EventType] = f.key([], description="Event types it publishes.")
    subscribes: list[Subscription] = f.key([], description="Event types it consumes.")
    event_retries: f.Tiers = f.key(
        ["1s", "10s", "60s"],
        description="Waits before an event is tried again; after the last try it is kept as a dead letter.",
    )
    health: HealthKeys = f.section(HealthKeys, description="How its health is asked.")
    stop_grace: f.Duration = f.key("10s", description="Time between SIGTERM and SIGKILL.")
    circuit: CircuitChoice = f.section(CircuitKeys, description="Its circuit breaker, or off.")
    balance: Literal["least_requests", "round_robin", "weighted"] = f.key(
        "least_requests", description="How calls are spread over its instances."
    )
    max_concurrent: f.Count | None = f.key(None, description="Most calls at a time; 1000 if absent.")
    resources: ResourcesKeys = f.section(ResourcesKeys, description="Limits of one container.")
    environment: dict[f.Variable, f.Verbatim] = f.key({}, description="Environment variables; no secrets.")
