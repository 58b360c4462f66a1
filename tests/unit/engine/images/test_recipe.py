"""Recipes and the arguments by which their roots are made."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from msctl.engine.images.apt_settings import AptSource
from msctl.engine.images.bootstrap import RootInputs, base_command, role_command, tool_environment
from msctl.engine.images.recipe import base_recipe, digest, load_recipe, root_hash
from msctl.engine.images.roles import ROLES
from msctl.engine.images.service import BASES

SOURCE = AptSource("https://ann:secret@mirror.test/debian", "bookworm")
INPUTS = RootInputs(Path("/cache/apt.conf"), Path("/cache/base.tar"), Path("/cache/stage"))


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_recipe_that_runs_as_the_roles_user(role: str) -> None:
    recipe = load_recipe(role)
    assert recipe.packages
    user = [line for line in recipe.configuration if line.startswith("USER ")]
    assert user == ([] if role in BASES else [f"USER {ROLES[role].user}"])
    data = ROLES[role].data
    assert data is None or data in recipe.finish


@pytest.mark.parametrize(
    "change",
    [
        {"packages": ("other",)},
        {"excludes": ("/x",)},
        {"suite": "trixie"},
        {"prepare": "true"},
        {"finish": "true"},
        {"entrypoint": "#!/bin/sh"},
        {"stage": (("hello.erl", "-module(hello)."),)},
        {"configuration": ("USER 1",)},
    ],
)
def test_whatever_changes_in_a_recipe_changes_its_hash(change: dict[str, Any]) -> None:
    recipe, base = load_recipe("redis"), base_recipe()
    assert root_hash(replace(recipe, **change), base) != root_hash(recipe, base)


def test_the_hash_covers_the_base_and_the_other_inputs_and_nothing_that_moves() -> None:
    recipe, base = load_recipe("redis"), base_recipe()
    assert root_hash(recipe, base) == root_hash(load_recipe("redis"), base_recipe())
    assert root_hash(recipe, replace(base, packages=("x",))) != root_hash(recipe, base)
    assert root_hash(recipe, base, ["certificate"]) != root_hash(recipe, base)


def test_file_names_may_be_of_any_bytes() -> None:
    names = [os.fsdecode(name) for name in (b"bad\xff", b"bad\xfe")]
    assert digest(names[0]) != digest(names[1])


def test_digest_keeps_its_parts_apart() -> None:
    assert digest("ab", "c") != digest("a", "bc")


def test_no_login_of_a_mirror_stands_on_the_command_line() -> None:
    commands = [
        base_command(base_recipe(), INPUTS, default_mirror=False),
        role_command(load_recipe("postgres"), INPUTS, [SOURCE]),
    ]
    assert all("secret" not in argument for command in commands for argument in command)


def test_what_is_lent_to_the_root_is_taken_out_again() -> None:
    command = role_command(load_recipe("registry"), INPUTS, [SOURCE, replace(SOURCE, suite="bullseye")])
    removal = next(argument for argument in command if argument.startswith("--customize-hook=rm -rf"))
    for trace in ("98machine", "99mmdebstrap", "sources.list.d", "stage"):
        assert trace in removal
    written = next(
        argument for argument in command if "etc/apt/sources.list" in argument and "printf" in argument
    )
    assert "deb https://mirror.test/debian bookworm main" in written
    assert "bullseye" not in written


def test_without_sources_the_tool_takes_its_own_default() -> None:
    usual = base_command(base_recipe(), INPUTS, default_mirror=True)
    assert usual[-2:] == ["bookworm", "-"]
    assert base_command(base_recipe(), INPUTS, default_mirror=False)[-3:] == ["bookworm", "-", "-"]


def test_the_tool_sees_proxies_and_nothing_else_of_our_environment() -> None:
    environment = tool_environment("/bin", None, {"https_proxy": "http://proxy.test"})
    assert set(environment) == {"PATH", "HOME", "LC_ALL", "https_proxy"}
