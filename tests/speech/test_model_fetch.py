"""Fetching models from a site that misbehaves: a model appears whole, or nothing changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.speech.model_fetch import FetchUnderWay, fetch_model
from ivr.speech.models import ModelRefused, ModelSource, ModelUnreachable, model_faults
from tests.speech.model_site import FILES, NAME, Site, archive, running_site

_DEADLINE_S = 30.0
COMMAND = """
import sys
from ivr.speech.models import SOURCES, ModelSource
SOURCES["de"] = ModelSource("de", sys.argv[1], sys.argv[2], 1, site=sys.argv[3])
sys.argv[1:] = ["models", "fetch", "de"]
from ivr.command import main
main()
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site(Site()) as running:
        yield running


def well(_folder: Path) -> None:
    """A trial that every made-up model passes; real ones are tried in test_model_trial."""


def fetch(source: ModelSource, cache: Path) -> tuple[Path, bool]:
    return fetch_model(source, cache, trial=well, progress=lambda _done, _total: None)


def left(cache: Path) -> list[str]:
    """What lies in the folder of the models."""
    return sorted(path.name for path in (cache / "models").iterdir())


def broken_model(cache: Path) -> Path:
    folder = cache / "models" / NAME
    folder.mkdir(parents=True)
    (folder / "mine").write_text("old")
    return folder


def test_a_model_is_fetched_with_progress_and_found_again(site: Site, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    folder, fetched = fetch_model(
        site.source(), tmp_path, trial=well, progress=lambda *done: told.append(done)
    )
    assert (folder, fetched) == (tmp_path / "models" / NAME, True)
    assert told[-1] == (len(site.content), len(site.content))
    assert model_faults(folder) == ()
    assert fetch(site.source(), tmp_path) == (folder, False)
    assert (site.asked, left(tmp_path)) == (1, [NAME])


def test_a_broken_model_is_replaced(site: Site, tmp_path: Path) -> None:
    folder = broken_model(tmp_path)
    assert fetch(site.source(), tmp_path) == (folder, True)
    assert model_faults(folder) == ()
    assert not (folder / "mine").exists()
    assert left(tmp_path) == [NAME]


def test_a_model_that_is_whole_and_fails_its_trial_is_replaced(site: Site, tmp_path: Path) -> None:
    folder, _ = fetch(site.source(), tmp_path)
    (folder / "am/final.mdl").write_bytes(b"damaged")

    def trial(tried: Path) -> str | None:
        return "it is damaged" if (tried / "am/final.mdl").read_bytes() == b"damaged" else None

    assert fetch_model(
        site.source(), tmp_path, trial=trial, progress=lambda _done, _total: None
    ) == (folder, True)


def test_a_model_that_fails_its_trial_does_not_appear(site: Site, tmp_path: Path) -> None:
    old = broken_model(tmp_path)
    with pytest.raises(ModelRefused, match=f"{NAME} came whole, but Vosk cannot load it"):
        fetch_model(
            site.source(),
            tmp_path,
            trial=lambda _: "Vosk cannot load it",
            progress=lambda _done, _total: None,
        )
    assert (left(tmp_path), (old / "mine").read_text()) == ([NAME], "old")


def test_a_site_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with running_site(Site()) as gone:
        source = gone.source()
    with pytest.raises(ModelUnreachable) as raised:
        fetch(source, tmp_path)
    assert str(raised.value).startswith(f"{source.url} cannot be reached: ")
    assert "\n" not in str(raised.value)
    assert left(tmp_path) == []


def test_a_host_without_an_address_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreachable, match=r"cannot be reached: .+"):
        fetch(ModelSource("xx", NAME, "0" * 64, 1, site="https://models.invalid"), tmp_path)


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_site_that_says_no_is_quoted_with_its_status(
    site: Site, tmp_path: Path, status: int
) -> None:
    site.status = status
    with pytest.raises(ModelUnreachable, match=f"answered with status {status}"):
        fetch(site.source(), tmp_path)
    assert left(tmp_path) == []


