"""Which words a dialplan is written with, and what each may hold: tree in, draft out."""

from __future__ import annotations

import re

from ivr.dialplan.draft import HINTS, Draft, PlanDraft, ToldDraft
from ivr.dialplan.faults import Findings
from ivr.dialplan.needs import read_need
from ivr.dialplan.phrases import Phrases
from ivr.dialplan.tree import Table, Text, Tree
from ivr.dialplan.values import Values

MAX_TEXT = 600
_VOICES = {"en": "en-gb"}  # where espeak-ng's voice is not called like the language
_SPEED = 150
_WAIT_S = 6.0
_TRIES = 2

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_VOICE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,39}")
_KEYS = "0123456789*#"
_OVERFLOW = ("when_full", "when_nobody", "when_long", "when_closed")
_REFS = (*HINTS, "goto", "then", "refused", *_OVERFLOW, "otherwise", "when_silent")

_TOP = (
    *("language", "voice", "speed", "start", "human", "human_words", "listening_notice"),
    *("keys_notice", "when_down", "defaults", "prompts", "nodes"),
)
_TURNS = ("wait_s", "tries", *HINTS, "otherwise", "when_silent")
_WAITING = ("first_s", "every_s", "say", "position", "wait")
_NEED = ("need", "priority_s")
_DEFAULTS = (*_TURNS, "then", "refused", *_OVERFLOW)
_WORDS = {
    # first: a queue node may have a "say" as well
    "queue": ("queue", "say", "then", "refused", *_OVERFLOW, "keys", "waiting", *_NEED),
    "menu": ("menu", "keys", "words", *_TURNS),
    "goodbye": ("goodbye",),
    "say": ("say", "goto"),
}
# What a node must have, by itself or from the defaults.
_LACKS = {
    "say": {"goto": "does not say where it goes on; add 'goto'"},
    "menu": {
        "no_input": "has no branch for silence; add 'no_input' or set a default",
        "wrong_key": "has no branch for a wrong key; add 'wrong_key' or set a default",
        "otherwise": "does not say who helps after failed turns; "
        "add 'otherwise', or 'human' at the top",
    },
    "queue": {
        "then": "does not say what follows the talk; add 'then' or set a default",
        "refused": "does not say what follows when it takes no call; add 'refused' or a default",
    },
}


def read_plan(tree: Table, findings: Findings) -> PlanDraft:
    """The draft of a file's tree; what could not be read is left out of it and noted."""
    return _Reader(findings).read(tree)


