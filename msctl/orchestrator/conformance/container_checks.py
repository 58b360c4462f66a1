"""Checks of the container: whom it runs as, what it may do, how it keeps secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msctl.orchestrator.conformance.evidence import Evidence
from msctl.orchestrator.conformance.verdict import Check, Judged, expect, skipped

_SIGTERM = 15
_INITS = ("docker-init", "tini", "dumb-init", "catatonit", "s6-svscan")
_SECRET_MODES = ("400", "440", "600")
Facts = Mapping[str, Sequence[str]]


def _inside(judge: Callable[[Evidence, Facts], Judged]) -> Callable[[Evidence], Judged]:
    """Skip where nothing can be looked at from inside."""

    def judged(evidence: Evidence) -> Judged:
        if evidence.container is None:
            return skipped("the image has no shell to look with")
        return judge(evidence, evidence.container)

    return judged


def _first(facts: Facts, key: str) -> str:
    return next(iter(facts.get(key, ())), "")


def _user(_: Evidence, facts: Facts) -> Judged:
    uid = _first(facts, "uid")
    return expect(uid not in ("", "0"), f"uid {uid}", "it runs as root; add USER to the Dockerfile")


def _root(_: Evidence, facts: Facts) -> Judged:
    found = _first(facts, "root")
    return expect(found == "protected", "cannot be written to", "/ can be written to")


def _capabilities(_: Evidence, facts: Facts) -> Judged:
    found = _first(facts, "CapEff")
    return expect(bool(found) and int(found, 16) == 0, "none", f"capabilities {found}")


def _handles_sigterm(_: Evidence, facts: Facts) -> Judged:
    masks = [_first(facts, key) for key in ("SigCgt", "SigBlk")]
    well = any(int(mask or "0", 16) >> (_SIGTERM - 1) & 1 for mask in masks)
    if (name := _first(facts, "Name")) in _INITS:
        return "pass", f"{name} passes it on"
    return expect(well, "process 1 takes it", "process 1 ignores SIGTERM: use exec, or an init")


def _secret_files(_: Evidence, facts: Facts) -> Judged:
    found = [line.split(maxsplit=2) for line in facts.get("secret", ())]
    if not found:
        return skipped("it has no secrets")
    open_ones = [file for mode, _, file in found if mode not in _SECRET_MODES]
    return expect(
        not open_ones, f"{len(found)} files, for its user alone", f"readable by others: {open_ones}"
    )


def _no_leaks(_: Evidence, facts: Facts) -> Judged:
    leaked = sorted(set(facts.get("leaked", ())))
    return expect(not leaked, "nothing of them", f"{', '.join(leaked)} is in environment or arguments")


def _memory(evidence: Evidence) -> Judged:
    limit = evidence.service.resources.memory
    return expect(
        limit is not None, f"{(limit or 0) / 1024**2:.0f} MiB", "no resources.memory in the manifest", "warn"
    )


def _steady(evidence: Evidence) -> Judged:
    count = evidence.instance.restarts
    return expect(count == 0, "never restarted", f"restarted {count} times", "warn")


CHECKS = (
    Check("it runs as an ordinary user", "container", _inside(_user)),
    Check("the root file system is protected", "container", _inside(_root)),
    Check("it has no capabilities", "container", _inside(_capabilities)),
    Check("process 1 handles SIGTERM", "container", _inside(_handles_sigterm)),
    Check("secrets are files for its user alone", "container", _inside(_secret_files)),
    Check("no secret is in environment or arguments", "container", _inside(_no_leaks)),
    Check("its memory is limited", "container", _memory),
    Check("it runs steadily", "container", _steady),
)
