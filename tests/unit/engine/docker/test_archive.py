"""Archives of secrets, and who owns them."""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest

from msctl.engine.docker.archive import (
    Owner,
    digests,
    named_owner,
    numeric_owner,
    only_file,
    plain_files,
    replacements,
)
from msctl.model.desired import SecretFile
from msctl.model.secret import Secret

_FILES = (SecretFile("token", Secret("one")), SecretFile("url", Secret("zwölf")))
_OWNER = Owner(70, 71)
_PASSWD = "root:x:0:0::/:/bin/sh\npostgres:x:70:71::/:/bin/sh\nbroken\n"
_GROUP = "root:x:0:\nstaff:x:50:\n"


def _members(archive: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.getmembers()


def test_files_are_their_owners_alone() -> None:
    assert [(m.name, m.mode, m.uid, m.gid) for m in _members(plain_files(_FILES, _OWNER))] == [
        ("token", 0o400, 70, 71),
        ("url", 0o400, 70, 71),
    ]


def test_a_replacement_is_complete_before_its_name_leads_to_it() -> None:
    content, link = _members(replacements(_FILES[:1], _OWNER, b""))
    assert content.isreg()
    assert (content.mode, content.uid, content.gid) == (0o400, 70, 71)
    assert link.issym()
    assert (link.name, link.linkname) == ("token", content.name)


def test_replacements_take_turns_under_two_hidden_names() -> None:
    archives = [plain_files(_FILES, _OWNER)]
    for _ in range(4):
        archives.append(replacements(_FILES, _OWNER, archives[-1]))
    names = [[m.name for m in _members(archive) if m.isreg()] for archive in archives[1:]]
    assert names[0] == names[2] != names[1] == names[3]
    assert not set(names[0]) & set(names[1])


@pytest.mark.parametrize("archive", [plain_files(_FILES, _OWNER), replacements(_FILES, _OWNER, b"")])
def test_digests_are_of_contents(archive: bytes) -> None:
    assert digests(archive) == {
        "token": hashlib.sha256(b"one").hexdigest(),
        "url": hashlib.sha256("zwölf".encode()).hexdigest(),
    }


def test_an_account_file_is_read_from_its_archive() -> None:
    assert only_file(plain_files((SecretFile("passwd", Secret(_PASSWD)),), _OWNER)) == _PASSWD


@pytest.mark.parametrize(
    ("user", "owner"),
    [("", Owner(0, 0)), ("5:6", Owner(5, 6)), ("5", None), ("app", None), ("5:staff", None)],
)
def test_some_users_need_no_looking_up(user: str, owner: Owner | None) -> None:
    assert numeric_owner(user) == owner


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        ("postgres", Owner(70, 71)),
        ("70", Owner(70, 71)),
        ("postgres:staff", Owner(70, 50)),
        ("999", Owner(999, 0)),
        ("999:staff", Owner(999, 50)),
        ("postgres:12", Owner(70, 12)),
        ("nobody", Owner(0, 0)),
    ],
)
def test_others_are_looked_up_as_the_engine_does(user: str, owner: Owner) -> None:
    assert named_owner(user, _PASSWD, _GROUP) == owner
