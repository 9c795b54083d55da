"""The ways in which a wish to the switch can fail, named by what the asker has to do about it."""


class AmiError(Exception):
    """Something between us and the switch went wrong; `code` is stable, the text is for people.

    No text of an error ever holds a value that a caller can influence, nor the secret.
    """

    code = "ami_error"


class HostileText(AmiError, ValueError):
    """A value was refused before anything was sent; the text names the field, never the value."""

    code = "hostile_text"


class LinkLost(AmiError):
    """There is no link to the switch, or it broke before the answer came.

    `sent` is false when the wish surely never left us. When it is true the outcome is unknown and
    must be looked up; it must not simply be tried again.
    """

    code = "link_lost"

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class LoginRefused(AmiError):
    """The switch refuses our AMI user; only a person can mend it, so nothing is retried."""

    code = "login_refused"


class ActionRefused(AmiError):
    """The switch understood and said no; the text is the switch's own sentence."""

    code = "action_refused"


class ActionTimedOut(AmiError):
    """The switch is there but did not answer this action in time; the outcome is unknown."""

    code = "action_timed_out"


class AgiCut(AmiError):
    """The channel is in a bridge or has left AGI: the command will not answer any more."""

    code = "agi_cut"


class ChannelGone(AmiError):
    """The channel has ended, or was never one of ours."""

    code = "channel_gone"


class AgiTimedOut(AmiError):
    """The channel is there but the command did not come to its turn or its end in time."""

    code = "agi_timed_out"