class _Reader:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._values = Values(findings)
        self._plan = PlanDraft()
        self._phrases = Phrases(self._plan, self._values)

    def read(self, tree: Table) -> PlanDraft:
        plan, values = self._plan, self._values
        values.check_words(tree, _TOP, "the dialplan")
        plan.language = values.setting(tree, "language", _LANGUAGE, "letters like 'de'") or ""
        plan.voice = _VOICES.get(plan.language, plan.language)
        if "voice" in tree.keys:
            example = "a voice of espeak-ng, like 'de' or 'ko+f2'"
            plan.voice = values.setting(tree, "voice", _VOICE, example) or plan.voice
        plan.speed = int(
            values.number(tree, "speed", _SPEED, (80, 300), "words a minute", whole=True)
        )
        if "start" in tree.keys:
            plan.start = values.name(tree.values["start"], "'start'")
        else:
            self._findings.add(1, "'start' is missing; name the node where a call begins")
        if "human" in tree.keys:
            plan.human = values.name(tree.values["human"], "'human'")
        self._phrases.read_human_words(tree)
        if "listening_notice" in tree.keys:
            plan.notice = values.name(tree.values["listening_notice"], "'listening_notice'")
            plan.opaque |= plan.notice is None
        if "keys_notice" in tree.keys:
            plan.keys_notice = values.name(tree.values["keys_notice"], "'keys_notice'")
            plan.opaque |= plan.keys_notice is None
        if "when_down" in tree.keys:
            plan.down = values.name(tree.values["when_down"], "'when_down'")
            plan.opaque |= plan.down is None
        defaults = values.table(tree, "defaults")
        values.check_words(defaults, _DEFAULTS, "'defaults'")
        for word in _REFS:
            if word in defaults.keys and (ref := values.name(defaults.values[word], f"'{word}'")):
                plan.defaults[word] = ref
        self._read_prompts(values.table(tree, "prompts", required="what is spoken"))
        nodes = values.table(tree, "nodes", required="what happens in a call")
        for name, line in nodes.keys.items():
            if draft := self._node(name, line, nodes.values[name], defaults):
                plan.nodes[name] = draft
            else:
                plan.opaque = True
        plan.opaque |= not plan.nodes
        return plan

    def _read_prompts(self, prompts: Table) -> None:
        for name, line in prompts.keys.items():
            value = prompts.values[name]
            self._values.check_name(name, line, "prompt")
            text = " ".join(value.text.split()) if isinstance(value, Text) else ""
            if not text:
                self._findings.add(line, f"prompt '{name}' holds no text; write what is said")
            elif len(text) > MAX_TEXT:
                self._findings.add(
                    line,
                    f"prompt '{name}' has {len(text)} characters, at most {MAX_TEXT} are spoken "
                    "in one go; shorten it, or make two prompts of it",
                )
            self._plan.prompts[name] = (line, text)

    def _node(self, name: str, line: int, value: Tree, defaults: Table) -> Draft | None:
        self._values.check_name(name, line, "node")
        if not isinstance(value, Table):
            self._findings.add(line, f"node '{name}' is no mapping; write like {{say: welcome}}")
            return None
        kind = self._kind(name, line, value)
        if kind is None:
            return None
        self._values.check_words(value, _WORDS[kind], f"{kind} '{name}'")
        draft = Draft(kind, name, line)
        spoken = "say" if kind == "queue" else kind
        if spoken in value.keys:
            draft.prompts = self._values.names(value.values[spoken], f"{kind} '{name}'")
            self._plan.opaque |= not draft.prompts
        for word in _REFS:
            if word not in _WORDS[kind]:
                continue
            ref = self._plan.defaults.get(word)
            if word in value.keys:
                ref = self._values.name(value.values[word], f"'{word}' of {kind} '{name}'")
            if ref is not None:
                (draft.hints if word in HINTS else draft.ways)[word] = ref
        if kind == "queue":
            self._queue(draft, value)
            read_need(draft, value, self._values)
        if kind == "menu":
            self._menu(draft, value, defaults)
        for word, message in _LACKS.get(kind, {}).items():
            written = word in value.keys or word in defaults.keys
            if not written and word not in draft.ways:
                self._findings.add(line, f"{kind} '{name}' {message}")
        return draft

    def _kind(self, name: str, line: int, value: Table) -> str | None:
        kinds = [k for k in _WORDS if k in value.keys and (k != "say" or "queue" not in value.keys)]
        if len(kinds) == 1:
            return kinds[0]
        if kinds:
            words = "', '".join(kinds)
            self._findings.add(
                line, f"node '{name}' is several things ('{words}'); make a node of each"
            )
            return None
        known = sorted({word for words in _WORDS.values() for word in words})
        if not self._values.check_words(value, known, f"node '{name}'"):
            self._findings.add(
                line, f"node '{name}' does nothing; give it 'say', 'menu', 'queue' or 'goodbye'"
            )
        return None

    def _queue(self, draft: Draft, value: Table) -> None:
        where = f" of queue '{draft.name}'"
        draft.queue = self._values.name(value.values["queue"], f"'queue' of '{draft.name}'")
        self._keys(draft, value, f"queue '{draft.name}'")
        if "waiting" not in value.keys:
            return
        told = self._values.table(value, "waiting", where=where)
        self._values.check_words(told, _WAITING, f"'waiting'{where}")
        draft.told = ToldDraft(
            self._values.number(told, "first_s", 15.0, (0, 600), "seconds", place=where),
            self._values.number(told, "every_s", 60.0, (15, 3600), "seconds", place=where),
        )
        if "say" in told.keys:
            draft.told.messages = self._values.names(told.values["say"], f"'say'{where}")
        if "position" in told.keys:
            draft.told.position = self._values.name(told.values["position"], f"'position'{where}")
        if "wait" in told.keys:
            draft.told.wait = self._values.name(told.values["wait"], f"'wait'{where}")

    def _menu(self, draft: Draft, value: Table, defaults: Table) -> None:
        where = f" of menu '{draft.name}'"
        draft.wait_s, draft.tries = _WAIT_S, _TRIES
        for table, place in ((defaults, " in 'defaults'"), (value, where)):
            draft.wait_s = self._values.number(
                table, "wait_s", draft.wait_s, (1, 30), "seconds of silence", place=place
            )
            draft.tries = int(
                self._values.number(
                    table, "tries", draft.tries, (1, 3), "turns", whole=True, place=place
                )
            )
        keys = self._keys(draft, value, f"menu '{draft.name}'")
        if not keys.keys and isinstance(value.values.get("keys", keys), Table):
            self._findings.add(
                draft.line, f"menu '{draft.name}' has no keys; add 'keys', like {{1: hours}}"
            )
        if self._plan.human is not None:
            draft.keys.setdefault("0", self._plan.human)
            draft.ways.setdefault("otherwise", self._plan.human)
        self._phrases.read_menu(draft, value)

    def _keys(self, draft: Draft, value: Table, which: str) -> Table:
        keys = self._values.table(value, "keys", where=f" of {which}")
        for key, line in keys.keys.items():
            if len(key) != 1 or key not in _KEYS:
                self._findings.add(
                    line,
                    f"{which} uses the key '{key}', which no phone has; "
                    "use one of 0 to 9, '*' or '#'",
                )
            elif ref := self._values.name(keys.values[key], f"key {key} of {which}"):
                draft.keys[key] = ref
        return keys
