"""What a reviewer can say, by which key, and for which reasons: the console draws its buttons from here."""

from dataclasses import dataclass

from model.schema.decision import PATTERNS, LabelName, Verdict


@dataclass(frozen=True)
class Choice:
    """One answer a reviewer can give."""

    verdict: Verdict
    pattern: LabelName | None
    keys: str
    """The keys that give it, one after the other."""
    title: str
    """What the button says."""
    hint: str
    """When it is the right answer."""

    @property
    def value(self) -> str:
        """The form value: `verdict` or `verdict:pattern`."""
        return f"{self.verdict.value}:{self.pattern.value}" if self.pattern else self.verdict.value


_PATTERN_WORDS = {
    LabelName.SCAM_CENTRE: ("Scam centre", "Recruits people who are then held or made to defraud others."),
    LabelName.FEE_FRAUD: ("Fee fraud", "Wants money for a visa, training or placement; there is no job."),
    LabelName.TASK_SCAM: ("Task scam", "Pays small sums for likes and ratings, then asks for top-ups."),
    LabelName.MONEY_MULE: ("Money mule", "Wants the applicant's bank account or parcels passed on."),
    LabelName.OTHER_DECEPTIVE: ("Other deception", "Deceives applicants in another way."),
}

CHOICES: tuple[Choice, ...] = (
    *(
        Choice(Verdict.CONFIRMED, pattern, f"c {digit}", *_PATTERN_WORDS[pattern])
        for digit, pattern in enumerate(PATTERNS, start=1)
    ),
    Choice(Verdict.LEGITIMATE, None, "l", "Legitimate", "An honest offer, even if clumsy or badly paid."),
    Choice(
        Verdict.NOT_AN_ADVERT,
        None,
        "n",
        "Not an advert",
        "A warning, a news report, help, or someone seeking work.",
    ),
    Choice(Verdict.UNSURE, None, "u", "Unsure", "The text does not settle it; nothing is learnt from this."),
)

REASON_CODES: dict[Verdict, tuple[tuple[str, str], ...]] = {
    Verdict.CONFIRMED: (
        ("combination_of_signs", "Several signs together"),
        ("known_contact", "Contact seen in confirmed adverts"),
        ("reported", "Reported by a person or an authority"),
    ),
    Verdict.LEGITIMATE: (
        ("employer_verified", "Employer verified"),
        ("agency_licensed", "Agency licensed"),
        ("ordinary_offer", "Ordinary offer"),
    ),
    Verdict.NOT_AN_ADVERT: (
        ("warning_or_news", "Warning or news"),
        ("help_offer", "Offer of help"),
        ("seeks_work", "Somebody seeking work"),
    ),
    Verdict.UNSURE: (
        ("too_little_text", "Too little text"),
        ("language", "Cannot judge the language"),
    ),
}
"""Verdict → (code, words) a reviewer may add; none is required."""

_BY_VALUE = {choice.value: choice for choice in CHOICES}


def find_choice(value: str) -> Choice | None:
    """Give the choice of a form value; None when there is no such choice."""
    return _BY_VALUE.get(value)
