"""Journey: settings are changed while the service is down, and callers are on the line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ivr.asterisk.config import dialplan_name
from ivr.caller.phone import SipServer, caller_phone
from tests.journeys.people import caller, kill, settled, start_again, until, waits
from tests.journeys.service import Service, console, running_service
from tests.journeys.test_graceful_stop import as_owner


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with running_service(folder) as running:
        yield running


def change_settings(folder: Path) -> None:
    """Another caller's account, and phones that ring for longer."""
    yaml = YAML(typ="safe")
    path = folder / "freizeichen.yaml"
    settings = yaml.load(path)
    settings["callers"].append("caller2")
    settings["queues"][0]["ring_timeout_s"] = 9
    yaml.dump(settings, path)


async def test_the_callers_stay_and_what_is_new_counts(service: Service) -> None:
    async with caller(service) as waiting:
        await waits(service, waiting, 1)
        before, asterisk = service.in_queue(), service.asterisk_pid
        kill(service)
        change_settings(service.folder)
        following = await until(lambda: start_again(service))
        await until(lambda: settled(following))
        assert following.asterisk_pid == asterisk
        assert [(row["id"], row["since"]) for row in following.in_queue()] == [
            (row["id"], row["since"]) for row in before
        ]
        assert not waiting.phone.ended.is_set()
        account = next(each for each in following.run.callers if each.username == "caller2")
        where = SipServer("127.0.0.1", service.run.sip_port, account.username, account.password)
        async with caller_phone(where) as phone:
            await phone.dial("100", 10)


async def test_passwords_made_anew_or_restored_cost_no_caller(service: Service) -> None:
    passwords = service.folder / ".freizeichen/passwords.json"
    backup = str(service.folder / ".freizeichen/one.backup")
    async with caller(service) as waiting:
        await waits(service, waiting, 1)
        before, asterisk = service.in_queue(), service.asterisk_pid
        status, said = await asyncio.to_thread(as_owner, service, "backup", backup)
        assert status == 0, said
        old = passwords.read_bytes()
        kill(service)
        passwords.unlink()  # as is told to whoever wants new ones
        await goes_on(service, before, asterisk)
        assert passwords.read_bytes() != old
        kill(service)
        status, said = await asyncio.to_thread(as_owner, service, "restore", backup, "--force")
        assert status == 0, said
        await goes_on(service, before, asterisk)
        assert passwords.read_bytes() == old
        assert not waiting.phone.ended.is_set()


async def goes_on(service: Service, before: list[dict[str, Any]], asterisk: int) -> None:
    """The next start goes on with the same Asterisk, and with who waited in it."""
    following = await until(lambda: start_again(service))
    await until(lambda: settled(following))
    assert following.asterisk_pid == asterisk
    assert [row["id"] for row in following.in_queue()] == [row["id"] for row in before]


async def test_a_dialplan_that_a_start_wrote_and_never_had_read_is_read_by_the_next(
    service: Service,
) -> None:
    path = service.folder / ".freizeichen/asterisk/etc/extensions.conf"
    text, name = path.read_text(), dialplan_name(path.parent)
    assert name is not None
    async with caller(service) as waiting:
        await waits(service, waiting, 1)
        before, asterisk = service.in_queue(), service.asterisk_pid
        kill(service)
        path.write_text(text.replace(name, "of-before"))
        await asyncio.to_thread(console, service, "dialplan reload")
        path.write_text(text)  # as the start that was broken off had written it
        await goes_on(service, before, asterisk)
        assert name in await asyncio.to_thread(console, service, "dialplan show fz-written")
        assert not waiting.phone.ended.is_set()
