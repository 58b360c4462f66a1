"""Arguments for mmdebstrap: how a Debian root is made, as values.

mmdebstrap runs the apt of this machine, so mirrors, logins, keys, proxies and certificates are used
where they are and never enter the root; what it must write there for a while is removed at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from msctl.engine.images.apt_settings import SUITE, AptSource
from msctl.engine.images.recipe import Recipe

KEPT_SOURCES = "etc/apt/sources.used"
_APT_OPTIONS = "/etc/apt/apt.conf.d/98machine"
_STAGE = "/stage"
_ENTRYPOINT = f"install -m 0755 {_STAGE}/entrypoint /usr/local/bin/docker-entrypoint.sh"
_EMPTY_DEV = 'mkdir -p "$1"/dev'
"""Where devices cannot be made (in a container), the machine's own are mounted, which needs the folder."""

_TRACES = (
    *("etc/apt/apt.conf.d/99mmdebstrap", "etc/apt/apt.conf.d/98machine", "etc/dpkg/dpkg.cfg.d/99mmdebstrap"),
    *("etc/apt/sources.list.d/*", "etc/hostname", "etc/resolv.conf", "var/log/*.log", "var/log/apt/*"),
)


@dataclass(frozen=True, slots=True)
class RootInputs:
    """Files that one run reads: apt options, the base root, a folder named ``stage`` to be put into it."""

    apt_options: Path
    base: Path | None = None
    stage: Path | None = None


def base_command(recipe: Recipe, inputs: RootInputs, *, default_mirror: bool) -> Sequence[str]:
    """Make the smallest root that has apt, on stdout; sources come on stdin unless the default is taken."""
    return [
        *_common(recipe, inputs, variant="apt"),
        _hook("customize", _keep_sources()),
        _hook("customize", _remove(_TRACES)),
        SUITE,
        "-",
        *([] if default_mirror else ["-"]),
    ]


def role_command(recipe: Recipe, inputs: RootInputs, sources: Sequence[AptSource]) -> Sequence[str]:
    """Put a role's packages upon the base root, on stdout; sources come on stdin."""
    setup = [f"--setup-hook=tar-in {quote(str(inputs.base))} /", _hook("setup", _EMPTY_DEV)]
    if recipe.prepare:
        setup.append(_hook("setup", _inside(recipe.prepare)))
    stage = [f"--customize-hook=copy-in {quote(str(inputs.stage))} /"]
    public = "".join(f"{source.public_line}\n" for source in sources if source.suite.startswith(SUITE))
    finish = [_ENTRYPOINT, recipe.finish] if recipe.entrypoint else [recipe.finish]
    return [
        *_common(recipe, inputs, variant="custom", setup=setup),
        *stage,
        *(_hook("customize", _inside(script)) for script in finish),
        _hook("customize", _remove([*_TRACES, KEPT_SOURCES, _STAGE.lstrip("/")])),
        _hook("customize", f'printf %s {quote(public)} > "$1"/etc/apt/sources.list'),
        SUITE,
        "-",
        "-",
    ]


def tool_environment(path: str, temporary: str | None, proxies: Mapping[str, str]) -> Mapping[str, str]:
    """Environment of the tool and of everything that runs in the root: nothing of ours but proxies."""
    fixed = {"PATH": f"{path}:/usr/sbin:/sbin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
    return {**fixed, **({"TMPDIR": temporary} if temporary else {}), **proxies}


def _common(recipe: Recipe, inputs: RootInputs, variant: str, setup: Sequence[str] = ()) -> Sequence[str]:
    return [
        "mmdebstrap",
        f"--variant={variant}",
        "--format=tar",
        "--skip=check/empty,cleanup/run,output/dev",
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in recipe.excludes),
        *setup,
        f"--setup-hook=upload {quote(str(inputs.apt_options))} {_APT_OPTIONS}",
        f"--include={','.join(recipe.packages)}",
    ]


def _keep_sources() -> str:
    return f'cat "$1"/etc/apt/sources.list > "$1"/{KEPT_SOURCES}; rm "$1"/etc/apt/sources.list'


def _inside(script: str) -> str:
    return f'chroot "$1" sh -euc {quote(script)}'


def _remove(paths: Iterable[str]) -> str:
    return " ".join(["rm -rf", *(f'"$1"/{path}' for path in paths)])


def _hook(stage: str, command: str) -> str:
    return f"--{stage}-hook={command}"
