"""What a report is made of: which records follow from the rows of the journal."""

from queues.reports.outcomes import CallOutcome
from queues.reports.projection import VERSION, Projection

__all__ = ["VERSION", "CallOutcome", "Projection"]
