"""What can go wrong in the model package, each with the exit code of the command line."""


class ModelError(Exception):
    """A mistake that whoever runs the command can mend; the message says where and how."""

    exit_code = 2


class CatalogueError(ModelError):
    """The catalogue is not usable; the message lists `file:line: what; remedy`."""


class ReleaseError(ModelError):
    """A release is missing, damaged or made for other features; nothing is scored with it."""


class InputError(ModelError):
    """A file that was handed in cannot be read as what it should be."""


class GateError(ModelError):
    """Something was measured and fell short."""

    exit_code = 1
