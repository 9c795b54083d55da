"""Unit: a file or variable that nests or refers without end is refused at once, with its line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ivr.caller.fields import ScriptFaulty
from ivr.caller.read_script import read_script
from ivr.dialplan.faults import DialplanFaulty
from ivr.dialplan.load import load_plan
from ivr.settings.settings import SettingsFaulty, load_settings
from queues.bounded_yaml import DEEPEST, MOST_VALUES
from queues.simulation.fields import DayFaulty, root

_DEEP = 5000
_NESTED = {
    "brackets": "version: 1\nlines: " + "[" * _DEEP,
    "brackets that close": "version: 1\nlines: " + "[" * _DEEP + "]" * _DEEP,
    "braces": "version: 1\nlines: " + "{a: " * _DEEP,
    "lines": "version: 1\n" + "\n".join(" " * n + "a:" for n in range(1000)),
}
# Every level stands for ten of the one before.
_BOMB = (
    "version: 1\na0: &a0 [x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    + "places: *a9\n"
)
_OF_ITSELF = "version: 1\nlines: []\nplaces: &a [*a]\n"


def _faults(folder: Path, text: str) -> list[str]:
    path = folder / "freizeichen.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsFaulty) as raised:
        load_settings(path)
    return raised.value.faults


@pytest.mark.parametrize("text", _NESTED.values(), ids=_NESTED.keys())
def test_settings_that_nest_without_end_are_refused_where_they_do(
    tmp_path: Path, text: str
) -> None:
    (fault,) = _faults(tmp_path, text)
    line = DEEPEST + 1 if text is _NESTED["lines"] else 2
    assert fault.endswith(
        f"freizeichen.yaml:{line}: nests deeper than {DEEPEST} levels; mend the YAML here"
    )


def test_aliases_that_stand_for_too_much_are_refused_at_the_one_that_does(tmp_path: Path) -> None:
    (fault,) = _faults(tmp_path, _BOMB)
    assert f":7: its aliases (*) stand for more than {MOST_VALUES} values; mend" in fault
    (fault,) = _faults(tmp_path, _OF_ITSELF)
    assert ":3: the alias *a stands inside of what it refers to; mend" in fault


def test_a_value_may_still_be_written_once_and_referred_to(tmp_path: Path) -> None:
    path = tmp_path / "freizeichen.yaml"
    path.write_text(
        "version: 1\n"
        "lines: [{number: '100', name: German, language: de, dialplan: de/main.yaml}]\n"
        "queues:\n"
        '  - {id: service, hours: &week {mon-fri: "08:00-17:00"}}\n'
        "  - {id: billing, hours: *week}\n",
        encoding="utf-8",
    )
    service, billing = load_settings(path).queues
    assert service.hours == billing.hours is not None


def test_a_variable_that_nests_without_end_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREIZEICHEN_PLACES", "[" * 20 * sys.getrecursionlimit())
    assert _faults(tmp_path, "version: 1\n") == [
        'environment FREIZEICHEN_PLACES: expected JSON, such as ["desk1"]; mend or unset it'
    ]


@pytest.mark.parametrize("text", ["a: " + "[" * _DEEP, _BOMB, _OF_ITSELF])
def test_no_other_file_of_ours_may_do_so_either(text: str) -> None:
    with pytest.raises(DialplanFaulty, match=r"nests deeper than 8 levels|anchors and aliases"):
        load_plan(text, file="main.yaml", queues=[])
    with pytest.raises(ScriptFaulty, match=r":\d: is no YAML: "):
        read_script(text)
    with pytest.raises(DayFaulty, match=r":\d: is no YAML: "):
        root(text, "day.yaml", [])
