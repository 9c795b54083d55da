"""API: `freizeichen agents` and `freizeichen queues` against the API on a socket, by its token."""

from __future__ import annotations

import asyncio
import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ivr.cli import app
from ivr.place.place import find_place
from ivr.place.runfile import RunFile, write_run_file
from tests.api.service import TOKEN, Service
from tests.journeys.service import write_settings


class Beside:
    """Commands beside a service that stands at `address`."""

    def __init__(self, folder: Path, address: str) -> None:
        self.settings = write_settings(folder, site={"zone": "UTC"})
        run_folder = find_place(self.settings).run_folder
        run_folder.mkdir()
        token = run_folder / "token"
        token.write_text(f"{TOKEN}\n")
        run = RunFile(os.getpid(), address, "127.0.0.1", 5060, str(token), "", "", (), (), ())
        write_run_file(run_folder, run)

    async def run(self, *words: str) -> Result:
        """One command; what a person would type."""
        given = [*words, "--settings", str(self.settings)]
        return await asyncio.to_thread(CliRunner().invoke, app, given)


async def test_agents_are_listed_with_state_queues_place_and_the_reason_of_a_pause(
    tmp_path: Path,
) -> None:
    service = Service()
    service.ready("a")
    async with service.served() as address:
        here = Beside(tmp_path, address)
        assert (await here.run("agents", "pause", "a", "--reason", "Mittagspause")).exit_code == 0
        listed = await here.run("agents")
        assert listed.exit_code == 0, listed.output
        head, anna, ben = listed.stdout.splitlines()
        assert head.split()[:4] == ["agent", "state", "since", "queues"]
        assert anna.split() == ["a", "paused", "0:00", "billing", "-", "p-a", "Mittagspause"]
        assert ben.split()[:3] == ["b", "signed", "out"]
        assert "p-b (unreachable)" in ben
        told = json.loads((await here.run("agents", "list", "--json")).stdout)
        assert [row["state"] for row in told["agents"]] == ["paused", "signed_out"]


async def test_an_agent_is_made_ready_paused_and_signed_out_by_commands(tmp_path: Path) -> None:
    service = Service()
    async with service.served() as address:
        here = Beside(tmp_path, address)
        ready = await here.run("agents", "ready", "b")
        assert ready.exit_code == 0
        assert ready.stdout == (
            "b is ready, but the phone at p-b cannot be reached: no call rings there\n"
        )
        for words, state in (
            (("agents", "pause", "b"), ("paused", "lunch")),
            (("agents", "ready", "b"), ("ready", None)),
            (("agents", "sign-out", "b"), ("signed_out", None)),
        ):
            done = await here.run(*words, "--json")
            assert done.exit_code == 0, done.output
            row = json.loads(done.stdout)
            assert (row["state"], row["reason"]) == state
            kept = service.dispatcher.view().agent("b")
            assert kept is not None
            assert (kept.state, kept.reason) == state


