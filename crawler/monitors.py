"""At close: what came, compared with what the source file expects.

A source that suddenly brings nothing, or adverts without titles, has changed its layout or shut us
out: the run then fails loudly and says what changed.
"""

from crawler.run import ENOUGH_ADVERTS, Run
from crawler.source import WHOLE

MANY_UNPROVEN = 0.2
MANY_FAILED = 0.5
COMMON = 0.5
"""A field that so many adverts carried is expected of the next run too."""
FALLEN = 0.5
"""Less than this part of what it was, and the layout has changed."""
_ENOUGH_PAGES = 10


def problems_of(run: Run, *, complete: bool) -> list[str]:
    """Give, in plain words, everything that fell short; an empty list when the run is as expected."""
    found = [*doubts_of(run, complete=complete), *_counts(run, complete=complete)]
    coverage = run.coverage()
    for field, share in run.source.expected_coverage.items():
        if coverage and coverage.get(field, 0.0) < share:
            found.append(
                f"{field}: in {coverage.get(field, 0.0):.0%} of the adverts, expected {share:.0%}; "
                "has the layout changed?"
            )
    found += _layout(run, coverage)
    unproven = run.faults["the page does not name its advert"]
    if run.n_adverts and unproven / run.n_adverts > MANY_UNPROVEN:
        found.append(
            f"{unproven} of {run.n_adverts} adverts are not named by their page; "
            "do its addresses lead elsewhere?"
        )
    failed = run.counts["failed"]
    if run.counts["responses"] >= _ENOUGH_PAGES and failed / run.counts["responses"] > MANY_FAILED:
        found.append(f"{failed} of {run.counts['responses']} pages failed")
    found += run.unstamped
    found += [f"{host}: left alone, {why}" for host, why in run.politeness.stopped.items()]
    return found


def doubts_of(run: Run, *, complete: bool) -> list[str]:
    """Give the reasons not to call gone what a complete run did not meet; an empty list when it may be."""
    expect, lost = run.source.expect, run.counts["lost"]
    _present, met = run.history.counts()
    found = []
    if complete and run.source.kind in WHOLE and met < expect.min:
        found.append(f"{met} adverts, expected at least {expect.min}")
    if lost >= ENOUGH_ADVERTS and lost > met:
        found.append(
            f"{lost} adverts are no longer found on pages that still answer, {met} are: "
            "the layout seems to have changed; none is called gone"
        )
    return found


def _layout(run: Run, coverage: dict[str, float]) -> list[str]:
    """Fields that most adverts carried in the run before, and fewer than half as many do now."""
    if run.n_read < ENOUGH_ADVERTS:
        return []
    return [
        f"{field}: in {coverage.get(field, 0.0):.0%} of the adverts, in the run before in {before:.0%}; "
        "the layout seems to have changed"
        for field, before in run.history.last_coverage().items()
        if before >= COMMON and coverage.get(field, 0.0) < before * FALLEN
    ]


def _counts(run: Run, *, complete: bool) -> list[str]:
    expect = run.source.expect
    present, met = run.history.counts()
    if complete and run.source.kind not in WHOLE and present < expect.min:
        return [f"{met} adverts, expected at least {expect.min}"]
    if expect.min and not met and run.counts["failed"]:
        return [f"no advert was read: {run.counts['failed']} page(s) failed ({', '.join(run.faults)})"]
    if expect.max is not None and met > expect.max:
        return [f"{met} adverts, expected at most {expect.max}"]
    return []
