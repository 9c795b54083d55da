"""The running part of the waiting side: takes inputs, owns the centre, carries its wishes out."""

from queues.dispatcher.clock import Clock
from queues.dispatcher.dispatcher import COMMAND_DEADLINE_S, Dispatcher, NotStored
from queues.dispatcher.ledger import LedgerHealth

__all__ = ["COMMAND_DEADLINE_S", "Clock", "Dispatcher", "LedgerHealth", "NotStored"]
