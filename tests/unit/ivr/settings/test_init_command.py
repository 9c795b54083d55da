"""Unit: `freizeichen init` writes a file that the settings' reader takes, whatever is answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from ivr.cli import app
from ivr.settings.begun import Answers, NewTrunk, TrunkKind, new_agents, settings_text
from ivr.settings.settings import Settings, load_settings
from ivr.starting.preparation import load_plans


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def init(*words: str, answers: str = "") -> Result:
    return CliRunner().invoke(app, ["init", *words], input=answers)


def written(folder: Path) -> Settings:
    return load_settings(folder / "freizeichen.yaml")


def test_with_yes_nothing_is_asked_and_the_file_can_be_used(tmp_path: Path) -> None:
    done = init("--yes", "--agent", "Anna Beispiel", "--agent", "Jürgen Groß")

    assert done.exit_code == 0, done.output
    assert "next: freizeichen doctor" in done.output
    found = written(tmp_path)
    assert [(each.id, each.place) for each in found.agents] == [
        ("anna-beispiel", "desk1"),
        ("juergen-gross", "desk2"),
    ]
    assert found.trunk is None
    assert load_plans(found)
    assert (tmp_path / "freizeichen.yaml").read_text().count("#") > 20


def test_questions_are_asked_and_their_answers_stand_in_the_file(tmp_path: Path) -> None:
    answers = [
        'Stadtwerke "Süd" #1: \\',
        "Asia/Seoul",
        "kr",
        "+8225551234",
        "ko",
        "service, repairs",
        "이지우, Bora",
        "",
        "registration",
        "sip.example.org",
        "we+7",
        "pro;vider's",
    ]
    done = init(answers="\n".join(answers) + "\n")

    assert done.exit_code == 0, done.output
    found = written(tmp_path)
    assert found.site.name == 'Stadtwerke "Süd" #1: \\'
    assert (found.site.zone, found.site.region) == ("Asia/Seoul", "KR")
    assert (found.lines[0].number, found.lines[0].dialplan) == ("+8225551234", "ko/main.yaml")
    assert [queue.id for queue in found.queues] == ["service", "repairs"]
    assert [agent.name for agent in found.agents] == ["이지우", "Bora"]
    assert found.trunk is not None
    assert (found.trunk.kind, found.trunk.user) == ("registration", "we+7")
    assert found.trunk.password_file == tmp_path / "trunk-password"
    assert found.trunk.number == "+8225551234"
    secret = tmp_path / "trunk-password"
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("pro;vider's\n", 0o600)
    assert "pro;vider's" not in done.output
    assert init("--force", answers="\n".join(answers[:-1]) + "\n").exit_code == 0  # it is there


def test_a_password_may_come_later_and_one_that_cannot_be_is_refused(tmp_path: Path) -> None:
    words = ("--trunk-host", "sip.example.org", "--trunk-user", "we")
    others = "\n" * 8  # as is meant, from the name to the address
    refused = init(*words, answers=others + "\x07ring\n")
    assert refused.exit_code == 1
    assert "one line of visible characters" in refused.output
    assert list(tmp_path.iterdir()) == []
    done = init(*words, answers=others + "\n")
    assert done.exit_code == 0, done.output
    assert f"install -m 600 /dev/stdin {tmp_path / 'trunk-password'}" in done.output
    assert [each.name for each in tmp_path.iterdir()] == ["freizeichen.yaml"]


def test_a_file_that_is_there_is_left_alone_without_being_told(tmp_path: Path) -> None:
    (tmp_path / "freizeichen.yaml").write_text("mine")
    refused = init("--yes")
    assert refused.exit_code == 1
    assert "was left as it is" in refused.output
    assert (tmp_path / "freizeichen.yaml").read_text() == "mine"
    assert init("--yes", "--force").exit_code == 0
    assert written(tmp_path).lines


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--number", "112"), "112 is an emergency number"),
        (("--zone", "Berlin"), "site.zone"),
        (("--queue", "Service!"), "queues.0.id"),
        (("--queue", ""), "queues: "),
        (("--number", "1234567890123456"), "lines.0.number"),
        (("--address", "0.0.0.0"), "listen.address"),  # noqa: S104  (it is refused)
        (("--language", "fr"), "there is no dialplan in 'fr'"),
        (("--trunk", "isdn"), "not 'isdn'"),
        (("--trunk", "address", "--trunk-host", "a b"), "trunk.host"),
    ],
)
def test_an_answer_that_does_not_fit_is_named_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    refused = init("--yes", *words)
    assert refused.exit_code == 1
    assert said in refused.output
    assert list(tmp_path.iterdir()) == []  # nor anything that the next attempt would trip over


def test_an_answer_that_does_not_fit_is_asked_again_and_the_others_stay(tmp_path: Path) -> None:
    answers = ["Süd", "Berlin", "Asia/Seoul", "", "030 1234567", "+4930123456", "fr", "de"]
    answers += ["Main!", "main", "Anna", "host", "", "sip", "address", "a b", "sip.example.org"]
    done = init(answers="\n".join(answers) + "\n")

    assert done.exit_code == 0, done.output
    found = written(tmp_path)
    assert (found.site.name, found.site.zone) == ("Süd", "Asia/Seoul")
    assert (found.lines[0].number, found.queues[0].id) == ("+4930123456", "main")
    assert found.trunk is not None
    assert (found.trunk.kind, found.trunk.host) == ("address", "sip.example.org")
    assert "expected 2 to 15 digits" in done.output
    assert "no dialplan in 'fr'" in done.output
    assert "freizeichen-init-" not in done.output


def test_a_folder_that_is_not_there_is_said_with_the_mend(tmp_path: Path) -> None:
    refused = init("--yes", "--file", "nowhere/freizeichen.yaml")
    assert refused.exit_code == 1
    assert f"{tmp_path / 'nowhere'} is not there; make it" in refused.output


def test_another_name_for_the_queue_gives_a_dialplan_of_its_own(tmp_path: Path) -> None:
    done = init("--yes", "--queue", "billing")
    assert done.exit_code == 0, done.output
    (plan,) = load_plans(written(tmp_path)).values()
    assert plan.language == "de"
    text = (tmp_path / "dialplans/de/main.yaml").read_text()
    assert "queue: billing" in text
    (tmp_path / "dialplans/de/main.yaml").write_text(f"{text}# changed by hand\n")
    assert init("--yes", "--queue", "billing", "--force").exit_code == 0
    assert "changed by hand" in (tmp_path / "dialplans/de/main.yaml").read_text()


_TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=30
).filter(str.strip)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(name="true", agents=["Null", "No", "null", "1e3", "#"], kind="none")
@given(
    name=_TEXT,
    agents=st.lists(_TEXT, max_size=6),
    kind=st.sampled_from(("none", "address", "registration")),
)
def test_whatever_people_are_called_the_file_says_so(
    tmp_path: Path, name: str, agents: list[str], kind: TrunkKind
) -> None:
    trunk = NewTrunk(kind, "192.0.2.1", "we") if kind != "none" else NewTrunk()
    answers = Answers(
        name, "UTC", "DE", "+4930123456", "de", ("service",), tuple(agents), "127.0.0.1", trunk
    )
    path = tmp_path / "freizeichen.yaml"
    path.write_text(settings_text(answers, dialplans=None), encoding="utf-8")

    found = load_settings(path)

    assert found.site.name == name
    assert [agent.name for agent in found.agents] == agents
    assert [agent.id for agent in found.agents] == [each.id for each in new_agents(agents)]
    assert (found.trunk.kind if found.trunk else "none") == kind
