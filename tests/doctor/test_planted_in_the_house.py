"""Faults planted one by one in settings, files, databases and the machine: each is found by its
code, and nothing else is called wrong."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from ivr import resources
from ivr.doctor.examination import CODES, examine
from ivr.doctor.finding import Finding, State
from ivr.place.place import Place
from ivr.place.runfile import RUN_FOLDER
from tests.doctor.house import CHANGED, LINES, House, bad
from tests.folders import scarce_disk
from tests.journeys.service import COMMAND, eventually, write_settings
from tests.switch import free_ports, test_settings

_NOBODY = 65_534
FAULT, WARNING, UNSEEN = State.FAULT, State.WARNING, State.UNSEEN
# What is wrong, by its code and how bad, and the settings that say so.
IN_SETTINGS: dict[str, tuple[str, State, dict[str, object]]] = {
    "a word that is no setting": ("settings", FAULT, {"nonsense": 1}),
    "an Asterisk that is none": ("asterisk.version", FAULT, {"asterisk": {"binary": "/bin/true"}}),
    "a dialplan that is not there": (
        "dialplans",
        FAULT,
        {"lines": [LINES[0] | {"dialplan": "ko/gone.yaml"}]},
    ),
    "a provider that cannot reach us": ("trunk.reached", FAULT, {"trunk": {"host": "192.0.2.9"}}),
    "a password of the provider that is not there": (
        "trunk.password",
        FAULT,
        {"trunk": {"kind": "registration", "user": "we", "password_file": "/nowhere/word"}},
    ),
    "ports for all the internet": ("ports.reach", WARNING, {"listen": {"address": "8.8.8.8"}}),
    "a model that is none": ("models", FAULT, {"speech": {"models": {"ko": "/"}}}),
    "an emergency phone that is not there": (
        "emergency.standing",
        FAULT,
        {"emergency": {"place": "desk1", "number": None}},
    ),
    "a number that may be all callers": (
        "sip.limits",
        WARNING,
        {"trunk": {"most_calls_each_number": 400}},
    ),
    "no emergency number": ("emergency.standing", WARNING, {"emergency": None}),
    "another AMI port than Asterisk's": ("ami.address", FAULT, {"ports": {"ami": 1}}),
}


@pytest.mark.parametrize(("code", "state", "changes"), IN_SETTINGS.values(), ids=IN_SETTINGS.keys())
def test_a_fault_in_the_settings_is_found_by_its_code_and_nothing_else_is(
    house: House, code: str, state: State, changes: dict[str, object]
) -> None:
    findings = house.look(settings=house.settings_copy(**changes))

    assert bad(findings, beside=CHANGED) == {code: state}
    assert {each.code for each in findings} == set(CODES)


def test_settings_that_asterisk_has_not_taken_in_yet_are_found(house: House) -> None:
    findings = house.look(settings=house.settings_copy(callers=["caller1", "caller2"]))
    assert bad(findings) == {CHANGED: WARNING}


def place_of(folder: Path, **changes: object) -> Place:
    """A place of its own, where nothing runs."""
    if "trunk" in changes:
        changes["emergency"] = {"number": "+49301112233"}
    path = write_settings(folder, lines=LINES, **changes)
    return Place(path, folder / RUN_FOLDER, is_example=False)


def look(place: Place) -> list[Finding]:
    return list(examine(place))


def with_stores(house: House, folder: Path) -> Place:
    """A place where nothing runs, with the databases of the house."""
    place = place_of(folder, trunk=house.trunk)
    for name in ("store/store.db", "people/people.db"):
        path = place.run_folder / name
        path.parent.mkdir(parents=True, mode=0o700)
        with (
            closing(sqlite3.connect(house.run_folder / name)) as source,
            closing(sqlite3.connect(path)) as target,
        ):
            source.backup(target)
    shutil.copy(house.run_folder / "people/store.key", place.run_folder / "people")
    return place


def change(place: Place, statement: str) -> None:
    with closing(sqlite3.connect(place.run_folder / "store/store.db")) as database:
        database.execute(statement)
        database.commit()


def test_before_the_first_start_what_cannot_be_seen_is_said_and_is_no_ok(
    house: House, tmp_path: Path
) -> None:
    findings = look(place_of(tmp_path, trunk=house.trunk))
    assert bad(findings) == {"prompts": WARNING}  # which the start speaks
    unseen = {each.code for each in findings if each.state is UNSEEN}
    assert unseen == {
        *("asterisk.account", "ports.listening", "files.secrets", "clock.order", "echo"),
        *("database", "database.key", "trunk.reached", "service"),
    }


def test_a_house_without_a_trunk_has_no_way_to_112(tmp_path: Path) -> None:
    found = bad(look(place_of(tmp_path)))
    assert found == {
        "prompts": WARNING,
        "trunk.reached": WARNING,
        "emergency.way": FAULT,
        "emergency.standing": WARNING,
    }


def test_a_port_that_somebody_else_has_is_found(house: House, tmp_path: Path) -> None:
    (taken,) = free_ports(1)
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen()
        ports = test_settings().ports.model_dump() | {"http": taken}
        findings = look(place_of(tmp_path, trunk=house.trunk, ports=ports))
    assert bad(findings) == {"prompts": WARNING, "ports.free": FAULT}


def test_too_few_descriptors_are_found_before_the_start(house: House, tmp_path: Path) -> None:
    place_of(tmp_path, trunk=house.trunk)
    done = subprocess.run(
        ["sh", "-c", f"ulimit -n 900; exec {COMMAND} doctor --quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (told,) = [line for line in done.stdout.splitlines() if line.startswith("FAULT")]
    assert "descriptors: whoever is started here may open 900 files" in told
    assert "400 waiting calls need 3000" in told


def test_a_provider_that_answers_no_more_is_found(house: House) -> None:
    house.provider.answers = False
    try:
        house.console("pjsip qualify trunk")
        eventually(lambda: "Unavail" in house.console("pjsip show contacts"))
        assert bad(house.look()) == {"trunk.reached": FAULT, "service": WARNING}
    finally:
        house.provider.answers = True
        house.console("pjsip qualify trunk")
    eventually(lambda: bad(house.look()) == {})


def test_passwords_that_others_may_read_are_found(house: House) -> None:
    path = house.run_folder / "passwords.json"
    path.chmod(0o644)
    try:
        assert bad(house.look()) == {"files.secrets": FAULT}
    finally:
        path.chmod(0o600)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read what the service cannot")
def test_a_password_that_root_alone_can_read_is_found(house: House, folder: Path) -> None:
    word = folder / "word"
    word.write_text("word\n")
    word.chmod(0o600)
    trunk = house.trunk | {"kind": "registration", "user": "we", "password_file": str(word)}
    place = place_of(folder, trunk=trunk)
    place.run_folder.mkdir()
    assert bad(look(place)) == {"prompts": WARNING}
    os.chown(place.run_folder, _NOBODY, _NOBODY)
    assert bad(look(place)) == {"prompts": WARNING, "trunk.password": FAULT}
    os.chown(word, _NOBODY, _NOBODY)
    assert bad(look(place)) == {"prompts": WARNING}


def test_a_prompt_that_is_gone_under_a_running_service_is_found(house: House) -> None:
    path = house.run_folder / "prompts/ko/welcome.wav"
    away = path.with_suffix(".away")
    path.rename(away)
    try:
        assert bad(house.look()) == {"prompts": FAULT}
    finally:
        away.rename(path)


def test_a_folder_of_recordings_that_is_gone_is_found(house: House, tmp_path: Path) -> None:
    place = place_of(tmp_path, trunk=house.trunk, recorded_prompts=str(tmp_path / "gone"))
    findings = look(place)
    assert bad(findings) == {"prompts": FAULT}
    (seen,) = [each for each in findings if each.code == "prompts"]
    assert "recorded_prompts" in seen.found


def test_a_disk_that_is_nearly_full_is_found(house: House, tmp_path: Path) -> None:
    place = place_of(tmp_path, trunk=house.trunk)
    place.run_folder.mkdir()
    with scarce_disk(place.run_folder):
        assert bad(look(place)) == {"prompts": WARNING, "disk": FAULT}


def test_databases_that_are_in_order_are_called_so(house: House, tmp_path: Path) -> None:
    findings = look(with_stores(house, tmp_path))
    assert bad(findings) == {"prompts": WARNING}
    (seen,) = [each for each in findings if each.code == "database"]
    assert "journal and people open" in seen.found


@pytest.mark.parametrize(
    ("statement", "code", "state"),
    [
        ("UPDATE schema_version SET version_num = '9999'", "database", FAULT),
        ("UPDATE schema_version SET version_num = '0004'", "database", WARNING),
        ("UPDATE meta SET value = 'of another store'", "database", FAULT),
        ("UPDATE journal SET at = at + 86400", "clock.order", FAULT),
    ],
    ids=["of a later version", "of an older version", "of another store", "of tomorrow"],
)
def test_a_database_that_is_not_as_it_should_be_is_found(
    house: House, tmp_path: Path, statement: str, code: str, state: State
) -> None:
    place = with_stores(house, tmp_path)
    change(place, statement)
    assert bad(look(place)) == {"prompts": WARNING, code: state}


def test_a_database_that_is_damaged_or_gone_is_found(house: House, tmp_path: Path) -> None:
    place = with_stores(house, tmp_path)
    (place.run_folder / "store/store.db").write_bytes(b"no database" * 1000)
    assert bad(look(place)) == {"prompts": WARNING, "database": FAULT}
    (place.run_folder / "store/store.db").unlink()
    assert bad(look(place)) == {"prompts": WARNING, "database": FAULT}


def test_a_key_file_that_others_may_read_is_found(house: House, tmp_path: Path) -> None:
    place = with_stores(house, tmp_path)
    (place.run_folder / "people/store.key").chmod(0o640)
    assert bad(look(place)) == {"prompts": WARNING, "database.key": FAULT}


def test_who_may_not_see_the_service_is_not_told_that_its_ports_are_taken(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREIZEICHEN_CACHE", str(resources.cache_folder()))  # not nobody's own
    path = house.run_folder / "run.json"
    was_root = os.geteuid() == 0
    house.look()  # what Python loads at first use may lie where nobody else can read
    path.chmod(0)
    if was_root:
        os.seteuid(_NOBODY)
    try:
        found = {each.code: each.state for each in house.look()}
    finally:
        if was_root:
            os.seteuid(0)
        path.chmod(0o600)
    assert found["service"] == found["ports.free"] == UNSEEN
    assert [code for code, state in found.items() if state is FAULT] == []
