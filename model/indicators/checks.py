"""The catalogue tests itself: every example must fire or stay quiet, every sign must have wording, sources and both kinds of example."""

from model.indicators.matcher import Matcher
from model.indicators.registry import CATALOGUE, Example, Indicator, load_catalogue
from model.text.normalise import normalise
from model.text.tokens import tokenise

_COMPUTED = frozenset(
    "pay_requirements_mismatch hotspot_destination non_official_labour_destination personal_profile_recruiter high_risk_posting_venue "
    "no_corporate_contact employer_unnamed impersonated_or_lookalike_company obfuscated_spelling image_only_text cross_posting_and_timing".split(),
)
"""Signs that no wording can show: they are read off facts, or off what surrounds the advert."""


def check_catalogue() -> tuple[int, int, int, list[str]]:
    """Load and check; gives the numbers of indicators, wordings and examples, and every fault as `file:line: what; remedy`.

    Raises `CatalogueError` when the files cannot even be read.
    """
    catalogue = load_catalogue()
    matcher = Matcher(catalogue)
    faults = []
    n_examples = 0
    for indicator in catalogue.indicators.values():
        n_examples += len(indicator.fires) + len(indicator.quiet)
        faults.extend(_faults(indicator, matcher))
    return len(catalogue.indicators), len(catalogue.wordings), n_examples, faults


def fires(matcher: Matcher, indicator_id: str, text: str) -> bool:
    """Tell whether an indicator fires on a text."""
    folded = normalise(text)
    hits, _ = matcher.match(folded, *tokenise(folded.text))
    return any(hit.indicator == indicator_id for hit in hits)


def _faults(indicator: Indicator, matcher: Matcher) -> list[str]:
    where = f"{indicator.family}/{indicator.id}.yaml"
    if indicator.id in _COMPUTED:
        return []
    faults = []
    if not indicator.terms:
        faults.append(f"{where}:1: has no wording; add `terms`, or name it among the computed ones")
    if not indicator.fires:
        faults.append(f"{where}:1: has no example that fires; add one under `examples: fires`")
    faults += [
        _fault(indicator, example, "does not fire on")
        for example in indicator.fires
        if not fires(matcher, indicator.id, example.text)
    ]
    faults += [
        _fault(indicator, example, "fires on")
        for example in indicator.quiet
        if fires(matcher, indicator.id, example.text)
    ]
    return faults


def _fault(indicator: Indicator, example: Example, what: str) -> str:
    path = CATALOGUE / indicator.family / f"{indicator.id}.yaml"
    lines = path.read_text("utf-8").splitlines()
    line = next((n for n, text in enumerate(lines, 1) if example.text[:30] in text), 1)
    remedy = (
        "add wording or mend the example"
        if what.startswith("does not")
        else "narrow the wording or mend the example"
    )
    return f"{indicator.family}/{indicator.id}.yaml:{line}: {what} its {example.language} example {example.text!r}; {remedy}"
