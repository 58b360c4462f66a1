"""Files that a running process reads again, each with a mark that says which content it has taken up."""

from __future__ import annotations

from msctl.model.desired import SecretFile
from msctl.model.secret import Secret
from msctl.plan.confighash import content_digest

_MARK = ".applied"


def live_file(name: str, content: str) -> tuple[SecretFile, SecretFile]:
    """The file and its mark.

    The mark is delivered after the process has read the file, so an update that is cut off in between
    is seen as not done.
    """
    file = SecretFile(name, Secret(content), live=True)
    return file, SecretFile(f"{name}{_MARK}", Secret(content_digest(file.content)), live=True)


def is_mark(file: SecretFile) -> bool:
    """Whether ``file`` only tells that another one was taken up."""
    return file.name.endswith(_MARK)
