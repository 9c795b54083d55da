"""Dialplans: YAML text in, a checked graph or all faults out."""

from ivr.dialplan.faults import DialplanFaulty, Fault
from ivr.dialplan.load import load_plan
from ivr.dialplan.plan import Goodbye, Menu, Node, NodeId, Plan, PromptId, Queue, Say

__all__ = [
    "DialplanFaulty",
    "Fault",
    "Goodbye",
    "Menu",
    "Node",
    "NodeId",
    "Plan",
    "PromptId",
    "Queue",
    "Say",
    "load_plan",
]
