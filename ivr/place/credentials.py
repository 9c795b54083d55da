"""Passwords and the API's token, made at the first start; and the word a provider gave us."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.place.private_files import write_private
from ivr.settings.trunk import Trunk
from queues.token import SHORTEST_TOKEN

_LONGEST_PASSWORD: Final = 128
_PASSWORDS: Final = "passwords.json"
_TOKEN: Final = "token"  # noqa: S105  (a file's name)


class CredentialsUnusable(Exception):
    """The file with the passwords cannot be read or written; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The AMI secret and a password for each phone account."""

    ami: str
    phones: dict[str, str]

    def __repr__(self) -> str:
        return "Credentials(…)"


def passwords_file(folder: Path) -> Path:
    """Where a run folder holds the passwords."""
    return folder / _PASSWORDS


def load_credentials(folder: Path, phones: Iterable[str]) -> Credentials:
    """Read the passwords, making those that are missing; a phone keeps the password it has."""
    path = passwords_file(folder)
    try:
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        ami = known.get("ami") or _new()
        passwords = {name: known.get(f"phone {name}") or _new() for name in phones}
        for name, word in {"ami": ami, **{f"phone {n}": w for n, w in passwords.items()}}.items():
            if not _fits_a_file(word):
                raise CredentialsUnusable(
                    f"{path}: '{name}' is no password that Asterisk can read: expected a text of 1 "
                    f"to {_LONGEST_PASSWORD} visible characters of ASCII, without blanks, ';' and "
                    "'\\'; take the entry out to have a new one made"
                )
        stored = known | {"ami": ami} | {f"phone {name}": word for name, word in passwords.items()}
        if stored != known:
            write_private(path, json.dumps(stored, indent=1))
        return Credentials(ami, passwords)
    except (OSError, ValueError, AttributeError) as error:
        raise CredentialsUnusable(
            f"{path} cannot be used ({type(error).__name__}); mend its rights, or delete "
            "it to have new passwords made (phones must then be set up again)"
        ) from None


def trunk_password(trunk: Trunk | None) -> str | None:
    """The provider's password, from the environment or its file; None where there is none.

    Raises `CredentialsUnusable`, whose text never holds it.
    """
    if trunk is None:
        return None
    if trunk.password is not None:
        word = trunk.password.get_secret_value()
        return _fit(word, "FREIZEICHEN_TRUNK__PASSWORD")
    path = trunk.password_file
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o007:
                raise CredentialsUnusable(
                    f"trunk.password_file: {path} is open to everybody; chmod 600 or 640 it"
                )
            return _fit(file.read(_LONGEST_PASSWORD + 2).decode().rstrip("\r\n"), str(path))
    except OSError as error:
        raise CredentialsUnusable(
            f"trunk.password_file: {path} cannot be read ({error.strerror}) by the account that "
            "runs the service"
        ) from None
    except UnicodeDecodeError:
        raise CredentialsUnusable(f"trunk.password_file: {path} is not UTF-8 text") from None


def fits_a_trunk(word: str) -> bool:
    """Whether this can be a password of a provider: one line of visible characters."""
    return 0 < len(word) <= _LONGEST_PASSWORD and word.isprintable() and word == word.strip()


def _fits_a_file(word: object) -> bool:
    """Whether this can stand in Asterisk's configuration: ';' begins a comment there, a line break
    a setting."""
    return isinstance(word, str) and re.fullmatch(r"[!-:<-\[\]-~]{1,128}", word) is not None


def _fit(word: str, where: str) -> str:
    if fits_a_trunk(word):
        return word
    raise CredentialsUnusable(
        f"{where} holds no password that a provider gives: one line of 1 to {_LONGEST_PASSWORD} "
        "visible characters"
    )


def load_token(folder: Path) -> tuple[str, Path]:
    """The API's token and the file it lies in, made if missing or empty."""
    path = folder / _TOKEN
    try:
        if not path.exists() or not path.stat().st_size:
            write_private(path, _new() + "\n")
        token = path.read_text().strip()
    except OSError as error:
        raise CredentialsUnusable(f"{path} cannot be used: {error.strerror}") from None
    except ValueError:
        token = ""
    if len(token) < SHORTEST_TOKEN or not (token.isascii() and token.isprintable()):
        raise CredentialsUnusable(
            f"{path} cannot be used: expected at least {SHORTEST_TOKEN} characters of ASCII; "
            "delete it to have a new token made"
        )
    return token, path


def open_to_others(folder: Path) -> tuple[str, ...]:
    """What is to be told of those files whose rights were widened since they were made."""
    found = []
    for name in (_PASSWORDS, _TOKEN):
        path = folder / name
        try:
            mode = path.stat().st_mode & 0o777
        except OSError:
            continue  # whoever reads it tells
        if mode & 0o077:
            found.append(
                f"others may read or write {path} (mode {mode:04o}, expected 0600); take the "
                "rights away with chmod 0600, or delete it to have another made if somebody may "
                "have read it"
            )
    return tuple(found)


def _new() -> str:
    return secrets.token_urlsafe(24)
