"""Lines that belong together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msctl.telemetry.loglines.grouping import MOST_LINES, Entry, Grouper

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)

PYTHON = """\
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    f()
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
    raise RuntimeError("no") from None
RuntimeError: no"""
JAVA = """\
Exception in thread "main" java.lang.IllegalStateException: no
\tat Main.main(Main.java:3)
Caused by: java.io.IOException: disk
\tat Main.read(Main.java:9)
\t... 1 more"""
GO = """\
panic: runtime error: index out of range

goroutine 1 [running]:
main.main()
\t/app/main.go:5 +0x1d
exit status 2"""


def grouped(*lines: str, gap: float = 0.001) -> list[str]:
    grouper = Grouper()
    found: list[Entry] = []
    for number, line in enumerate(lines):
        found += grouper.add(BEGIN + timedelta(seconds=number * gap), "stderr", line)
    return [entry.text for entry in (*found, *grouper.flush())]


@pytest.mark.parametrize("report", [PYTHON, JAVA, GO], ids=["python", "java", "go"])
def test_a_crash_report_is_one_entry(report: str) -> None:
    assert grouped("2026 before", *report.splitlines(), "2026 after") == ["2026 before", report, "2026 after"]


def test_a_traceback_belongs_to_the_error_before_it() -> None:
    lines = ("ERROR:root:failed", *PYTHON.splitlines()[:4])
    assert grouped(*lines, "INFO next") == ["\n".join(lines), "INFO next"]
    assert len(grouped("INFO ready", *PYTHON.splitlines()[:4])) == 2
    assert len(grouped(*lines, gap=5)) == 2


def test_lines_of_json_stay_apart() -> None:
    lines = ['{"a": 1}', '  {"a": 2}', "  indented"]
    assert grouped(*lines) == lines


def test_json_written_for_people_is_one_entry() -> None:
    lines = ("{", '  "a": [', "    {", "    }", "  ]", "}")
    assert grouped("x", *lines, "y") == ["x", "\n".join(lines), "y"]


def test_what_follows_an_exception_is_no_part_of_it() -> None:
    lines = PYTHON.splitlines()[:4]
    assert grouped(*lines, "", "ready") == ["\n".join([*lines, ""]), "ready"]


def test_streams_do_not_mix() -> None:
    grouper = Grouper()
    list(grouper.add(BEGIN, "stderr", "Traceback (most recent call last):"))
    assert list(grouper.add(BEGIN, "stdout", "fine")) == []
    list(grouper.add(BEGIN, "stderr", "  File"))
    assert {(e.stream, e.text) for e in grouper.flush()} == {
        ("stdout", "fine"),
        ("stderr", "Traceback (most recent call last):\n  File"),
    }


def test_one_stream_can_be_given_out_alone() -> None:
    grouper = Grouper()
    list(grouper.add(BEGIN, "stdout", "line"))
    list(grouper.add(BEGIN, "stderr", "other"))
    assert [e.text for e in grouper.flush("stdout")] == ["line"]
    assert [e.text for e in grouper.flush("stdout")] == []
    assert [e.text for e in grouper.flush()] == ["other"]


def test_an_endless_report_is_cut() -> None:
    assert len(grouped(*(["start"] + ["  more"] * MOST_LINES))) == 2


@given(
    st.lists(
        st.sampled_from([*PYTHON.splitlines(), *GO.splitlines(), "", "{}", "{", "}", "x", "  y"]), max_size=40
    )
)
def test_no_line_is_lost_or_moved(lines: list[str]) -> None:
    assert "\n".join(grouped(*lines)).split("\n") == (lines or [""])
