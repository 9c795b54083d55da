"""Unit: passwords are made once, kept, and readable by their owner alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivr.place.credentials import CredentialsUnusable, load_credentials, load_token, open_to_others


def test_a_phone_keeps_its_password_when_another_is_added(tmp_path: Path) -> None:
    first = load_credentials(tmp_path, ["desk1"])
    second = load_credentials(tmp_path, ["desk1", "desk2"])
    assert second.ami == first.ami
    assert second.phones["desk1"] == first.phones["desk1"] != second.phones["desk2"]


def test_files_with_secrets_are_private_and_secrets_never_show(tmp_path: Path) -> None:
    credentials = load_credentials(tmp_path, ["desk1"])
    token, file = load_token(tmp_path)
    assert token not in repr(credentials)
    assert credentials.ami not in repr(credentials)
    for path in (file, tmp_path / "passwords.json"):
        assert path.stat().st_mode & 0o077 == 0
    assert load_token(tmp_path)[0] == token


def test_a_broken_file_is_named_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    path.write_text("{ half")
    with pytest.raises(CredentialsUnusable, match="mend its rights, or delete it"):
        load_credentials(tmp_path, ["desk1"])
    assert path.read_text() == "{ half"


@pytest.mark.parametrize(
    "word",
    [
        "a\n[evil]\ntype = endpoint",
        "before;after",
        "with blank",
        "end\\",
        "ü" * 20,
        "x" * 129,
        471_147_114,
        ["x"],
    ],
)
@pytest.mark.parametrize("entry", ["ami", "phone desk1"])
def test_a_password_that_asterisk_would_read_otherwise_is_named_and_not_told(
    tmp_path: Path, word: object, entry: str
) -> None:
    path = tmp_path / "passwords.json"
    path.write_text(json.dumps({entry: word}))
    with pytest.raises(
        CredentialsUnusable, match=f"'{entry}' is no password.*take the entry out"
    ) as raised:
        load_credentials(tmp_path, ["desk1"])
    assert str(word) not in str(raised.value)
    assert json.loads(path.read_text()) == {entry: word}


def test_an_empty_token_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "token").touch(mode=0o644)
    token, file = load_token(tmp_path)
    assert len(token) >= 16
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("held", [b"\n", b"short\n", b"\xff\xfe" * 20, b"two\nlines" * 9])
def test_a_token_that_cannot_be_one_is_named_and_not_overwritten(
    tmp_path: Path, held: bytes
) -> None:
    path = tmp_path / "token"
    path.write_bytes(held)
    with pytest.raises(CredentialsUnusable, match=r"at least 16 characters.*delete it") as raised:
        load_token(tmp_path)
    assert "short" not in str(raised.value)
    assert path.read_bytes() == held


def test_files_whose_rights_were_widened_are_told_and_no_secret_with_them(tmp_path: Path) -> None:
    assert open_to_others(tmp_path) == ()
    load_credentials(tmp_path, ["desk1"])
    token, file = load_token(tmp_path)
    assert open_to_others(tmp_path) == ()
    file.chmod(0o644)
    (note,) = open_to_others(tmp_path)
    assert note.startswith(f"others may read or write {file} (mode 0644, expected 0600)")
    assert token not in note
    (tmp_path / "passwords.json").chmod(0o640)
    assert len(open_to_others(tmp_path)) == 2