async def test_wrap_up_lasts_longer_by_a_command(tmp_path: Path) -> None:
    service = Service()
    service.talk_is_over("a")
    before = service.dispatcher.view().agent("a")
    async with service.served() as address:
        here = Beside(tmp_path, address)
        done = await here.run("agents", "wrap-up", "a", "--lasts", "200")
        assert (done.exit_code, done.stdout) == (0, "a is in wrap-up\n")
        after = service.dispatcher.view().agent("a")
        assert before is not None
        assert after is not None
        assert before.wrap_up_until is not None
        assert after.wrap_up_until == before.wrap_up_until + 170


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("agents", "ready", "nobody"), "there is no such agent; there are: a, b"),
        (("agents", "sign-out", "a/../b"), "there is no such agent; there are: a, b"),
        (("agents", "pause", "a"), "Agent is signed out"),
        (("agents", "pause", "a", "--reason", "tired"), "there are: lunch, Mittagspause"),
        (("agents", "wrap-up", "a", "--lasts", "60"), "Agent is not in wrap-up"),
        (("agents", "wrap-up", "a", "--lasts", "9999"), "Values refused"),
    ],
)
async def test_what_is_refused_is_told_and_ends_with_1(
    words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    service = Service()
    before = service.dispatcher.view()
    async with service.served() as address:
        done = await Beside(tmp_path, address).run(*words)
    assert done.exit_code == 1
    assert told in done.stderr
    assert done.stdout == ""
    assert service.dispatcher.view() == before


async def test_queues_are_listed_with_the_longest_wait_agents_and_limits(tmp_path: Path) -> None:
    service = Service()
    service.enter("one", "two")
    service.monotonic += 70
    service.ready("a")  # gets the first one
    async with service.served() as address:
        here = Beside(tmp_path, address)
        listed = await here.run("queues")
        assert listed.exit_code == 0, listed.output
        row = listed.stdout.splitlines()[1]
        assert row.split() == ["billing", "2", "1:11", "0", "1", "0", "0", "0", "1", "-", "open"]
        told = json.loads((await here.run("queues", "list", "--json")).stdout)
        assert told["queues"][0]["limits"] == {
            "most_waiting": None,
            "longest_wait_s": None,
            "needs_somebody": False,
        }


@pytest.mark.parametrize("words", [("agents",), ("queues",), ("agents", "ready", "a")])
async def test_without_a_service_they_say_so_and_end_with_1(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    here = Beside(tmp_path, "http://127.0.0.1:1")
    run_file = tmp_path / ".freizeichen" / "run.json"
    told = run_file.read_bytes()
    run_file.unlink()
    done = await here.run(*words)
    assert done.exit_code == 1
    assert "no service runs here" in done.stderr
    run_file.write_bytes(told)
    silent = await here.run(*words)
    assert silent.exit_code == 1
    assert "does not answer at http://127.0.0.1:1" in silent.stderr


async def test_the_own_service_is_asked_straight_whatever_proxy_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # nobody is there
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with Service().served() as address:
        here = Beside(tmp_path, address)
        for words in (("status",), ("agents",)):
            done = await here.run(*words)
            assert done.exit_code == 0, done.output


async def test_a_queue_is_closed_and_opened_by_commands(tmp_path: Path) -> None:
    service = Service(wall=time.time())
    service.enter("waits")
    async with service.served() as address:
        here = Beside(tmp_path, address)
        at = datetime.now(UTC) + timedelta(days=3)
        later = await here.run("queues", "close", "billing", "--at", f"{at:%Y-%m-%dT%H:%M}")
        assert later.exit_code == 0, later.output
        when = f"{at:%a %d %b %H:%M}"
        assert later.stdout == f"billing: open until {when} (closed by a supervisor from {when})\n"
        assert service.dispatcher.view().place("waits") == 1
        done = await here.run("queues", "close", "billing", "--by", "a", "--json")
        assert done.exit_code == 0, done.output
        row = json.loads(done.stdout)
        assert (row["open"], row["opens_at"], row["closed_by_hand"]["by"]) == (False, None, "a")
        assert service.dispatcher.view().place("waits") is None
        again = await here.run("queues", "open", "billing")
        assert (again.exit_code, again.stdout) == (0, "billing: open\n")
        twice = await here.run("queues", "open", "billing")
        assert twice.exit_code == 1
        assert "Queue is not closed by hand" in twice.stderr


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("close", "nobody"), 1, "there is no such queue; there are: billing"),
        (("close", "billing", "--by", "nobody"), 1, "No such agent"),
        (("close", "billing", "--until", "2001-01-01T00:00"), 1, "Times contradict"),
        (("close", "billing", "--at", "soon"), 2, "'soon' is no time"),
        (("close", "billing", "--at", "25:00"), 2, "'25:00' is no time"),
    ],
)
async def test_what_cannot_be_closed_is_told(
    words: tuple[str, ...], status: int, told: str, tmp_path: Path
) -> None:
    service = Service(wall=time.time())
    async with service.served() as address:
        done = await Beside(tmp_path, address).run("queues", *words)
    assert done.exit_code == status
    assert told in done.stderr
    assert service.dispatcher.view().queues[0].terms.shut is None


async def test_a_service_that_takes_another_token_is_told_of(tmp_path: Path) -> None:
    async with Service().served() as address:
        here = Beside(tmp_path, address)
        (tmp_path / ".freizeichen/token").write_text("another-token-0123456789")
        done = await here.run("agents")
    assert done.exit_code == 1
    assert "Sign-in required" in done.stderr
