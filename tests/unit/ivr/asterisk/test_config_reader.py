"""Unit: Asterisk's files are read as Asterisk reads them, with includes and templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.asterisk.config_reader import (
    UNFOLLOWED,
    ConfigUnreadable,
    files_of,
    merged,
    read_sections,
)

MAIN = """\
; a comment
[base](!)
context = in        ; behind a value
password = a\\;b
;-- a block
context = gone
--;
[phone](base)
Context => out
[other](base)
[phone](+)
more=1
#include more.conf
#include "many/*.conf"
#tryinclude gone.conf
#exec /bin/ls
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.conf").write_text(text)


def test_sections_have_what_their_templates_have_and_what_is_added_later(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    write(tmp_path, main=MAIN, more="[third]\nenabled = yes\n")
    write(tmp_path / "many", a="[a]\n", b="[b]\nenabled = no\n")

    sections = read_sections(tmp_path, "main.conf")

    assert [each.name for each in sections] == ["other", "phone", "third", "a", "b"]
    phone = merged(sections, "phone")
    assert phone is not None
    assert phone.values("context") == ["in", "out"]
    assert phone.get("context") == "out"
    assert phone.get("password") == "a;b"
    assert phone.get("more") == "1"
    third, b = sections[2], sections[4]
    assert (third.is_on("enabled"), b.is_on("enabled")) == (True, False)
    assert b.is_on("else", default=True)
    assert third.file == tmp_path / "more.conf"
    assert b.values(UNFOLLOWED) == ["#exec /bin/ls"]
    assert [path.name for path in files_of(tmp_path, "main.conf")] == [
        "main.conf",
        "more.conf",
        "a.conf",
        "b.conf",
    ]


def test_a_file_that_is_not_there_has_no_sections(tmp_path: Path) -> None:
    assert read_sections(tmp_path, "ari.conf") == ()
    assert files_of(tmp_path, "ari.conf") == ()
    assert merged((), "general") is None


def test_an_include_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    write(tmp_path, main="[a]\n#include gone.conf\n")
    with pytest.raises(ConfigUnreadable, match=r"gone\.conf: No such file"):
        read_sections(tmp_path, "main.conf")


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    write(tmp_path, main="#include main.conf\n")
    with pytest.raises(ConfigUnreadable, match="includes itself"):
        read_sections(tmp_path, "main.conf")
