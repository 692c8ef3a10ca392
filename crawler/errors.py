"""What can go wrong in a crawl, as errors that say place and remedy."""


class CrawlerError(Exception):
    """A mistake that whoever runs the command can mend; the message says where and how."""

    exit_code = 2


class SourceError(CrawlerError):
    """A source file is missing, unreadable or incomplete; the message lists `file: what; remedy`."""


class OutputError(CrawlerError):
    """A crawl's folder cannot be written, or another crawl is writing it."""


class EvidenceError(CrawlerError):
    """Evidence was asked for that cannot be read."""


class UnreadableFileError(CrawlerError):
    """A file that was handed in cannot be read at all."""


class FellShortError(CrawlerError):
    """The crawl or a check ended, and something fell short of what was expected."""

    exit_code = 1
