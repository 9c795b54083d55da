"""What the caller measures on the wire, against a far end that notes what it really did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from ivr.caller.phone import SipServer
from ivr.caller.read_script import read_script
from ivr.caller.report import Report
from ivr.caller.run import Service, make_call
from ivr.caller.sound import Samples, Words, spoken, tone
from ivr.speech.sound import wav_bytes
from tests.caller.far_end import Reaction, Seen, far_end
from tests.programs import real_espeak

EXACT_S = 0.02
SENTENCES = {
    "menu": "상담원 연결은 영번을 눌러 주세요. 요금은 일번을 눌러 주세요",
    "internet": "광케이블 인터넷 회선에 접수된 장애는 없습니다. 공유기를 껐다가 켜 보세요",
    "again": "다시 들으시려면 구번, 처음으로 돌아가시려면 일번을 눌러 주세요",
    "hours": "월요일부터 금요일까지 오전 아홉 시부터 오후 여섯 시까지 운영합니다",
    "bye": "전화해 주셔서 감사합니다. 안녕히 계세요",
}


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The far end's sentences as prompts, and beside them a word: a beep in much silence."""
    real_espeak()
    folder = tmp_path_factory.mktemp("far")
    (folder / "ko").mkdir()
    for name, text in SENTENCES.items():
        sound = spoken(Words(text, "ko", speed=165))
        (folder / "ko" / f"{name}.wav").write_bytes(wav_bytes(sound.astype("f8")))
    silence = np.zeros(2400)
    word = np.concatenate([silence, tone(700, 0.4), silence])
    (folder / "word.wav").write_bytes(wav_bytes(word))
    return folder


async def called(
    prompts: Path, script: str, reactions: Sequence[Reaction], *sounds: Samples
) -> tuple[Report, list[Seen]]:
    """The report of a call to a far end with these sounds, and what the far end saw of it."""
    with far_end(sounds, reactions) as far:
        server = SipServer("127.0.0.1", far.port, "caller", "secret")
        plan = read_script(script, folder=prompts)
        report = await make_call(Service(server, prompts), "100", plan)
        return report, far.ended()


def said(names: Sequence[str]) -> list[Samples]:
    return [spoken(Words(SENTENCES[name], "ko", speed=165)) for name in names]


async def test_silence_and_answer_are_measured_to_the_frame(prompts: Path) -> None:
    names = list(SENTENCES)
    reactions = [Reaction(0.1, 0.3), Reaction(0.23, 0.5), Reaction(0.3, 0.75), Reaction(0.17, 1.1)]
    steps = [
        f"  - hear: {name}\n  - say: {{wav: word.wav, after_s: 1.2, answered_within_s: 5}}\n"
        for name in names[:-1]
    ]
    script = f"steps:\n{''.join(steps)}  - hear: bye\n"

    report, seen = await called(prompts, script, reactions, *said(names))

    assert report.ok, (report.failed_step, report.why)
    assert [turn.over for turn in report.turns] == names[:-1]
    assert [turn.answered_by for turn in report.turns] == names[1:]
    silent, answered, lasted = [], [], []
    for turn, true in zip(report.turns, seen, strict=True):
        assert turn.silence_after_s is not None
        assert turn.answer_after_s is not None
        silent.append(abs(turn.silence_after_s - true.silence_after_s))
        answered.append(abs(turn.answer_after_s - true.answer_after_s))
        lasted.append(turn.said_until_s - turn.said_from_s)
    # The median: on a machine that is shared, one packet of many may wait for the processor.
    assert median(silent) < EXACT_S
    assert median(answered) < EXACT_S
    assert median(lasted) == pytest.approx(0.38, abs=EXACT_S)  # the beep without its silence
    begun = [
        turn.said_from_s - heard.from_s
        for turn, heard in zip(report.turns, report.heard, strict=False)
    ]
    assert median(begun) == pytest.approx(1.2, abs=0.05)  # `after_s`


async def test_the_report_tells_turns_to_programs_and_people(prompts: Path) -> None:
    script = "steps:\n  - hear: menu\n  - say: {wav: word.wav}\n  - hear: bye\n"
    report, _ = await called(prompts, script, [Reaction(0.2, 0.4)], *said(["menu", "bye"]))

    (turn,) = report.as_json()["turns"]
    assert (turn["line"], turn["over"], turn["answered_by"]) == (3, "menu", "bye")
    assert isinstance(turn["silence_after_s"], float)
    assert report.as_json()["understood"] is None


async def test_an_answer_that_comes_too_late_fails_the_step_and_says_by_how_much(
    prompts: Path,
) -> None:
    script = """
steps:
  - hear: menu
  - say: {wav: word.wav, answered_within_s: 0.5, silent_within_s: 1}
  - hear: bye
"""
    report, _ = await called(prompts, script, [Reaction(0.2, 1.1)], *said(["menu", "bye"]))

    assert not report.ok
    assert report.failed_step == "line 4: say"
    assert report.why is not None
    assert "answered by bye only after 1." in report.why
    assert "asked for within 0.5 s" in report.why
    assert [step.ok for step in report.steps] == [True, False, True]


async def test_a_far_end_that_talks_on_fails_the_step(prompts: Path) -> None:
    script = "steps:\n  - hear: menu\n  - say: {wav: word.wav, silent_within_s: 0.3}\n"
    report, _ = await called(prompts, script, [Reaction(None, 30)], *said(["menu"]))

    assert report.why == "menu went on; silence was asked for within 0.3 s"
    assert report.turns[0].answer_after_s is None


async def test_silence_cannot_be_asked_for_where_nothing_sounds(prompts: Path) -> None:
    script = "steps:\n  - say: {wav: word.wav, silent_within_s: 0.3}\n"
    report, _ = await called(prompts, script, [Reaction(None, 30)], np.zeros(160, np.float32))

    assert report.failed_step == "line 2: say"
    assert report.why is not None
    assert "no prompt that is known sounded when it began" in report.why


async def test_the_next_step_may_begin_while_something_is_said(prompts: Path) -> None:
    script = """
steps:
  - hear: menu
  - say: {wav: word.wav, to_end: false}
  - press: "1"
  - hear: bye
"""
    report, seen = await called(prompts, script, [Reaction(0.2, 0.4)], *said(["menu", "bye"]))

    assert report.ok, (report.failed_step, report.why)
    (turn,), (key,) = report.turns, report.digits
    assert turn.said_from_s <= key.at_s < turn.said_until_s
    assert turn.answer_after_s is None  # what was played next answers the key
    assert len(seen) == 1


async def test_a_tone_that_already_sounds_is_heard_and_only_what_is_left_of_it_counts(
    prompts: Path,
) -> None:
    script = """
steps:
  - hear_tone: {hz: 1130, for_s: 0.5, within_s: 5}
  - hear_tone: {hz: 1130, for_s: 0.5, within_s: 5}
  - wait_s: 0.3
  - hear_tone: {hz: 1130, for_s: 2, within_s: 3}
"""
    report, _ = await called(prompts, script, [], tone(1130, 2.5))

    assert [step.ok for step in report.steps] == [True, True, True, False]
    first, second = report.steps[0].to_s, report.steps[1].to_s
    assert first is not None
    assert second is not None
    assert second - first > 0.25
    assert report.why is not None
    assert "heard for only" in report.why
