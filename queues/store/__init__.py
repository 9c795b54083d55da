"""What is stored: the journal, the vault, snapshots, live dialogues, and records for reports."""

from queues.record_rows import (
    EndedCall,
    EndedOffer,
    EndedTalk,
    EndedWait,
    EstimateCount,
    MissedCall,
)
from queues.store.bridge import in_loop
from queues.store.contacts import ContactUnknown
from queues.store.copies import (
    StoreFacts,
    StoreFiles,
    copy_store,
    look_at_store,
    store_files,
)
from queues.store.day_file import DayDamaged
from queues.store.errors import (
    JournalDamaged,
    KeyUnusable,
    NotCommitted,
    PeopleInUse,
    SchemaTooNew,
    StoreError,
    StoreInUse,
    StoreUnavailable,
    StoreUnusable,
    Trouble,
    WriterFenced,
)
from queues.store.journal_writer import JournalWriter
from queues.store.last_talks import LastTalk, LastTalks
from queues.store.look import SeenStore, see_keys, see_store
from queues.store.progress import Progress
from queues.store.records import Position, ProjectorBehind, Records
from queues.store.rows import DialogueRow, JournalRow, Kind, NewRow
from queues.store.seal import SealCheck, seals_to_check
from queues.store.snapshots import Snapshot
from queues.store.store import Store, StoreView
from queues.store.vault import DataClass, Erasure, KeptValue, ValueUnreadable
from queues.store.waiting import WriterHealth

__all__ = [
    "ContactUnknown",
    "DataClass",
    "DayDamaged",
    "DialogueRow",
    "EndedCall",
    "EndedOffer",
    "EndedTalk",
    "EndedWait",
    "Erasure",
    "EstimateCount",
    "JournalDamaged",
    "JournalRow",
    "JournalWriter",
    "KeptValue",
    "KeyUnusable",
    "Kind",
    "LastTalk",
    "LastTalks",
    "MissedCall",
    "NewRow",
    "NotCommitted",
    "PeopleInUse",
    "Position",
    "Progress",
    "ProjectorBehind",
    "Records",
    "SchemaTooNew",
    "SealCheck",
    "SeenStore",
    "Snapshot",
    "Store",
    "StoreError",
    "StoreFacts",
    "StoreFiles",
    "StoreInUse",
    "StoreUnavailable",
    "StoreUnusable",
    "StoreView",
    "Trouble",
    "ValueUnreadable",
    "WriterFenced",
    "WriterHealth",
    "copy_store",
    "in_loop",
    "look_at_store",
    "seals_to_check",
    "see_keys",
    "see_store",
    "store_files",
]
