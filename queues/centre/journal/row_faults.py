"""What is raised for a row of the journal that cannot be used. The text holds no value of it."""


class RowFault(Exception):
    """A row cannot be used; `seq` says which."""

    code = "row_fault"

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"row {seq}: {why}")
        self.seq = seq


class RowUnreadable(RowFault):
    """The row does not say what today's code, or an upcaster, understands."""

    code = "row_unreadable"


class FactDoesNotApply(RowFault):
    """The fact was read, but the state before it is not one that it can follow on."""

    code = "fact_does_not_apply"
