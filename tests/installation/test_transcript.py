"""The way to the first call is what the handbook says, and takes ten minutes at most."""

from __future__ import annotations

import re

from tests.installation.transcript import Transcript, block, readme, section, words

BAR_S = 600


def test_from_init_to_the_first_call_takes_ten_minutes_at_most() -> None:
    costs = list(Transcript().costs())
    told = "\n".join(
        f"{each.reading_s:5.0f} {each.typing_s:5.0f} {each.waiting_s:5.0f}  {each.step}"
        for each in costs
    )
    total = sum(each.total_s for each in costs)
    assert total <= BAR_S, f"{total:.0f} s (reading, typing, waiting):\n{told}"
    # So little that something must have been left out would be no count either.
    assert sum(each.reading_s for each in costs) > 120
    assert sum(each.typing_s for each in costs) > 60


def test_every_line_of_the_handbooks_installation_is_typed_in_its_order() -> None:
    lines = block(section("Install"))
    assert len(lines) > 8
    assert Transcript().typed_lines()[: len(lines)] == lines


def test_nothing_is_typed_that_the_handbook_does_not_tell() -> None:
    told = {
        *block(section("Install")),
        *re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", readme(), flags=re.DOTALL)),
    }
    for line in Transcript().typed_lines():
        if line.startswith("rm -r "):
            assert set(line.split()[2:]) <= told, line
        else:
            assert line in told, line


def test_words_are_counted_as_they_are_read() -> None:
    assert words("## Two words\n| - | `--a-flag` |\n") == 3
