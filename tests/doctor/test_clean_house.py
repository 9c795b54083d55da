"""Real service and Asterisk: where nothing is wrong, doctor finds nothing, and looks at all."""

from __future__ import annotations

import json

import pytest

from ivr.doctor.examination import CODES, is_well
from ivr.doctor.finding import State
from tests.doctor.house import House, bad
from tests.journeys.service import command


def test_a_clean_house_has_no_fault_and_all_of_it_is_looked_at(house: House) -> None:
    findings = house.look(calls=True)

    assert bad(findings) == {}
    assert [finding.code for finding in findings] == list(CODES)
    assert [each for each in findings if each.state is State.UNSEEN] == []
    assert all(each.found and not each.do for each in findings if each.state is State.OK)


def test_a_proxy_of_the_environment_is_not_between_doctor_and_the_service(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # nobody is there
    assert bad(house.look()) == {}


def test_the_command_says_the_same_as_json_and_exits_with_0(house: House) -> None:
    status, said = command(house.service, "doctor", "--json")

    report = json.loads(said)
    assert status == 0, said
    assert report["ok"] is True
    assert report["counts"]["fault"] == 0
    assert [each["code"] for each in report["findings"]] == list(CODES)
    secrets = [*house.service.run.places, *house.service.run.callers]
    assert not any(account.password in said for account in secrets)


def test_without_the_call_it_says_so_which_is_no_ok(house: House) -> None:
    (echo,) = [each for each in house.look() if each.code == "echo"]
    assert echo.state is State.UNSEEN
    assert "no call was made" in echo.found
    assert is_well([echo])
