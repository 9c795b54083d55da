"""How personal values are sealed: under a key of their contact, which a master key wraps.

AES-256-GCM everywhere, with what a text belongs to as associated data, so that a ciphertext moved
to another row does not open. Index entries and the seals of the journal's rows (`seal.py`) are
HMAC-SHA256. Each use of a master key has a key of its own (HKDF-SHA256, RFC 5869).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from queues.store.key_file import KEY_BYTES, MasterKeys

_NONCE_BYTES: Final = 12


class SealBroken(Exception):
    """A text does not open under this key: it was altered, moved, or belongs to another key."""


class Envelope:
    """What the master keys are used for."""

    def __init__(self, keys: MasterKeys) -> None:
        self.versions = keys.versions
        self._wrap = {v: _derive(keys[v], b"wrap") for v in keys.versions}
        self._index = {v: _derive(keys[v], b"index") for v in keys.versions}
        self.journal_keys = tuple(_derive(keys[v], b"journal") for v in keys.versions)
        self._check = {v: _derive(keys[v], b"check").hex() for v in keys.versions}

    def check_value(self, version: int) -> str:
        """What tells a key from another without telling anything of it."""
        return self._check[version]

    def macs(self, kind: str, value: str) -> dict[bytes, int]:
        """The index entries of a value with the versions of their keys, the newest first."""
        text = f"{kind}\0{value}".encode()
        return {
            hmac.digest(self._index[version], text, hashlib.sha256): version
            for version in self.versions
        }

    def new_key(self, contact: str) -> tuple[int, bytes]:
        """Make a key for a contact; give it wrapped, with the version that wraps it."""
        version = self.versions[0]
        bound = f"freizeichen contact {version} {contact}".encode()
        return version, _seal(self._wrap[version], secrets.token_bytes(KEY_BYTES), bound)

    def seal(self, contact: str, version: int, wrapped: bytes, about: str, value: str) -> bytes:
        """Encrypt a value of a contact; raises `SealBroken` when its key does not open."""
        return _seal(self._unwrap(contact, version, wrapped), value.encode(), about.encode())

    def open(self, contact: str, version: int, wrapped: bytes, about: str, sealed: bytes) -> str:
        """Decrypt a value; raises `SealBroken`."""
        return _open(self._unwrap(contact, version, wrapped), sealed, about.encode()).decode()

    def _unwrap(self, contact: str, version: int, wrapped: bytes) -> bytes:
        if version not in self._wrap:
            raise SealBroken
        bound = f"freizeichen contact {version} {contact}".encode()
        return _open(self._wrap[version], wrapped, bound)


def _derive(key: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"freizeichen " + use).derive(key)


def _seal(key: bytes, text: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, bound)


def _open(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise SealBroken from None
