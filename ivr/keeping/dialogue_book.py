"""What is kept of each live dialogue, so that another service can go on with it.

Rules:

1. A dialogue tells each new standing and never waits: the newest of a call is written, by a thread,
   50 ms later, so that the standings of many are one piece of work.
2. A whole session, with words and keys, is sealed under the key of the caller's contact. In clear
   stand the call, the node, the dialplan's hash, the turn and the contact's random id.
3. The caller's number becomes a contact here, by its one spelling, and goes no further. A number
   that is withheld is a contact of whom nothing is known.
4. While the store cannot be written the newest standing waits in memory; no call notices.
5. The plan that a dialogue runs on is kept before its row, by its hash, and let go of when the last
   live call on it is over.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import structlog

from ivr.dialplan.plan import Plan
from ivr.dialplan.written import PlanUnreadable, plan_from_text, plan_to_text
from ivr.flow.session import Session, session_from_json, session_to_json
from ivr.phone_number import REGION, PhoneNumber
from queues.ids import CallId, ContactId
from queues.store import (
    ContactUnknown,
    DialogueRow,
    Store,
    StoreError,
    StoreUnavailable,
)

log = structlog.get_logger()

_GATHERS_S = 0.05  # what many dialogues tell in this time is written at once
_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a dialogue stands, and the plan that it runs on."""

    session: Session
    plan: Plan


@dataclass(frozen=True, slots=True)
class KeptDialogue:
    """A dialogue that a service before us left, and the contact of its caller."""

    session: Session
    contact: str


def read_dialogues(store: Store) -> dict[CallId, KeptDialogue]:
    """Every dialogue that was left and can be opened; raises `StoreUnavailable`.

    One that cannot be opened is passed over with a warning: its caller begins the line anew.
    """
    found: dict[CallId, KeptDialogue] = {}
    for row in store.dialogues.all():
        try:
            text = store.vault.unseal(row.values[0], row.call, row.blob)
            if text is not None:
                session = session_from_json(json.loads(text))
                found[session.call] = KeptDialogue(session, row.values[0])
                continue
            reason = "erased"
        except StoreUnavailable:  # it can be read later: what is kept must not be lost for that
            raise
        except (StoreError, LookupError, TypeError, ValueError) as error:
            reason = type(error).__name__
        log.warning("a dialogue cannot be gone on with", call=row.call, reason=reason)
        store.journal.end_dialogue(row.call)
    return found


def read_plans(store: Store, dialogues: Mapping[CallId, KeptDialogue]) -> dict[str, Plan]:
    """The plan of each of these dialogues that can still be read, by its hash; all others go.

    Raises `StoreUnavailable`.
    """
    wanted = {kept.session.plan for kept in dialogues.values()}
    texts = store.dialplans.all()
    found: dict[str, Plan] = {}
    for name in wanted & texts.keys():
        try:
            found[name] = plan_from_text(texts[name], name, file="an earlier dialplan")
        except PlanUnreadable as error:
            log.warning("a kept dialplan cannot be read", plan=name, reason=str(error))
    for name in texts.keys() - found.keys():
        store.dialplans.drop(name)
    return found


