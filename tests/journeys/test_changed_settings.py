"""Journey: settings are changed while the service is down, and callers are on the line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ivr.caller.phone import SipServer, caller_phone
from tests.journeys.people import caller, kill, settled, start_again, until, waits
from tests.journeys.service import Service, running_service


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
