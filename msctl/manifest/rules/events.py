"""Events that nobody publishes or nobody consumes: allowed, since strangers may, but worth a word."""

from __future__ import annotations

from msctl.manifest import similar
from msctl.manifest.nodes import Mapping
from msctl.manifest.rules.context import Context, Mention, mentions
from msctl.manifest.rules.services import patterns
from msctl.manifest.topics import matches

_MOST_PAIRS = 500_000


def check_events(context: Context) -> None:
    """Warn of subscriptions without a publisher and of the reverse, unless there are too many to compare."""
    published: list[Mention] = []
    subscribed: list[Mention] = []
    for _, entry, path in context.services():
        if isinstance(entry.value, Mapping):
            published += mentions(entry.value.get("publishes"), (*path, "publishes"))
            subscribed += patterns(entry.value, path)
    types = {mention.name for mention in published}
    wanted = {mention.name for mention in subscribed}
    if len(types) * len(wanted) > _MOST_PAIRS:
        return
    heard = {(pattern, name) for pattern in wanted for name in types if matches(pattern, name)}
    silent = wanted - {pattern for pattern, _ in heard}
    unheard = types - {name for _, name in heard}
    for mention in subscribed:
        if mention.name in silent:
            hint = similar.known(mention.name, sorted(types), "publishes names what a service publishes")
            context.warnings.on(mention.node, mention.path, f"no service publishes '{mention.name}'", hint)
    for mention in published:
        if mention.name in unheard:
            what = f"no service subscribes to '{mention.name}'"
            hint = similar.known(mention.name, sorted(silent), "nobody will see these events")
            context.warnings.on(mention.node, mention.path, what, hint)
