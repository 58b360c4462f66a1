"""Rules for an aggregate's calls: whom they call, what they wait for, what they use of each other."""

from __future__ import annotations

from msctl.manifest import similar
from msctl.manifest.faults import Fault
from msctl.manifest.nodes import Entry, Node, Path, child, entries, text
from msctl.manifest.paths import Template, parse_call
from msctl.manifest.rules.context import Context, Mention, mentions

_MOST_PARTS = 50


def check_aggregate(context: Context, node: Node | None, path: Path, template: Template | None) -> None:
    """Every rule for one aggregate."""
    parts = dict(entries(node))
    if node is not None and len(parts) > _MOST_PARTS:
        context.findings.on(node, path, f"{len(parts)} calls for one answer", f"at most {_MOST_PARTS}")
        return
    waits = {name: _waits(context, parts, name, path) for name in parts}
    circle = find_circle(waits)
    if circle:
        entry = parts[circle[0]]
        place = (*path, circle[0], "after")
        written = child(entry.value, "after") or entry.key
        what = "goes in a circle: " + " → ".join(circle)
        context.findings.on(written, place, what, "a part waits only for parts before it")
    for name, entry in parts.items():
        _call(context, name, entry, path, template, waits)


def _waits(context: Context, parts: dict[str, Entry], name: str, path: Path) -> list[str]:
    place = (*path, name, "after")
    wanted = mentions(child(parts[name].value, "after"), place)
    context.no_repeats(wanted)
    for mention in wanted:
        if mention.name not in parts:
            others = [part for part in parts if part != name]
            hint = similar.known(mention.name, others, "parts: " + ", ".join(others))
            context.findings.on(mention.node, mention.path, f"there is no part '{mention.name}'", hint)
    return [mention.name for mention in wanted if mention.name in parts]


def find_circle(waits: dict[str, list[str]]) -> list[str]:
    """The first circle, closed (``a, b, a``); empty if there is none. Without recursion: it may be long."""
    done: set[str] = set()
    for start in waits:
        trail: list[str] = []
        stack = [(start, 0)]
        while stack:
            name, depth = stack.pop()
            del trail[depth:]
            if name in trail:
                return [*trail[trail.index(name) :], name]
            if name in done:
                continue
            trail.append(name)
            ahead = [after for after in waits[name] if after not in done]
            if not ahead:
                done.add(name)
            stack.extend((after, depth + 1) for after in reversed(ahead))
        done.update(trail)
    return []


def _call(
    context: Context,
    name: str,
    entry: Entry,
    path: Path,
    template: Template | None,
    waits: dict[str, list[str]],
) -> None:
    node = child(entry.value, "call")
    place = (*path, name, "call")
    try:
        call = parse_call(text(node))
    except Fault:
        return
    assert node is not None  # noqa: S101
    context.require_service(Mention(call.service, node, place))
    for placeholder in call.placeholders:
        problem = _placeholder(placeholder, name, template, waits)
        if problem is not None:
            context.findings.on(node, place, *problem)


def _placeholder(
    placeholder: str, name: str, template: Template | None, waits: dict[str, list[str]]
) -> tuple[str, str] | None:
    part, dot, _ = placeholder.partition(".")
    if not dot:
        return _parameter(part, template)
    if part not in waits:
        hint = similar.known(part, [other for other in waits if other != name], "parts: " + ", ".join(waits))
        return f"there is no part '{part}'", hint
    if part not in _before(name, waits):
        return f"uses '{part}' without waiting for it", f"add 'after: {part}'"
    return None


def _parameter(name: str, template: Template | None) -> tuple[str, str] | None:
    if template is None or name in template.parameters:
        return None
    known = ", ".join(template.parameters) or "none"
    hint = similar.known(name, template.parameters, f"parameters of the path: {known}")
    return f"the path has no parameter '{name}'", hint


def _before(name: str, waits: dict[str, list[str]]) -> set[str]:
    """Every part that has answered when ``name`` is called."""
    found: set[str] = set()
    open_parts = list(waits[name])
    while open_parts:
        part = open_parts.pop()
        if part not in found:
            found.add(part)
            open_parts += waits[part]
    return found
