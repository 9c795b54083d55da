"""Unit: the settings file is taken whole or refused whole, each fault with place and mend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivr import resources
from ivr.settings.settings import SettingsFaulty, Speech, load_settings

GOOD = """\
version: 1
lines:
  - {number: "100", name: German, language: de, dialplan: de/main.yaml}
queues:
  - id: service
places: [desk1]
agents:
  - {id: anna, name: Anna, place: desk1, queues: [service]}
"""


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "freizeichen.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsFaulty) as raised:
        load_settings(settings_file(folder, text))
    return raised.value.faults


def test_a_good_file_is_taken(tmp_path: Path) -> None:
    settings = load_settings(settings_file(tmp_path, GOOD))
    assert settings.agents[0].place == "desk1"
    assert settings.listen.address == "127.0.0.1"


@pytest.mark.parametrize(
    "name",
    ["Stadtwerke & Wohnen", "Müller, Meier GmbH", 'a;b|c"d<e>f', "${EXTEN}\\", "주택공사", "🏠"],
)
def test_a_place_may_bear_any_name_a_company_has(tmp_path: Path, name: str) -> None:
    text = GOOD + f"site: {{name: {json.dumps(name, ensure_ascii=False)}}}\n"
    assert load_settings(settings_file(tmp_path, text)).site.name == name


@pytest.mark.parametrize("name", ["a\\nb", "a\\tb", "a\\x7fb", "a\\u2028b", "a\\x9bb"])
def test_a_name_with_a_control_character_is_refused(tmp_path: Path, name: str) -> None:
    (fault,) = faults_of(tmp_path, GOOD + f'site: {{name: "{name}"}}\n')
    assert "freizeichen.yaml:9: site.name: holds a line break" in fault
    (fault,) = faults_of(tmp_path, GOOD.replace("name: Anna", f'name: "{name}"'))
    assert "agents.0.name: holds a line break" in fault


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("0.0.0.0", "name the address of the network interface"),  # noqa: S104  (it is refused)
        ("999.999.999.999", "expected an IPv4 address"),
        ("127.0.0", "expected an IPv4 address"),
        ("localhost", "expected an IPv4 address"),
        ("239.1.1.1", "of a network interface of this machine"),
        ("255.255.255.255", "of a network interface of this machine"),
    ],
)
def test_an_address_that_could_not_work_is_refused(tmp_path: Path, address: str, said: str) -> None:
    (fault,) = faults_of(tmp_path, GOOD + f"listen: {{address: {address}}}\n")
    assert "listen.address: " in fault
    assert said in fault


def test_further_host_names_of_the_api_are_taken_and_looked_at(tmp_path: Path) -> None:
    text = GOOD + "listen: {address: 192.168.1.10, hosts: [%s, 10.0.0.1]}\n"
    settings = load_settings(settings_file(tmp_path, text % "phones.example.org"))
    assert settings.listen.hosts == ("phones.example.org", "10.0.0.1")
    assert "listen.hosts.0" in faults_of(tmp_path, text % '"http://x"')[0]


@pytest.mark.parametrize("sip", [21_000, 21_200, 22_699])
def test_the_sip_port_lies_outside_the_ports_for_sound(tmp_path: Path, sip: int) -> None:
    (fault,) = faults_of(tmp_path, GOOD + f"ports: {{sip: {sip}}}\n")
    assert "ports: sip must lie outside rtp_first to rtp_last" in fault


@pytest.mark.parametrize(
    ("text", "line", "place", "mend"),
    [
        ("ports: {\n  rtp_last: 21399}\n", 10, "ports.rtp_last", "set rtp_last to 22699, in the"),
        ("ports: {\n  rtp_last: 21399}\n", 10, "ports.rtp_last", "or max_calls to 75"),
        ("asterisk:\n  max_calls: 401\n", 10, "asterisk.max_calls", "set rtp_last to 22703"),
        ("ports:\n  rtp_first: 22001\n", 10, "ports.rtp_first", "set rtp_last to 23701"),
        (
            "ports:\n  rtp_first: 64001\n  rtp_last: 65535\n",
            11,
            "ports.rtp_last",
            "set rtp_first to 63836, and rtp_last to 65535, or max_calls to 358",
        ),
        ("ports: {rtp_last: 21019}\n", 9, "ports.rtp_last", "in the firewall too"),
    ],
)
def test_sound_for_fewer_calls_than_are_taken_is_a_fault(
    tmp_path: Path, text: str, line: int, place: str, mend: str
) -> None:
    (fault,) = faults_of(tmp_path, GOOD + text)
    assert f":{line}: {place}: ports " in fault
    assert mend in fault


@pytest.mark.parametrize(
    "text",
    [
        "asterisk: {max_calls: 75}\nports: {rtp_last: 21399}\n",
        "asterisk: {max_calls: 401}\nports: {rtp_last: 22703}\n",
        "asterisk: {max_calls: 999, config: /etc/asterisk}\n",
    ],
)
def test_as_many_calls_as_there_are_ports_of_sound_are_no_fault(tmp_path: Path, text: str) -> None:
    load_settings(settings_file(tmp_path, GOOD + text))


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("- id: service", "- id: Service", 5, "queues.0.id"),
        ("- id: service", "- {id: service, ring_timeout_s: 1}", 5, "greater than or equal to 3"),
        ("- id: service", "- {id: service, wrap_up: 3}", 5, "check the spelling"),
        ('number: "100"', 'number: "1x0"', 3, "lines.0.number"),
        ("version: 1", "version: 2", 1, "version"),
        ("places: [desk1]", "places: [desk2]", 8, "not among places; did you mean 'desk2'?"),
        ("queues: [service]", "queues: [sales]", 8, "not among queues; known are service"),
        ("place: desk1,", "", 8, "agents.0.place: is missing"),
        ("places: [desk1]", "places: [desk1, desk1]", 6, "places.1: 'desk1' stands twice"),
        ("places: [desk1]", "places: [desk1, trunk]", 6, "places.1: 'trunk' cannot"),
        ('number: "100"', 'number: "112"', 3, "lines.0.number: 112 is an emergency number"),
        ("queues:\n  - id: service", "queues: [service]", 4, "queues.0: expected lines"),
        ("version: 1", "version: true", 1, "version: expected 1, the version of these settings"),
        ("version: 1", "version: 1.0", 1, "version: expected 1, the version of these settings"),
        ("version: 1", "version: {a: 1}", 1, "version: "),
        (
            "- id: service",
            "- {id: service, wrap_up_s: true}",
            5,
            "queues.0.wrap_up_s: expected a n",
        ),
        ("- id: service", "- {id: service, most_waiting: on}", 5, "queues.0.most_waiting: "),
        ("- id: service", "- {id: service, most_waiting: true}", 5, "0.most_waiting: expected a n"),
        ("places: [desk1]", "places: desk1", 6, "places: expected a list"),
        ("de/main.yaml", "../../etc/passwd", 3, "lines.0.dialplan"),
    ],
)
def test_a_fault_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    assert old in GOOD
    faults = faults_of(tmp_path, GOOD.replace(old, new))
    assert any(f"freizeichen.yaml:{line}:" in fault and said in fault for fault in faults), faults


def test_settings_of_a_later_version_are_refused_as_such_and_nothing_else_is_said(
    tmp_path: Path,
) -> None:
    text = GOOD.replace("version: 1", "version: 2") + "later: {words: of it}\nqueues: none\n"
    text = text.replace("queues:\n  - id: service\n", "")
    (fault,) = faults_of(tmp_path, text)
    assert ":1: version: these settings are of version 2, of a later freizeichen" in fault
    assert "Install the later one, or go back" in fault


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("language: de", "language: deutsch").replace("- id: service", "- id: S")
    assert len(faults_of(tmp_path, text)) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("[1, 2]", "not a mapping"),
        ("version: 1\n  lines: [", "mend the YAML"),
        ("version: 1\nversion: 1\n", "mend the YAML"),
        ("a: *nobody", "mend the YAML"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults_of(tmp_path, text)[0]


def test_a_missing_file_and_one_that_is_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsFaulty, match="name another file with --settings"):
        load_settings(tmp_path / "nowhere.yaml")
    path = tmp_path / "freizeichen.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsFaulty, match="UTF-8"):
        load_settings(path)


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREIZEICHEN_PORTS__SIP", "5999")
    assert load_settings(settings_file(tmp_path, GOOD)).ports.sip == 5999


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FREIZEICHEN_PORTS__SIP", "hello", "environment FREIZEICHEN_PORTS__SIP"),
        ("FREIZEICHEN_PROTS__SIP", "5999", "there is no such setting"),
        ("FREIZEICHEN_LINES", "[{", "environment"),
    ],
)
def test_a_bad_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert any(said in fault for fault in faults_of(tmp_path, GOOD))


@pytest.mark.parametrize("value", ["garbage", "[]", '"x"'])
@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("FREIZEICHEN_SPEECH__MODELS", '{"ko": "/srv/models/ko"}'),
        ("FREIZEICHEN_SPEECH__VOICES", '{"de": "/srv/voices/de.onnx"}'),
        ("freizeichen_speech__models", '{"ko": "/srv/models/ko"}'),
    ],
)
def test_a_variable_that_should_hold_a_table_is_named_as_it_was_set_with_an_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, example: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert faults_of(tmp_path, GOOD) == [
        f"environment {name}: expected JSON, such as {example}; mend or unset it"
    ]
    monkeypatch.setenv(name, example)
    assert load_settings(settings_file(tmp_path, GOOD)).speech != Speech()


def test_every_variable_that_is_not_json_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREIZEICHEN_SPEECH", "{")
    monkeypatch.setenv("FREIZEICHEN_PLACES", "desk1, desk2")
    assert faults_of(tmp_path, GOOD) == [
        'environment FREIZEICHEN_PLACES: expected JSON, such as ["desk1"]; mend or unset it',
        "environment FREIZEICHEN_SPEECH: expected JSON, such as {}; "
        "mend it, or set one value of it as FREIZEICHEN_SPEECH__MODELS",
    ]


def test_a_fault_inside_a_variable_is_told_of_the_variable_and_one_of_the_file_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREIZEICHEN_QUEUES", '[{"id": "service"}, {"wrap_up_s": 3}]')
    monkeypatch.setenv("FREIZEICHEN_SPEECH__MODELS", '{"ko": 3}')
    text = GOOD + "speech: {voices: {de: 3}}\n"
    queue, model, voice = faults_of(tmp_path, text)
    assert queue == "environment FREIZEICHEN_QUEUES: queues.1.id: is missing"
    assert model.startswith("environment FREIZEICHEN_SPEECH__MODELS: speech.models.ko: ")
    assert "freizeichen.yaml:9: speech.voices.de: " in voice


def test_the_example_that_is_shipped_is_good() -> None:
    settings = load_settings(resources.example_settings())
    assert [line.number for line in settings.lines] == ["100", "200", "300"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("pause_reasons: []", ":9: pause_reasons: "),
        ('pause_reasons: [lunch, " tea "]', ":9: pause_reasons.1: expected a word or a few"),
        ("pause_reasons: [lunch, lunch]", ":9: pause_reasons.1: 'lunch' stands twice"),
        ("log: {level: loud}", ":9: log.level: "),
    ],
)
def test_reasons_and_log_level_are_refused_with_their_place(
    tmp_path: Path, lines: str, said: str
) -> None:
    (fault,) = faults_of(tmp_path, GOOD + lines + "\n")
    assert said in fault


def test_the_sites_time_zone_is_taken_and_is_german_unless_said(tmp_path: Path) -> None:
    assert load_settings(settings_file(tmp_path, GOOD)).site.zone == "Europe/Berlin"
    text = GOOD + "site: {zone: Asia/Seoul}\n"
    assert load_settings(settings_file(tmp_path, text)).site.zone == "Asia/Seoul"


def test_the_sites_region_is_taken_in_either_case_and_is_germany_unless_said(
    tmp_path: Path,
) -> None:
    assert load_settings(settings_file(tmp_path, GOOD)).site.region == "DE"
    text = GOOD + "site: {region: kr}\n"
    assert load_settings(settings_file(tmp_path, text)).site.region == "KR"
    (fault,) = faults_of(tmp_path, GOOD + "site: {region: Germany}\n")
    assert "freizeichen.yaml:9: site.region: expected a country by two letters" in fault


@pytest.mark.parametrize(
    "zone", ["Berlin", "''", "../etc/passwd", "Europe", "/etc/localtime", "+1"]
)
def test_a_time_zone_that_is_none_is_refused_with_place_and_mend(tmp_path: Path, zone: str) -> None:
    (fault,) = faults_of(tmp_path, GOOD + f"site: {{zone: {zone}}}\n")
    assert "freizeichen.yaml:9: site.zone: expected " in fault
    assert "Europe/Berlin" in fault or zone == "+1"
