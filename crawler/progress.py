"""Progress while a crawl runs: a live line per source on a terminal, silence otherwise."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crawler.run import Run

Watch = Callable[[dict[str, Run]], None]


@contextmanager
def shown() -> Iterator[Watch]:
    """Give what watches a crawl's runs; rich draws them from its own thread until the block ends."""
    if not sys.stderr.isatty():
        yield lambda _runs: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    watched: dict[str, Run] = {}

    def table() -> Table:
        found = Table("source", "pages", "adverts", "faults")
        for name, run in watched.items():
            found.add_row(
                name, str(run.counts["responses"]), str(run.n_adverts), str(sum(run.faults.values()))
            )
        return found

    with Live(get_renderable=table, console=Console(stderr=True), refresh_per_second=4, transient=True):
        yield watched.update
