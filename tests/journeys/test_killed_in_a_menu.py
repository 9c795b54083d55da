"""Journeys: the service is killed while callers are in menus; they are never left in silence."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from ivr.caller import sound
from ivr.caller.hearing import Ear
from ivr.caller.library import Library, read_prompts
from tests.audio.calls import Caller
from tests.journeys.people import caller, kill, settled, start_again, until
from tests.journeys.service import Service, kept_dialogues, running_service

SILENT_S = 2.0  # from the kill to the menu; in a prompt there are pauses of half a second
MENU = "Für die Zeiten drücken Sie die Eins."
PLAN = f"""
language: de
start: main
human: human
defaults: {{wait_s: 30, tries: 2, no_input: again, wrong_key: again, otherwise: human,
           then: bye, refused: bye}}
prompts:
  menu: {MENU}
  hours: Immer von acht bis acht. Zurück mit der Eins.
  again: Bitte noch einmal.
  bye: Auf Wiederhören.
nodes:
  main: {{menu: menu, keys: {{1: hours}}}}
  hours: {{menu: hours, keys: {{1: main}}}}
  human: {{queue: service}}
  bye: {{goodbye: bye}}
"""
CHANGED = PLAN.replace(MENU, MENU.replace("Eins", "Zwei")).replace("{1: hours}", "{2: hours}")


def heard(who: Caller, service: Service, language: str, since_s: float) -> list[str]:
    """The prompts that this caller heard from then on, also those of earlier dialplans."""
    ear = Ear(Library(read_prompts(Path(service.run.prompts), language)))
    packets = [samples for at, samples in who.packets if at > since_s]
    ear.feed(np.concatenate([*packets, np.zeros(sound.RATE, np.float32)]))
    ear.finish()
    return [each.prompt for each in ear.heard]


def longest_silence(who: Caller, since_s: float, until_s: float) -> float:
    """The longest time without sound between the two."""
    loud = [at for at, samples in who.packets if sound.loudness(samples) > 0.003]
    times = np.array([since_s, *(at for at in loud if since_s < at < until_s), until_s])
    return float(np.diff(times).max())


async def test_who_is_listened_to_hears_music_at_once_and_then_the_menu(folder: Path) -> None:
    with running_service(folder) as service:
        async with caller(service, "300") as who:
            await until(lambda: kept_dialogues(service, "main") == 1)
            await asyncio.sleep(1.5)  # so that the menu is heard, and cannot be over
            killed_s = asyncio.get_running_loop().time()
            await asyncio.to_thread(kill, service)
            following = await asyncio.to_thread(start_again, service)
            await until(lambda: settled(following))
            await until(lambda: "main_menu" in heard(who, following, "ko", killed_s))
            spoken_s = asyncio.get_running_loop().time()
            assert longest_silence(who, killed_s, spoken_s) < SILENT_S
            assert not who.phone.ended.is_set()


def kept_plans(service: Service) -> int:
    path = service.folder / ".freizeichen/store/store.db"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
        found: int = database.execute("SELECT count(*) FROM dialplans").fetchone()[0]
    return found


async def test_a_changed_dialplan_is_for_new_callers_and_who_was_in_a_menu_goes_on_in_it(
    folder: Path,
) -> None:
    file = folder / "dialplans/de/main.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(PLAN)
    line = {"number": "100", "name": "German", "language": "de", "dialplan": "de/main.yaml"}
    with running_service(folder, dialplans=str(folder / "dialplans"), lines=[line]) as service:
        async with caller(service) as who:
            await until(lambda: kept_dialogues(service, "main") == kept_plans(service) == 1)
            await asyncio.to_thread(kill, service)
            file.write_text(CHANGED)
            killed_s = asyncio.get_running_loop().time()
            following = await asyncio.to_thread(start_again, service)
            await until(lambda: settled(following))
            await until(
                lambda: any(
                    name.startswith("earlier__") for name in heard(who, following, "de", killed_s)
                )
            )
            async with caller(following) as new:
                await until(lambda: kept_plans(following) == 2)
                await new.phone.press("2")
                await until(lambda: kept_dialogues(following, "hours") == 1)
                await who.phone.press("1")
                await until(lambda: kept_dialogues(following, "hours") == 2)
                await who.phone.hang_up()
                await until(lambda: kept_plans(following) == 1)
            await until(lambda: kept_plans(following) == 0)
        assert "Traceback" not in following.said()
