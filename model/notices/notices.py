"""What a job board may show beside an advert: calm notices in the reader's language, and published places to ask.

The words speak of the advert and of what can be checked, never of who posted it: that person may be held captive.
An advert that scored low, or is none, gets no notice. The texts are in `texts.yaml`, the way from a reason to a text
in `groups.yaml`, the referrals in `referrals.json`; a new language or code is an entry there and nothing here.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import resources
from typing import Any

import yaml

from model.facts.gazetteer import load_gazetteer
from model.schema.assessment import Assessment, Band
from model.schema.record import Record

FALLBACK = "en"
"""The language that has every text."""
CROSS_BORDER = "INTL"
"""In place of a country code: bodies that work across borders."""
_MOST_REASONS = 3
_SILENT = frozenset({Band.LOW, Band.NOT_AN_ADVERT})
_RISKY = frozenset({Band.REVIEW, Band.HIGH})
_FELL_BACK = "There are no texts in the language asked for; these are in English."
_ALSO_CALLED = {
    "tl": "fil",
    "in": "id",
    "zh-tw": "zh-hant",
    "zh-hk": "zh-hant",
    "zh-mo": "zh-hant",
}


class ReasonNotice(Record):
    """What follows from one kind of reason, for both sides of the advert."""

    group: str
    """The kind of reason, for example `pay`; a key of `texts.yaml`."""
    codes: tuple[str, ...]
    """The assessment's reasons it stands for, strongest first."""
    jobseeker: str
    """For whoever reads the advert."""
    employer: str
    """For whoever placed it: how to mend the advert."""
    language: str
    """The language of these two texts: `en` where the asked-for one has none for this group."""


class Notices(Record):
    """All that may be said about one advert in one language."""

    jobseeker: str | None
    """General notice for jobseekers; None where the assessment gives no cause for one."""
    employer: str | None
    """General message for whoever placed the advert; None where there is nothing to mend."""
    reasons: tuple[ReasonNotice, ...]
    """One notice for each of the strongest kinds of reason, strongest first, three at most."""
    referral_caution: str
    """Belongs beside every referral: where it comes from, and that nobody has confirmed it yet."""
    language: str
    """The language used."""
    language_asked: str
    """The language asked for."""
    note: str | None = None
    """Says so where there are no texts in the language asked for and English stands in."""


class Referral(Record):
    """A published place to ask or to report; show source, year and "not yet verified" beside it."""

    id: str
    """Stable key."""
    country: str
    """Whose people, or which place, it serves."""
    iso: str
    """ISO 3166 code of that country, `INTL` for bodies that work across borders."""
    organisation: str
    """Who answers."""
    kind: str
    """`hotline`, `licence_check`, `embassy`, `ngo` or `report_form`."""
    number: str | None
    """As published; a short code works only inside the country. Never fill a missing one by guess."""
    url: str | None
    """Its page."""
    url_source: str | None
    """`stored` when the address was read in a source, `background` when it was not."""
    languages: tuple[str, ...]
    """In which languages it answers, as published."""
    hours: str
    """When, as published."""
    who_it_serves: str
    """For whom it is."""
    audience: tuple[str, ...]
    """For example `job_seeker`, `family`, `scam_money_victim`."""
    source_title: str
    """The page it was read on."""
    source_url: str | None
    """That page's address."""
    source_year: int | None
    """That page's year, where it states one."""
    confidence: str
    """`high`, `medium` or `low`."""
    verified: date | None
    """The day a person confirmed it; None: not yet verified."""
    note: str
    """Cautions to show with it, for example that calls are recorded."""


def notices_for(assessment: Assessment, *, language: str) -> Notices:
    """Give the notices for an advert in `language` (a BCP 47 tag), or in English where there are none in it.

    Only reasons that raised the score speak. Never raises for an unknown language or an unknown code.
    """
    used = _language_for(language)
    texts = _texts()[used]
    silent = assessment.band in _SILENT
    unassessed = assessment.band is Band.UNASSESSED
    return Notices(
        jobseeker=None if silent else texts["unassessed" if unassessed else "jobseeker"],
        employer=None if silent else texts["employer"],
        reasons=() if silent or unassessed else _reason_notices(assessment, used),
        referral_caution=texts["referrals"],
        language=used,
        language_asked=language,
        note=_FELL_BACK if used == FALLBACK and not _is_english(language) else None,
    )


