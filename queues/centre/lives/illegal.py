"""What is raised when a life is asked for a step that it does not know."""


class IllegalTransition(Exception):
    """This state knows no such event. Nothing was changed; the text names states and ids only."""
