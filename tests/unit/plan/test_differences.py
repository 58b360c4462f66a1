"""What changed about a container, field by field."""

from __future__ import annotations

from dataclasses import replace

from msctl.model.desired import ContainerSpec, SecretFile
from msctl.model.secret import Secret
from msctl.plan.differences import described, differences, summary

SPEC = ContainerSpec(
    "shop-web-1",
    "service",
    "shop/web:one",
    "sha256:1",
    environment={"COLOUR": "green"},
    secrets=(SecretFile("database_url", Secret("hunter2")),),
)


def test_each_changed_field_is_told_with_its_values() -> None:
    new = replace(SPEC, image="shop/web:two", environment={"COLOUR": "blue", "SIZE": "9"}, stop_grace=3.0)
    found = {d.field: (d.old, d.new) for d in differences(described(SPEC), new)}
    assert found == {
        "image": ("shop/web:one", "shop/web:two"),
        "environment.COLOUR": ("green", "blue"),
        "environment.SIZE": (None, "9"),
        "stop_grace": ("10.0", "3.0"),
    }


def test_a_secret_is_changed_and_never_told() -> None:
    new = replace(SPEC, secrets=(SecretFile("database_url", Secret("letmein")),))
    (found,) = differences(described(SPEC), new)
    assert str(found) == "secrets.database_url: set → changed"
    assert "hunter2" not in described(SPEC)


def test_nothing_is_told_without_knowledge() -> None:
    for text in ("", "{", "[]", "{}"):
        assert differences(text, SPEC) == ()
    assert differences(described(SPEC), SPEC) == ()


def test_a_summary_is_short() -> None:
    new = replace(SPEC, environment={str(n): "x" * 200 for n in range(9)})
    text = summary(differences(described(SPEC), new))
    assert text.endswith("and 7 more")
    assert len(text) < 400