def test_a_connection_cut_in_the_middle_leaves_the_old_folder_and_nothing_else(
    site: Site, tmp_path: Path
) -> None:
    old = broken_model(tmp_path)
    site.stop_after, site.cut = 100, True
    with pytest.raises(ModelUnreachable, match="cannot be reached"):
        fetch(site.source(), tmp_path)
    assert (left(tmp_path), (old / "mine").read_text()) == ([NAME], "old")


def test_another_checksum_than_the_pinned_one_is_refused_and_not_unpacked(
    site: Site, tmp_path: Path
) -> None:
    with pytest.raises(ModelRefused, match="was expected; it was not unpacked"):
        fetch(site.source(sha256="0" * 64), tmp_path)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (archive(extra={"../escaped": b"x"}), "outside its own folder"),
        (archive(*FILES[:2]), "graph/HCLr.fst is missing"),
        (archive()[:-40], "no archive"),
        (b"<html>", "no archive"),
    ],
)
def test_an_archive_that_is_no_model_leaves_nothing_behind(
    site: Site, tmp_path: Path, content: bytes, why: str
) -> None:
    site.content = content
    with pytest.raises(ModelRefused, match=why):
        fetch(site.source(), tmp_path)
    assert left(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_of_two_fetches_at_once_one_fetches_and_one_says_so(site: Site, tmp_path: Path) -> None:
    site.stop_after = 100
    first: list[tuple[Path, bool]] = []
    thread = threading.Thread(target=lambda: first.append(fetch(site.source(), tmp_path)))
    thread.start()
    assert site.stands.wait(_DEADLINE_S)
    with pytest.raises(FetchUnderWay, match="another fetch works in"):
        fetch(site.source(), tmp_path)
    site.go_on.set()
    thread.join(_DEADLINE_S)
    assert first == [(tmp_path / "models" / NAME, True)]
    assert fetch(site.source(), tmp_path)[1] is False


def test_what_a_killed_fetch_left_is_removed_by_the_next(site: Site, tmp_path: Path) -> None:
    (tmp_path / "models" / ".fetching.dead" / "unpacked").mkdir(parents=True)
    fetch(site.source(), tmp_path)
    assert left(tmp_path) == [NAME]


def command(site: Site, cache: Path) -> subprocess.Popen[str]:
    """The command itself, with this site in the place of Vosk's."""
    source = site.source("de")
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, source.name, source.sha256, source.site],
        cwd=cache,
        env=os.environ | {"FREIZEICHEN_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_in_the_middle_leaves_the_old_folder_and_nothing_else(
    site: Site, tmp_path: Path
) -> None:
    old = broken_model(tmp_path)
    site.stop_after = 100
    with command(site, tmp_path) as running:
        assert site.stands.wait(_DEADLINE_S)
        assert any(name.startswith(".fetching.") for name in left(tmp_path))
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=_DEADLINE_S)
    assert running.returncode != 0
    assert "Traceback" not in said
    assert (left(tmp_path), (old / "mine").read_text()) == ([NAME], "old")


def test_a_kill_in_the_middle_leaves_a_folder_that_the_next_fetch_removes(
    site: Site, tmp_path: Path
) -> None:
    site.stop_after = 100
    with command(site, tmp_path) as running:
        assert site.stands.wait(_DEADLINE_S)
        running.kill()
        running.communicate(timeout=_DEADLINE_S)
    assert any(name.startswith(".fetching.") for name in left(tmp_path))
    site.stop_after = None
    assert fetch(site.source(), tmp_path)[1] is True
    assert left(tmp_path) == [NAME]


def test_a_disk_that_takes_no_more_is_one_line_and_leaves_nothing(
    site: Site, tmp_path: Path
) -> None:
    site.content = archive(extra={f"{NAME}/large": os.urandom(400_000)})
    most = 100_000  # a file cannot grow beyond this, as on a full disk
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))"
    source = site.source("de")
    done = subprocess.run(
        [sys.executable, "-c", f"{limit}\n{COMMAND}", source.name, source.sha256, source.site],
        cwd=tmp_path,
        env=os.environ | {"FREIZEICHEN_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "File too large; make room there" in line
    assert "callers in this language use keys until it is there" in line
    assert left(tmp_path) == []
