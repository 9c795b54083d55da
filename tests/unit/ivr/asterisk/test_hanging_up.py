"""Unit: a caller is hung up until the switch says that it is done, or knows no such call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ivr.asterisk import calls as calls_module
from ivr.asterisk.calls import Calls
from ivr.asterisk.errors import ActionRefused, ActionTimedOut
from queues.ids import CallId


class Client:
    """Answers each action as the test says, the last answer for ever."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def send(self, _: Any) -> None:
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer


@pytest.mark.parametrize("end", [None, ActionRefused("no such channel")], ids=["done", "gone"])
async def test_a_hang_up_that_is_not_answered_is_tried_until_it_is(
    end: Exception | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_module, "_HANG_UP_AGAIN_S", (0.0,))
    client = Client(*[ActionTimedOut("silence")] * 7, end)
    calls = Calls(client, None, tmp_path)  # type: ignore[arg-type]
    calls.looked_up()
    await calls.hang_up(CallId("call-1"))
    assert client.asked == 8
