"""Unit: the settings of the trunk and of the emergency number, with their faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.place.credentials import CredentialsUnusable, trunk_password
from ivr.settings.settings import Settings, load_settings
from tests.unit.ivr.settings.test_settings import GOOD, faults_of, settings_file

REGISTERED = "kind: registration, user: u1, password_file: /p"


def loaded(folder: Path, text: str) -> Settings:
    return load_settings(settings_file(folder, GOOD + text))


def test_a_host_alone_is_a_trunk_known_by_its_address(tmp_path: Path) -> None:
    trunk = loaded(tmp_path, "trunk: {host: sip.example.org}\n").trunk
    assert trunk is not None
    assert (trunk.sip_port, trunk.sources, trunk.called_in) == (
        5060,
        ("sip.example.org",),
        "request_uri",
    )


def test_a_registration_is_known_by_itself_and_called_by_the_to_header(tmp_path: Path) -> None:
    text = f"trunk: {{host: sip.example.org, {REGISTERED}, transport: tls, srtp: true}}\n"
    trunk = loaded(tmp_path, text).trunk
    assert trunk is not None
    assert (trunk.sip_port, trunk.sources, trunk.called_in) == (5061, (), "to")


def test_the_numbers_of_lines_are_ours(tmp_path: Path) -> None:
    more = 'dialplan: de/main.yaml, public: ["+4930123456", "+4930123457"]}'
    text = GOOD.replace("dialplan: de/main.yaml}", more) + 'trunk: {host: a, number: "+4930123457"}'
    settings = load_settings(settings_file(tmp_path, text))
    assert settings.own_numbers == ("+4930123456", "+4930123457")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{host: a, kind: registration}", ("trunk.user: is missing", "trunk.password_file")),
        ("{host: a, srtp: true}", ("trunk.srtp: its keys travel in SIP",)),
        ("{host: a, key_file: /k}", ("trunk.certificate_file: goes with key_file",)),
        ("{host: a, own_number_in: p_asserted_identity}", ("trunk.own_number_in",)),
        ("{host: 'a;b'}", ("trunk.host: expected a host name",)),
        ("{host: a, user: 'a;b'}", ("trunk.user: expected a user name",)),
        ("{host: a, outbound_proxy: 'a;lr'}", ("trunk.outbound_proxy: expected a host name",)),
        ("{host: a, addresses: [0.0.0.0/0]}", ("trunk.addresses.0: expected a network of the",)),
        ("{host: a, addresses: [x]}", ("trunk.addresses.0: expected an IPv4 address or network",)),
        ('{host: a, number: "030123"}', ("trunk.number: expected a number with its country",)),
        ('{host: a, number: "+4930123456"}', ("trunk.number: is no number of ours",)),
        ('{host: a, other_numbers_to: "200"}', ("trunk.other_numbers_to: is not the number",)),
        (
            "{host: a, external_address: 203.0.113.7, local_nets: [10.0.0.0/8]}",
            ("trunk.local_nets: does not hold 127.0.0.1",),
        ),
        ("{host: a, password: geheim}", ("trunk.password: no password belongs here",)),
    ],
)
def test_a_trunk_that_could_not_work_is_refused(
    tmp_path: Path, text: str, said: tuple[str, ...]
) -> None:
    faults = faults_of(tmp_path, GOOD + f"trunk: {text}\n")
    assert len(faults) == len(said)
    for fault, words in zip(faults, said, strict=True):
        assert f"freizeichen.yaml:9: {words}" in fault
        assert "geheim" not in fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "leads nowhere"),
        ("{place: desk7}", "emergency.place: is not among places"),
        ('{number: "+4930999"}', "emergency.number: needs a trunk"),
        ('{number: "112"}', "emergency.number: expected a number with its country"),
    ],
)
def test_an_emergency_that_leads_nowhere_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (fault,) = faults_of(tmp_path, GOOD + f"emergency: {text}\n")
    assert said in fault


def test_the_password_comes_from_the_environment_or_a_file_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "word"
    path.write_text("gehe;im\n")
    path.chmod(0o600)
    text = f"trunk: {{host: a, kind: registration, user: u1, password_file: {path}}}\n"
    settings = loaded(tmp_path, text)
    assert trunk_password(settings.trunk) == "gehe;im"
    monkeypatch.setenv("FREIZEICHEN_TRUNK__PASSWORD", "ge heim")
    settings = loaded(tmp_path, text)
    assert trunk_password(settings.trunk) == "ge heim"
    assert "heim" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("word", "mode", "said"),
    [
        ("geheim", 0o644, "is open to everybody"),
        ("", 0o600, "holds no password"),
        ("geheim\nzwei", 0o600, "holds no password"),
        ("geheim" * 50, 0o600, "holds no password"),
    ],
)
def test_a_password_file_that_cannot_be_one_is_refused(
    tmp_path: Path, word: str, mode: int, said: str
) -> None:
    path = tmp_path / "word"
    path.write_text(word)
    path.chmod(mode)
    settings = loaded(tmp_path, f"trunk: {{host: a, user: u1, password_file: {path}}}\n")
    with pytest.raises(CredentialsUnusable, match=said) as raised:
        trunk_password(settings.trunk)
    assert "geheim" not in str(raised.value)


def test_a_password_file_that_is_missing_is_named(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "trunk: {host: a, user: u1, password_file: /nowhere/word}\n")
    with pytest.raises(CredentialsUnusable, match="/nowhere/word cannot be read"):
        trunk_password(settings.trunk)
