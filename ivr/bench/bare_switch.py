"""An Asterisk with our configuration and no service, as a rival's house, ended with the bench."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from ivr import resources
from ivr.asterisk.account import ordinary_account
from ivr.asterisk.config import Secrets, render
from ivr.asterisk.folders import make_folders
from ivr.asterisk.install import Asterisk, InstallFailed, find_asterisk, install
from ivr.asterisk.process import SwitchFailed, SwitchProcess
from ivr.bench.progress import Tell
from ivr.bench.site import BenchFailed
from ivr.private_files import read_plain, write_private
from ivr.settings import Settings


@asynccontextmanager
async def bare_switch(
    folder: Path,
    settings: Settings,
    secrets: Secrets,
    changed: Mapping[str, Callable[[str], str]],
    tell: Tell,
    *,
    prompts: Path | None = None,
    music: Path | None = None,
) -> AsyncIterator[SwitchProcess]:
    """Such an Asterisk in this folder; `changed` makes of a file's text what it is to be.

    Without `prompts` and `music` it has none. Raises `BenchFailed`.
    """
    asterisk, account = _asterisk(tell), ordinary_account(folder)
    prompts, music = prompts or folder / "prompts", music or folder / "music"
    for each in (prompts, music):
        each.mkdir(exist_ok=True)
    folders, _ = make_folders(folder, account, asterisk)
    render(
        settings,
        secrets,
        asterisk,
        folders,
        templates=resources.asterisk_conf(),
        prompts=prompts,
        music=music,
        readers=account.readers,
        when_down={},
    )
    for name, change in changed.items():
        file = folders.etc / name
        write_private(file, change((read_plain(file) or b"").decode()), group=account.readers)
    process = SwitchProcess(asterisk, folders, account)
    try:
        process.start()
        await process.wait_booted()
        yield process
    except SwitchFailed as error:
        raise BenchFailed(str(error)) from None
    finally:
        await process.stop()


def _asterisk(tell: Tell) -> Asterisk:
    cache = resources.cache_folder()
    try:
        if (found := find_asterisk(None, cache)) is None:
            install(cache, tell)
            found = find_asterisk(None, cache)
    except InstallFailed as error:
        raise BenchFailed(str(error)) from None
    if found is None:
        raise BenchFailed("there is no Asterisk, and none could be fetched")
    return found
