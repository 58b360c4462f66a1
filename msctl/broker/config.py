"""Configuration of the RabbitMQ server as values: files, environment and Erlang flags.

Run on 3.10, not yet on 4. No plugin is needed: queue facts come over AMQP, and
management would cost boot time and memory.
"""

from __future__ import annotations

from collections.abc import Iterable

AMQP_PORT = 5672
DATA_DIRECTORY = "/var/lib/rabbitmq"
SECRETS = "/run/secrets"
CONFIGURATION_FILE = f"{SECRETS}/rabbitmq.conf"
PLUGINS_FILE = f"{SECRETS}/enabled_plugins"
DEFINITIONS_FILE = f"{SECRETS}/definitions.json"

NODE_NAME = "rabbit@localhost"
"""On loopback, so that Erlang's distribution and epmd are no door for other containers."""

_MEMORY_SHARE = 0.7
_MEBIBYTE = 1024 * 1024


def server_configuration(memory_limit: int | None = None) -> str:
    """``rabbitmq.conf``; ``memory_limit`` is the container's in bytes, which RabbitMQ may not see itself."""
    settings = {
        "listeners.tcp.default": str(AMQP_PORT),
        "load_definitions": DEFINITIONS_FILE,
        "log.file": "false",
        "log.console": "true",
        "log.console.level": "warning",
        "log.console.formatter": "json",
        "log.connection.level": "error",
        "heartbeat": "30",
        "channel_max": "256",
        "disk_free_limit.absolute": "256MiB",
        "raft.wal_max_size_bytes": str(64 * 1000 * 1000),
        **_memory_watermark(memory_limit),
    }
    return "".join(f"{key} = {value}\n" for key, value in settings.items())


def enabled_plugins(plugins: Iterable[str] = ()) -> str:
    """The ``enabled_plugins`` file, an Erlang term."""
    return f"[{','.join(plugins)}].\n"


def environment() -> dict[str, str]:
    """Environment of the server's container."""
    return {
        "RABBITMQ_NODENAME": NODE_NAME,
        "RABBITMQ_CONFIG_FILE": CONFIGURATION_FILE,
        "RABBITMQ_ENABLED_PLUGINS_FILE": PLUGINS_FILE,
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(_erlang_flags()),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }


def _erlang_flags() -> tuple[str, ...]:
    """No busy waiting (idle CPU), distribution on loopback only."""
    quiet = ("+sbwt none", "+sbwtdcpu none", "+sbwtdio none")
    return (*quiet, "-kernel inet_dist_use_interface {127,0,0,1}")


def _memory_watermark(memory_limit: int | None) -> dict[str, str]:
    if memory_limit is None:
        return {"vm_memory_high_watermark.relative": "0.4"}
    allowed = max(1, int(memory_limit * _MEMORY_SHARE) // _MEBIBYTE)
    return {"vm_memory_high_watermark.absolute": f"{allowed}MiB"}
