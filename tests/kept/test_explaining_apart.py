"""Explanations over the API, of a real journal, made in a process of their own."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli import app
from ivr.explanations.apart import ExplainApart
from ivr.place.place import Place
from queues.ids import CallId
from queues.store import StoreUnavailable
from tests.api.service import Service
from tests.kept.test_journal_commands import a_call, opened, write_a_day
from tests.kept.test_journal_commands import place as place

PATH = "/api/v1/calls/{}/explanation"


def apart(place: Place) -> ExplainApart:
    folder = place.run_folder / "store"
    return ExplainApart(f"sqlite:///{folder}/store.db", folder / "journal", "Europe/Berlin")


async def test_a_call_is_explained_as_the_command_does_while_the_service_writes(
    place: Place,
) -> None:
    with opened(place) as kept:
        write_a_day(kept)
        call = a_call(place)
        async with Service(explain=apart(place)).signed_in() as client:
            answer = await client.get(PATH.format(call))
    words = ["explain", call, "--json", "--settings", str(place.settings_file)]
    told = json.loads(CliRunner().invoke(app, words).stdout)
    assert answer.status_code == 200
    found = answer.json()
    assert found["waited"] == told["waited"]
    assert [entry["anew"] for entry in found["entries"]] == [e["anew"] for e in told["entries"]]
    assert [each["why"] for each in found["wait"]] == [each["why"] for each in told["wait"]]


async def test_a_call_of_which_nothing_is_known_is_none_whatever_is_asked(place: Place) -> None:
    with opened(place) as kept:
        write_a_day(kept)
    async with Service(explain=apart(place)).signed_in() as client:
        for name in ("1700000000.99", "--help", "anna%27--"):
            answer = await client.get(PATH.format(name))
            assert (answer.status_code, answer.json()["code"]) == (404, "call-unknown")


async def test_a_store_that_cannot_be_read_is_said_to_be(place: Place) -> None:
    async with Service(explain=apart(place)).signed_in() as client:
        answer = await client.get(PATH.format("c1"))
    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
    with pytest.raises(StoreUnavailable):
        await apart(place)(CallId("c1"))


async def test_who_asks_no_more_leaves_no_process_behind(place: Place) -> None:
    with opened(place) as kept:
        write_a_day(kept)
    before = children()  # of other tests in this process
    asking = asyncio.create_task(apart(place)(CallId("c1")))
    while not (started := children() - before):  # noqa: ASYNC110  (a process of another has no event)
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    async with asyncio.timeout(20):
        while started & children():  # noqa: ASYNC110  (a process of another has no event)
            await asyncio.sleep(0.01)


def children() -> set[str]:
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    return set(listed.split())
