"""Templates become files."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.errors import UsageError
from msctl.scaffold.rendering import identifier, render
from msctl.scaffold.templates import SHIPPED, Template, find_template, shipped


@pytest.fixture
def template(tmp_path: Path) -> Template:
    for name, text in {
        "{{module}}/main.txt.jinja": "\n\n{% if route %}at {{ route }}{% endif %}\n\n\n",
        "plain.txt": "{{ route }}",
        "empty.txt": "",
        "nothing.txt.jinja": "{% if false %}x{% endif %}\n",
        "dot_hidden": "h",
        "with_part.jinja": '{% include "_parts/part" %}',
        "_parts/part": "part of {{ module }}",
        "template.yaml": "description: mine\nevents: false\nmanifest: {health: {path: /ok}}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "plain.txt").chmod(0o755)
    return find_template(str(tmp_path), Path.cwd())


def test_names_and_contents_are_filled_in(template: Template) -> None:
    found = render(template, {"module": "mine", "route": "/api"})
    assert {name: one.content for name, one in found.items()} == {
        "mine/main.txt": b"at /api\n",
        "plain.txt": b"{{ route }}",
        "empty.txt": b"",
        ".hidden": b"h",
        "with_part": b"part of mine\n",
    }
    assert found["plain.txt"].executable
    assert not found["empty.txt"].executable


def test_a_template_says_what_it_can(template: Template) -> None:
    assert (template.description, template.events) == ("mine", False)
    assert template.manifest == {"health": {"path": "/ok"}}


def test_a_variable_that_does_not_exist_is_told_with_the_file(template: Template) -> None:
    with pytest.raises(UsageError, match=r"main\.txt\.jinja.*'route' is undefined"):
        render(template, {"module": "mine"})


@pytest.mark.parametrize("module", ["..", "", "a/../.."])
def test_no_name_leads_out_of_the_folder(template: Template, module: str) -> None:
    with pytest.raises(UsageError, match="leads elsewhere"):
        render(template, {"module": module, "route": None})


def test_a_template_cannot_reach_into_python(template: Template) -> None:
    (template.folder / "evil.jinja").write_text("{{ ''.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(UsageError, match="unsafe"):
        render(template, {"module": "m", "route": None})


@pytest.mark.parametrize("about", ["[]", "nonsense: 1", "events: maybe", "a: [", "description: 7"])
def test_a_wrong_description_is_told(template: Template, about: str) -> None:
    (template.folder / "template.yaml").write_text(about)
    with pytest.raises(UsageError, match=r"template\.yaml"):
        find_template(str(template.folder), Path.cwd())


def test_a_misspelt_template_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pyhton") as refused:
        find_template("pyhton", tmp_path)
    assert refused.value.hint == "did you mean 'python'?"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_template_describes_itself(name: str) -> None:
    assert shipped(name).description


@pytest.mark.parametrize(
    ("text", "word"), [("order.placed", "order_placed"), ("payment.*", "payment_any"), ("#", "all")]
)
def test_patterns_become_words(text: str, word: str) -> None:
    assert identifier(text) == word


@pytest.mark.parametrize("name", ["python", "fastapi", "node"])
def test_sources_are_copied_last_so_that_nothing_else_is_built_again(name: str) -> None:
    lines = dict(shipped(name).files())["Dockerfile.jinja"].read_text().splitlines()
    assert lines[-1] == "COPY . ."
    assert "USER 10001:10001" in lines
