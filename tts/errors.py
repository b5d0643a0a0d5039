"""The one error that a user can cause.

Everything that is the user's mistake (an empty text, a wrong option, a damaged file) is raised as
`InputError`; the command line prints its one line and exits with 2, the server answers 400.
Everything else is a fault of ours and crashes.
"""


class InputError(ValueError):
    """The user's mistake: one line that names the value and the remedy."""
