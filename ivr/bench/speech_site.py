"""The place that a bench of speech calls: one Korean line whose two menus lead to each other.

Callers tell its prompts apart by how long they are audible. What answers a word that was not
understood takes less than `WHAT_S`, the first menu's prompt, whatever is said before it included,
less than `LONG_S`. The second menu's takes much longer, in one sentence without a pause: when it
falls silent, it was stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from ivr.bench.site import RunningSite, bench_folder, running_site
from ivr.bench.words import FOR_A_HUMAN, MENU

NUMBER = "300"
TO_SECOND_MENU = "1"
WHAT_S, LONG_S = 0.5, 1.9
_SETTINGS = """
version: 1
lines: [{number: "300", name: Bench, language: ko, dialplan: ko/bench.yaml}]
queues: [{id: service}]
callers: [caller1, caller2, caller3, caller4]
dialplans: dialplans
"""
_PLAN = """
language: ko
speed: 165
start: welcome
human: human
human_words: [FOR_A_HUMAN]
listening_notice: welcome
defaults: {wait_s: 30, tries: 3, no_input: what, wrong_key: what, not_understood: what,
           keys_only: keys, then: bye, refused: bye}
prompts:
  welcome: 기계가 듣습니다.
  short: 여보세요.
  long: >-
    임대와 수리와 요금과 납부와 정전과 단수와 난방과 고장과 서비스와 인터넷과 이사와 주차와 열쇠와
    승강기와 계단과 지하실과 쓰레기와 정원과 놀이터와 자전거와 이웃과 소음에 대해서
    말씀하실 수 있습니다
  what: 네?
  keys: 번호요.
  bye: 안녕히 계세요.
nodes:
  welcome: {say: welcome, goto: first}
  first: {menu: short, keys: {1: second}, words: {second: [WORDS]}}
  second: {menu: long, keys: {1: first}, words: {first: [WORDS]}}
  human: {queue: service}
  bye: {goodbye: bye}
"""
_SAMPLE = re.compile(r"^(freizeichen_\w+)(\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the service's metrics said at one moment: value by name, labels included."""

    values: Mapping[str, float]

    def since(self, earlier: Figures, name: str) -> float:
        """By how much a count rose."""
        return self.values.get(name, 0.0) - earlier.values.get(name, 0.0)

    def buckets_since(self, earlier: Figures, name: str) -> list[tuple[float, float]]:
        """A histogram's upper edges and how many lay below each."""
        found = re.compile(rf'{name}_bucket\{{le="([^"]+)"\}}')
        edges = {float(m[1]): key for key in self.values if (m := found.fullmatch(key))}
        return [(edge, self.since(earlier, edges[edge])) for edge in sorted(edges)]


@contextmanager
def speech_site() -> Iterator[RunningSite]:
    """A running service whose callers are listened to in Korean."""
    with bench_folder() as folder:
        plan = folder / "dialplans" / "ko" / "bench.yaml"
        plan.parent.mkdir(parents=True)
        text = _PLAN.replace("WORDS", ", ".join(MENU)).replace("FOR_A_HUMAN", FOR_A_HUMAN)
        plan.write_text(text, encoding="utf-8")
        with running_site(folder, settings=_SETTINGS) as site:
            yield site


def figures(site: RunningSite) -> Figures:
    """The service's metrics now."""
    text = httpx.get(f"{site.run.address}/metrics", timeout=10).raise_for_status().text
    return Figures({m[1] + (m[2] or ""): float(m[3]) for m in _SAMPLE.finditer(text)})
