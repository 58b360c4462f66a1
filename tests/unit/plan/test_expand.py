"""Project → desired: every key of the manifest that a container, network or volume comes from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from msctl.model.desired import Attachment, ContainerSpec, Desired, Mount, PortBinding, Probe
from msctl.model.project import (
    Database,
    DatabaseEngine,
    Gateway,
    Health,
    Platform,
    Resources,
    Service,
    Subscription,
)
from msctl.model.secret import Secret
from msctl.plan import addresses
from msctl.plan.expand import expand, roles
from tests.unit.plan.projects import (
    RELOAD,
    desired,
    inputs,
    password,
    project,
    service,
    shop,
    with_service,
)

PLATFORM = {f"shop-{role}" for role in ("registry", "broker", "gateway", "observer", "metrics", "agent")}
DATABASES = {"shop-orders-db", "shop-inventory-db", "shop-notifications-db"}
INSTANCES = {"shop-orders-1", "shop-orders-2", "shop-inventory-1", "shop-notifications-1", "shop-web-1"}


def test_the_shop_is_platform_databases_and_instances() -> None:
    assert {spec.name for spec in desired(shop()).containers} == PLATFORM | DATABASES | INSTANCES


def test_networks_are_one_for_all_and_one_for_each_database() -> None:
    networks = {n.name: n for n in desired(shop()).networks}
    assert set(networks) == {"shop", *DATABASES}
    assert [n.name for n in networks.values() if n.addressed] == ["shop"]
    assert networks["shop-orders-db"].service == "orders"


def test_volumes_are_of_databases_registry_and_broker_and_say_what_made_them() -> None:
    volumes = {v.name: v for v in desired(shop()).volumes}
    data = ("registry", "broker", "observer", "metrics", "orders", "inventory", "notifications")
    assert set(volumes) == {f"shop-{name}-data" for name in data}
    assert volumes["shop-orders-data"].image_kind == "recipe 1"
    assert (volumes["shop-orders-data"].role, volumes["shop-orders-data"].service) == ("database", "orders")


def test_a_database_is_alone_with_its_service() -> None:
    wanted = desired(shop())
    joined = [c.name for c in wanted.containers if "shop-orders-db" in _networks(c)]
    assert joined == ["shop-orders-db", "shop-orders-1", "shop-orders-2"]
    assert _networks(find(wanted, "shop-orders-db")) == ["shop-orders-db"]


def test_an_instance_is_named_placed_and_resolved_through_the_registry() -> None:
    spec = find(desired(shop()), "shop-orders-2")
    assert (spec.role, spec.service, spec.instance, spec.image) == ("service", "orders", 2, "shop/orders:one")
    assert spec.attachments == (Attachment("shop"), Attachment("shop-orders-db"))
    registry = find(desired(shop()), "shop-registry").attachments[0].host_index
    assert (spec.dns, spec.dns_search) == ((f"@{registry}",), ("service.consul",))
    assert spec.needs == ("shop-orders-db",)


def test_what_the_manifest_says_of_a_container_reaches_it() -> None:
    declared = service(
        "api",
        port=9000,
        stop_grace=3.0,
        resources=Resources(memory=64 * 2**20, cpus=0.5),
        health=Health("/ready", None, 1.0, 0.5),
    )
    spec = find(desired(project(declared)), "shop-api-1")
    assert (spec.memory, spec.cpus, spec.stop_grace) == (64 * 2**20, 0.5, 3.0)
    assert spec.probe == Probe("http", 9000, "/ready", (), 1.0, 0.5)
    assert spec.registration is not None
    assert (spec.registration.name, spec.registration.port) == ("api", 9000)


def test_the_container_contract_gives_identity_database_broker_and_registry() -> None:
    spec = find(desired(shop()), "shop-orders-1")
    assert spec.environment == {
        "MSCTL_PROJECT": "shop",
        "MSCTL_SERVICE": "orders",
        "MSCTL_INSTANCE": "shop-orders-1",
        "MSCTL_REGISTRATION": "platform",
        "PORT": "8000",
        "CONSUL_HTTP_ADDR": "http://registry:8500",
        "CONSUL_HTTP_TOKEN_FILE": "/run/secrets/consul_token",
        "DATABASE_URL_FILE": "/run/secrets/database_url",
        "AMQP_URL_FILE": "/run/secrets/amqp_url",
    }
    assert {file.name for file in spec.secrets} == {"database_url", "amqp_url", "consul_token"}


def test_a_subscriber_is_told_how_it_retries_and_what_it_keeps_in_order() -> None:
    patterns = (
        Subscription("payment.*", ordered=True),
        Subscription("stock.#"),
        Subscription("a.b", ordered=True),
    )
    declared = service("orders", subscribes=patterns, event_retries=(0.5, 10.0))
    spec = find(desired(project(declared)), "shop-orders-1")
    assert spec.environment["MSCTL_EVENT_RETRIES"] == "500ms,10s"
    assert spec.environment["MSCTL_EVENT_ORDERED"] == "payment.*,a.b"


def test_the_container_contract_gives_what_tokens_need() -> None:
    spec = find(desired(with_service(shop(), "orders", scopes=("orders:read",))), "shop-orders-1")
    given = {name: value for name, value in spec.environment.items() if name.startswith("OAUTH_")}
    assert given == {
        "OAUTH_ISSUER": "http://127.0.0.1:8080",
        "OAUTH_AUDIENCE": "orders",
        "OAUTH_CLIENT_ID": "orders",
        "OAUTH_CLIENT_SECRET_FILE": "/run/secrets/oauth_client_secret",
        "OAUTH_TOKEN_URL": "http://auth:8080/oauth/token",
        "OAUTH_JWKS_URL": "http://auth:8080/.well-known/jwks.json",
        "OAUTH_REVOKED_URL": "http://auth:8080/oauth/revoked",
    }
    assert "oauth_client_secret" in {file.name for file in spec.secrets}


def test_a_service_without_database_and_events_gets_no_secret_but_the_registrys() -> None:
    spec = find(desired(shop()), "shop-web-1")
    assert ([file.name for file in spec.secrets], spec.needs) == (["consul_token"], ())
    assert not {"DATABASE_URL_FILE", "AMQP_URL_FILE"} & set(spec.environment)


def test_the_manifests_environment_is_added() -> None:
    wanted = desired(project(service("api", environment={"LOG_LEVEL": "debug"})))
    assert find(wanted, "shop-api-1").environment["LOG_LEVEL"] == "debug"


@pytest.mark.parametrize(
    ("engine", "url"),
    [
        ("postgres", "postgresql://orders:{}@shop-orders-db:5432/orders"),
        ("mariadb", "mysql://orders:{}@shop-orders-db:3306/orders"),
        ("redis", "redis://orders:{}@shop-orders-db:6379/0"),
    ],
)
def test_each_database_is_reached_by_its_url(engine: DatabaseEngine, url: str) -> None:
    wanted = desired(project(service("orders", engine)))
    assert secret(find(wanted, "shop-orders-1"), "database_url") == url.format(password("db", "orders"))


def test_the_broker_is_reached_as_ones_own_user_in_the_projects_vhost() -> None:
    spec = find(desired(shop()), "shop-notifications-1")
    url = f"amqp://notifications:{password('amqp', 'notifications')}@broker:5672/shop"
    assert secret(spec, "amqp_url") == url


def test_a_brokers_url_escapes_the_password_and_does_not_show_it() -> None:
    url = addresses.amqp_url("orders", Secret("p@ss/w:rd"), "shop")
    assert url.reveal() == "amqp://orders:p%40ss%2Fw%3Ard@broker:5672/shop"
    assert "p%40ss" not in f"{url}{url!r}"
    assert addresses.amqp_url("a", Secret("b"), "c", "::1", 1).reveal() == "amqp://a:b@[::1]:1/c"


@pytest.mark.parametrize("engine", ["postgres", "mariadb", "redis"])
def test_a_database_knows_the_password_that_its_service_has(engine: DatabaseEngine) -> None:
    spec = find(desired(project(service("orders", engine))), "shop-orders-db")
    delivered = [file.content.reveal() for file in spec.secrets]
    assert any(password("db", "orders") in text for text in delivered)


@pytest.mark.parametrize("engine", ["postgres", "mariadb", "redis"])
def test_a_database_keeps_its_data_on_its_volume(engine: DatabaseEngine) -> None:
    declared = service("orders", engine)
    spec = find(desired(project(declared)), "shop-orders-db")
    assert [m.volume for m in spec.mounts] == ["shop-orders-data"]
    assert spec.read_only
    assert spec.probe is not None
    assert spec.probe.kind == "exec"
    assert spec.registration is None


def test_a_databases_memory_is_the_declared_one() -> None:
    declared = service("orders")
    limited = project(_replace_database(declared, Database("postgres", memory=2**28)))
    assert find(desired(limited), "shop-orders-db").memory == 2**28


def test_no_secret_is_in_environment_command_or_repr() -> None:
    wanted = desired(shop())
    passwords = [password(kind, name) for kind in ("db", "root", "amqp") for name in shop().services]
    for spec in wanted.containers:
        commands = (*spec.command, *spec.provision, *spec.reload_command)
        shown = " ".join([*spec.environment.values(), *commands, repr(spec)])
        if spec.probe is not None:
            shown += " ".join(spec.probe.command)
        assert not [text for text in passwords if text in shown], spec.name
    assert "pass-" not in repr(inputs(shop()))


def test_self_registering_services_are_not_registered_by_the_platform() -> None:
    spec = find(desired(shop()), "shop-inventory-1")
    assert spec.self_registers
    assert spec.registration is None
    assert spec.environment["MSCTL_REGISTRATION"] == "self"


def test_platform_roles_are_their_own_aliases_at_fixed_addresses() -> None:
    platform = [c for c in desired(shop()).containers if c.name in PLATFORM]
    assert {c.attachments[0].aliases for c in platform} == {
        (name.removeprefix("shop-"),) for name in PLATFORM
    }
    hosts = [c.attachments[0].host_index for c in platform]
    assert None not in hosts
    assert len(set(hosts)) == len(hosts)


def test_the_gateway_is_published_where_the_manifest_says_and_the_rest_on_loopback() -> None:
    wanted = desired(project(service("web"), gateway=Gateway(port=9999, bind="0.0.0.0")))
    published = find(wanted, "shop-gateway").ports
    assert PortBinding(8080, "0.0.0.0", 9999) in published
    others = [p for c in wanted.containers for p in c.ports if p.host_port != 9999]
    assert {p.host_address for p in others} == {"127.0.0.1"}
    assert {p.host_port for p in others} == {None}


def test_registry_and_broker_keep_their_data() -> None:
    wanted = desired(shop())
    assert find(wanted, "shop-registry").mounts == (Mount("shop-registry-data", "/consul/data"),)
    assert find(wanted, "shop-broker").mounts == (Mount("shop-broker-data", "/var/lib/rabbitmq"),)


def test_the_broker_runs_as_the_broker_layer_says() -> None:
    spec = find(desired(shop()), "shop-broker")
    assert spec.environment == {"RABBITMQ_NODENAME": "rabbit@localhost"}
    assert spec.reload_command == RELOAD


def test_without_events_there_is_no_broker() -> None:
    quiet = project(service("web"))
    assert roles(quiet) == ("runtime", "registry", "metrics")
    assert {c.name for c in desired(quiet).containers} == (PLATFORM - {"shop-broker"}) | {"shop-web-1"}
    subscribing = project(service("web", subscribes=(Subscription("a.*"),)))
    assert roles(subscribing) == ("runtime", "registry", "broker", "metrics")


def test_without_metrics_there_is_no_prometheus() -> None:
    plain = project(service("web"), platform=Platform(metrics=False))
    assert roles(plain) == ("runtime", "registry")
    assert "shop-metrics" not in {c.name for c in desired(plain).containers}


def test_prometheus_is_on_the_loopback_without_rights_and_keeps_a_bounded_amount() -> None:
    spec = find(desired(shop()), "shop-metrics")
    assert spec.ports == (PortBinding(9090, "127.0.0.1"),)
    assert (spec.user, spec.read_only) == ("65534:65534", True)
    assert [part for part in spec.command if "retention" in part] == [
        "--storage.tsdb.retention.time=15d", "--storage.tsdb.retention.size=512MB",
    ]  # fmt: skip
    assert not [part for part in spec.command if "admin-api" in part or "lifecycle" in part]


def test_services_are_built_from_their_folder_or_taken_as_images() -> None:
    declared = project(service("orders"), service("proxy", build=None, image="proxy:1"))
    wanted = desired(declared)
    assert [(b.service, b.context, b.reference) for b in wanted.builds] == [
        ("orders", Path("/project/services/orders"), "shop/orders:one")
    ]
    assert find(wanted, "shop-proxy-1").role == "service"


def test_external_services_have_no_containers() -> None:
    declared = project(service("web"), service("mail", build=None, external="http://mail.example"))
    assert [c for c in desired(declared).containers if c.service == "mail"] == []
    assert desired(declared).externals == {"shop-mail-external": "mail"}


def test_equal_projects_expand_equally() -> None:
    assert expand(shop(), inputs(shop())) == expand(shop(), inputs(shop()))


def find(wanted: Desired, name: str) -> ContainerSpec:
    return next(spec for spec in wanted.containers if spec.name == name)


def secret(spec: ContainerSpec, name: str) -> str:
    return next(file.content.reveal() for file in spec.secrets if file.name == name)


def _networks(spec: ContainerSpec) -> list[str]:
    return [attachment.network for attachment in spec.attachments]


def _replace_database(declared: Service, database: Database) -> Service:
    return replace(declared, database=database)
