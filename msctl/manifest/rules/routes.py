"""Rules for the gateway's routes, and for the scopes that routes and clients name."""

from __future__ import annotations

from collections.abc import Iterable

from msctl.manifest import similar
from msctl.manifest.cors import check_origins
from msctl.manifest.faults import Fault
from msctl.manifest.nodes import Mapping, Node, Path, Scalar, child, entries, text
from msctl.manifest.paths import Template, parse_template, placeholders
from msctl.manifest.rules.aggregates import check_aggregate
from msctl.manifest.rules.context import Context, is_given, mentions

_TARGETS = ("service", "services", "aggregate")
_Taken = dict[tuple[str, str, tuple[str, ...]], dict[str, int]]
_ANY = "*"
_TAKEN_CLIENTS = frozenset({"gateway", "operator"})


def check_routes(context: Context) -> None:
    """Every rule, for every route."""
    taken: _Taken = {}
    scopes = _declared_scopes(context)
    for node, path in context.routes():
        template = _template(node.get("path"))
        _targets(context, node, path)
        _rewrite(context, node, path, template)
        _cors(context, node.get("cors"), (*path, "cors"))
        check_aggregate(context, node.get("aggregate"), (*path, "aggregate"), template)
        _scopes(context, node.get("scopes"), (*path, "scopes"), scopes)
        context.no_repeats(mentions(node.get("methods"), (*path, "methods")))
        if template is not None:
            _clash(context, node, path, template, taken)
    for name, entry in entries(child(context.root, "auth", "clients")):
        if name in context.names or name in _TAKEN_CLIENTS:
            what = f"'{name}' cannot be the name of a client"
            hint = "services and parts of the platform are clients of their own: choose another name"
            context.findings.on(entry.key, ("auth", "clients", name), what, hint)
        place = ("auth", "clients", name, "scopes")
        _scopes(context, child(entry.value, "scopes"), place, scopes)


def check_clashes(context: Context, routes: Iterable[tuple[Mapping, Path]]) -> None:
    """Report every route that answers what an earlier one answers; for documents of routes alone."""
    taken: _Taken = {}
    for node, path in routes:
        template = _template(node.get("path"))
        if template is not None:
            _clash(context, node, path, template, taken)


def check_exposure(context: Context) -> None:
    """Warn of a gateway that strangers reach without TLS."""
    bind = child(context.root, "gateway", "bind")
    address = text(bind)
    local = address is None or address.startswith("127.") or address == "::1"
    if bind is not None and not local and not is_given(child(context.root, "gateway", "tls")):
        what = "the gateway is reached from other machines without TLS"
        context.warnings.on(bind, ("gateway", "bind"), what, "give it a certificate: gateway.tls")


def _template(node: Node | None) -> Template | None:
    try:
        return parse_template(text(node)) if text(node) is not None else None
    except Fault:
        return None


def _targets(context: Context, node: Mapping, path: Path) -> None:
    context.exactly_one(node, (node, path), _TARGETS, "such as service: NAME")
    for key in ("service", "services"):
        for mention in mentions(node.get(key), (*path, key)):
            context.require_service(mention)
    weights = [entry.value for _, entry in entries(node.get("services"))]
    if weights and all(isinstance(weight, Scalar) and weight.value == 0 for weight in weights):
        place = (*path, "services")
        context.findings.on(
            node.entries["services"].key, place, "all weights are 0", "give one service a weight"
        )


def _rewrite(context: Context, node: Mapping, path: Path, template: Template | None) -> None:
    rewrite = node.get("rewrite")
    written = text(rewrite)
    if rewrite is None or written is None or template is None:
        return
    for name in placeholders(written):
        if name not in template.parameters:
            known = ", ".join(template.parameters) or "none"
            hint = similar.known(name, template.parameters, f"parameters of the path: {known}")
            what = f"the path has no parameter '{name}'"
            context.findings.on(rewrite, (*path, "rewrite"), what, hint)


def _cors(context: Context, node: Node | None, path: Path) -> None:
    credentials = child(node, "credentials")
    if not isinstance(credentials, Scalar):
        return
    origins = [mention.name for mention in mentions(child(node, "origins"), path)]
    try:
        check_origins(origins, credentials.value in (True, "on", "yes"))
    except Fault as fault:
        context.findings.on(credentials, (*path, "credentials"), fault.what, fault.hint)


def _declared_scopes(context: Context) -> list[str]:
    nodes = [child(entry.value, "scopes") for _, entry, _ in context.services()]
    return [mention.name for node in nodes for mention in mentions(node, ())]


def _scopes(context: Context, node: Node | None, path: Path, declared: list[str]) -> None:
    wanted = mentions(node, path)
    context.no_repeats(wanted)
    if not context.names:
        return
    for scope in wanted:
        if scope.name not in declared:
            what = f"no service has the scope '{scope.name}'"
            hint = similar.known(scope.name, declared, "declare it under services.NAME.scopes")
            context.findings.on(scope.node, scope.path, what, hint)


def _clash(context: Context, node: Mapping, path: Path, template: Template, taken: _Taken) -> None:
    methods = [mention.name for mention in mentions(node.get("methods"), ())] or [_ANY]
    hosts = [mention.name.lower() for mention in mentions(node.get("hosts"), ())] or [_ANY]
    headers = tuple(
        sorted(f"{name.lower()}={getattr(e.value, 'text', '')}" for name, e in entries(node.get("headers")))
    )
    line = node.entries["path"].key.line
    for host in hosts:
        others = taken.setdefault((template.shape, host, headers), {})
        if (first := _overlap(methods, others)) is not None:
            what = f"the route in line {first} answers the same requests"
            hint = "tell them apart by path, methods, hosts or headers"
            context.findings.on(node.entries["path"].value, (*path, "path"), what, hint)
            return
    for host in hosts:
        taken[template.shape, host, headers].update(dict.fromkeys(methods, line))


def _overlap(methods: list[str], others: dict[str, int]) -> int | None:
    if _ANY in others:
        return others[_ANY]
    if _ANY in methods:
        return min(others.values(), default=None)
    return next((others[method] for method in methods if method in others), None)