def referrals_for(countries: Sequence[str]) -> tuple[Referral, ...]:
    """Give the referrals for ISO 3166 codes in order of preference, then the bodies that work across borders.

    Within a country, places for jobseekers stand first and those for lost money last. An entry with neither number
    nor page is left out, so every one can be followed; the last ones are never police.
    """
    wanted = list(dict.fromkeys([*(code.upper() for code in countries), CROSS_BORDER]))
    if CROSS_BORDER in wanted[:-1]:
        wanted.remove(CROSS_BORDER)
        wanted.append(CROSS_BORDER)
    return tuple(
        referral
        for code in wanted
        for referral in sorted(_referrals(), key=_rank)
        if referral.iso == code and (referral.number or referral.url)
    )


def audience_countries(assessment: Assessment) -> tuple[str, ...]:
    """Name the countries whose people the advert speaks to, as its facts tell; for `referrals_for`."""
    return tuple(str(fact.value) for fact in assessment.facts if fact.kind == "audience_country")


def places_of_work(assessment: Assessment) -> tuple[str, ...]:
    """Name the countries in which the places that an advert names lie; for `referrals_for`.

    A name that several countries share is left out: a hotline of the wrong country helps nobody.
    """
    named = (str(fact.value) for fact in assessment.facts if fact.kind == "place")
    found = (_countries().get(name) for name in named)
    return tuple(dict.fromkeys(country for country in found if country))


def with_notices(assessment: Assessment, *, language: str) -> dict[str, Any]:
    """Give an assessment as JSON together with what may be shown beside it, `notices` and `referrals`."""
    risky = assessment.band not in _SILENT
    countries = [*audience_countries(assessment), *places_of_work(assessment)]
    referrals = referrals_for(countries) if assessment.band in _RISKY else ()
    return {
        **assessment.to_json(),
        "notices": notices_for(assessment, language=language).to_json() if risky else None,
        "referrals": [referral.to_json() for referral in referrals],
    }


def group_of(code: str) -> str | None:
    """Name the group of notices for a reason's code; None where no advice of its own follows."""
    return _groups().get(code)


def known_codes() -> frozenset[str]:
    """Give every code a reason can carry."""
    return frozenset(_groups())


def _reason_notices(assessment: Assessment, language: str) -> tuple[ReasonNotice, ...]:
    strength: dict[str, float] = {}
    codes: dict[str, list[str]] = {}
    for reason in sorted(assessment.reasons, key=lambda reason: -reason.log_odds):
        group = group_of(reason.code)
        if reason.log_odds > 0 and group is not None:
            strength[group] = strength.get(group, 0.0) + reason.log_odds
            codes.setdefault(group, []).append(reason.code)
    strongest = sorted(strength, key=lambda group: -strength[group])[:_MOST_REASONS]
    return tuple(_reason_notice(group, tuple(codes[group]), language) for group in strongest)


def _reason_notice(group: str, codes: tuple[str, ...], language: str) -> ReasonNotice:
    own = _texts()[language].get("groups", {})
    used = language if group in own else FALLBACK
    words = _texts()[used]["groups"][group]
    return ReasonNotice(
        group=group,
        codes=codes,
        jobseeker=words["jobseeker"],
        employer=words["employer"],
        language=used,
    )


def _language_for(tag: str) -> str:
    """Find the nearest language with texts: the tag itself, then ever shorter beginnings, then English."""
    known = {name.lower(): name for name in _texts()}
    parts = tag.strip().lower().replace("_", "-").split("-")
    while parts:
        name = "-".join(parts)
        name = _ALSO_CALLED.get(name, name)
        if name in known:
            return known[name]
        parts.pop()
    return FALLBACK


def _is_english(tag: str) -> bool:
    return tag.strip().lower().replace("_", "-").split("-")[0] == FALLBACK


@functools.cache
def _countries() -> Mapping[str, str | None]:
    """Give place → its country, None where the name alone does not tell; what cases name goes before cities."""
    countries: dict[str, str | None] = {}
    telling: dict[str, str | None] = {}
    for place in load_gazetteer():
        names = countries if place.kind == "city" else telling
        if names.setdefault(place.name, place.country) != place.country:
            names[place.name] = None
    return {**countries, **telling}


def _rank(referral: Referral) -> tuple[bool, bool]:
    return "job_seeker" not in referral.audience, referral.audience == ("scam_money_victim",)


@functools.cache
def _texts() -> Mapping[str, Any]:
    return dict(_load_yaml("texts.yaml"))


@functools.cache
def _groups() -> Mapping[str, str | None]:
    return dict(_load_yaml("groups.yaml"))


@functools.cache
def _referrals() -> tuple[Referral, ...]:
    return tuple(Referral.from_json(entry) for entry in json.loads(_read("referrals.json")))


def _load_yaml(name: str) -> Any:
    return yaml.load(_read(name), Loader=yaml.CSafeLoader)


def _read(name: str) -> str:
    return resources.files("model.notices").joinpath(name).read_text("utf-8")