class DialogueBook:
    """Keeps dialogues; `run` is a task of its owner."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], float],
        left: Mapping[CallId, KeptDialogue],
        plans: Collection[str] = (),
        region: str = REGION,
        known: Callable[[CallId, str | None], None] = lambda _call, _contact: None,
    ) -> None:
        """`left` are the dialogues of the service before us, `plans` the hashes that are kept.

        `region` is where numbers without a country's code are dialled. `known` is told, in the
        thread, of a call's contact when that is found out, unless the number was withheld, and of
        None when the call is over.
        """
        self._store = store
        self._now = now
        self._region = region
        self._known = known
        self._numbers: dict[CallId, PhoneNumber | None] = {}
        # Only the thread changes them.
        self._contacts = {call: kept.contact for call, kept in left.items()}
        runs_on = {call: kept.session.plan for call, kept in left.items()}
        self._plans = {call: plan for call, plan in runs_on.items() if plan in plans}
        self._unwritten: dict[CallId, _Standing | None] = {}  # None: it is over
        self._stirred = asyncio.Event()
        self._writes = False

    def arrived(self, call: CallId, number: PhoneNumber | None) -> None:
        """Hear who calls, as far as the switch says."""
        self._numbers[call] = number

    def keep(self, session: Session, plan: Plan) -> None:
        """Have the newest standing of a dialogue written, and the plan that it runs on."""
        self._note(session.call, _Standing(session, plan))

    def end(self, call: CallId) -> None:
        """Have the row of a call that is over taken away."""
        self._note(call, None)

    @property
    def is_written(self) -> bool:
        """Whether all that was noted is with the journal's writer."""
        return not self._unwritten and not self._writes

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            self._writes = False
            await self._stirred.wait()
            await asyncio.sleep(_GATHERS_S)
            self._stirred.clear()
            self._writes = True
            unwritten, self._unwritten = self._unwritten, {}
            numbers = {call: self._numbers.get(call) for call in unwritten}
            try:
                await asyncio.to_thread(self._write, unwritten, numbers)
            except Exception as error:  # no traceback: it could hold a number
                log.warning("dialogues are not kept just now", error=type(error).__name__)
                self._unwritten = unwritten | self._unwritten
                await asyncio.sleep(_AGAIN_S)
                self._stirred.set()
                continue
            for call, standing in unwritten.items():
                if standing is None:
                    self._numbers.pop(call, None)

    def contact_kept(self, call: CallId) -> ContactId | None:
        """The contact of a living call; None until its dialogue was first written."""
        kept = self._contacts.get(call)
        return None if kept is None else ContactId(kept)

    def contact_of(self, number: PhoneNumber | None) -> str:
        """The contact of a number, for a thread; a new one when it names nobody.

        Raises `StoreUnavailable`.
        """
        known = number.known_as(self._region) if number else None
        if known is None:
            return self._store.vault.new_contact()
        return self._store.vault.contact_of(
            known.kind, known.value, former=known.former, create=True
        )

    def _note(self, call: CallId, standing: _Standing | None) -> None:
        self._unwritten.pop(call, None)  # what changed last is written last
        self._unwritten[call] = standing
        self._stirred.set()

    def _write(
        self,
        unwritten: Mapping[CallId, _Standing | None],
        numbers: Mapping[CallId, PhoneNumber | None],
    ) -> None:
        self._meet_strangers(unwritten, numbers)
        for call, standing in unwritten.items():
            if standing is None:
                self._contacts.pop(call, None)
                self._known(call, None)
                self._store.journal.end_dialogue(call)
                self._runs_on(call, None)
                continue
            session = standing.session
            self._runs_on(call, standing.plan)
            if call not in self._contacts:
                contact = self.contact_of(numbers[call])
                if numbers[call] is not None:
                    self._known(call, contact)  # first: whoever sees the contact finds it known
                self._contacts[call] = contact
            try:
                row = self._row(session, self._contacts[call])
            except ContactUnknown:  # the person was erased while on the line
                self._contacts[call] = self._store.vault.new_contact()
                row = self._row(session, self._contacts[call])
            self._store.journal.keep_dialogue(row)

    def _meet_strangers(
        self,
        unwritten: Mapping[CallId, _Standing | None],
        numbers: Mapping[CallId, PhoneNumber | None],
    ) -> None:
        """Make contacts for new callers without a number, all of them in one transaction."""
        strangers = [
            call
            for call, standing in unwritten.items()
            if standing is not None and call not in self._contacts and numbers[call] is None
        ]
        made = self._store.vault.new_contacts(len(strangers))
        self._contacts.update(zip(strangers, made, strict=True))

    def _runs_on(self, call: CallId, plan: Plan | None) -> None:
        """Keep the plan that a call runs on now; let the one before go if no other call does."""
        before = self._plans.get(call)
        if plan is not None and plan.hash != before:
            if plan.hash not in self._plans.values():
                self._store.dialplans.keep(plan.hash, plan_to_text(plan))
            self._plans[call] = plan.hash
        elif plan is None:
            self._plans.pop(call, None)
        if before is not None and before not in self._plans.values():
            self._store.dialplans.drop(before)

    def _row(self, session: Session, contact: str) -> DialogueRow:
        text = json.dumps(session_to_json(session), ensure_ascii=False)
        return DialogueRow(
            call=session.call,
            node=session.node,
            plan=session.plan,
            turn=session.token,
            at=self._now(),
            values=(contact,),
            blob=self._store.vault.seal(contact, session.call, text),
        )
