"""Whom an advert speaks to, where the work is, and what that country is for them: home, hub, transit or a usual destination.

A place name alone says little: Bangkok is home to Thais, a lawful destination to Burmese factory workers and a stop
on the way to a compound for others. What counts is the place seen from the audience's side.
"""

import functools
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

import yaml

from model.facts.pay import PayFound, currency_home
from model.features.reading import Reading
from model.indicators.matcher import PlaceHit


class Relation(StrEnum):
    """What a place is to the advert's audience."""

    COMPOUND = "compound"
    """A compound, zone or border town that published cases name, `high` in specificity."""
    HUB_TOWN = "hub_town"
    """A town or region of published cases with ordinary life around it."""
    HUB_ABROAD = "hub_abroad"
    """A hub country, not the audience's own."""
    HUB_HOME = "hub_home"
    """The audience's own country, which is a hub."""
    TRANSIT_ABROAD = "transit_abroad"
    """A transit country to which this nationality has no official placement."""
    OFFICIAL_ABROAD = "official_abroad"
    """A usual, registered destination of this nationality's workers."""
    OTHER_ABROAD = "other_abroad"
    HOME = "home"
    FOREIGN_OR_HOME = "foreign_or_home"
    """The audience cannot be told: the place may be theirs."""


@dataclass(frozen=True, slots=True)
class Route:
    """Whom the advert speaks to, and each place named with its relation to them."""

    audience: str | None
    """ISO country, None when it cannot be told."""
    audience_by: str
    """What told it: `currency`, `phone`, `language`, `place` or `nothing`."""
    places: tuple[tuple[Relation, PlaceHit], ...]
    n_in_text: int = 0
    """Places from this index on are stated by the page beside the text: they have no span."""

    @property
    def going_rate_usd(self) -> float | None:
        """Give what pay is held against: the readers' own clerks', or those of an ordinary place of work if they earn more."""
        lawful = (
            Relation.OFFICIAL_ABROAD,
            Relation.OTHER_ABROAD,
            Relation.FOREIGN_OR_HOME,
            Relation.HOME,
            Relation.TRANSIT_ABROAD,
        )
        countries = {hit.country for relation, hit in self.places if relation in lawful}
        rates = [
            rate
            for country in (*sorted(countries), self.audience)
            if (rate := going_rate_usd(country)) is not None
        ]
        return max(rates, default=None)

    def named(self, *relations: Relation) -> list[PlaceHit]:
        """Give the places of these relations."""
        return [hit for relation, hit in self.places if relation in relations]


@functools.cache
def _destinations() -> dict[str, Any]:
    text = resources.files("model.facts").joinpath("destinations.yaml").read_text("utf-8")
    return dict(yaml.load(text, Loader=yaml.CSafeLoader))


@functools.cache
def _rates() -> dict[str, float]:
    text = resources.files("model.facts").joinpath("going_rates.yaml").read_text("utf-8")
    table = yaml.load(text, Loader=yaml.CSafeLoader)["clerk_usd"]
    return {country: float(v["usd"] if isinstance(v, dict) else v) for country, v in table.items()}


def going_rate_usd(country: str | None) -> float | None:
    """Give an ordinary clerk's monthly pay in US dollars, None where no figure is at hand."""
    return _rates().get(country) if country else None


def find_route(reading: Reading) -> Route:
    """Work out audience and relations from language, currencies, phone prefixes and places."""
    places: list[PlaceHit] = [*reading.places, *reading.context.places]
    audience, told_by = _audience(reading, places)
    related = tuple((relation(hit, audience), hit) for hit in places)
    return Route(audience, told_by, related, len(reading.places))


def relation(place: PlaceHit, audience: str | None) -> Relation:  # noqa: PLR0911 - a ladder of cases, first one wins
    """Say what a place is to people from `audience`."""
    table = _destinations()
    if place.specificity == "high":
        return Relation.COMPOUND
    country = place.country
    if place.specificity == "medium" and country != audience:
        return Relation.HUB_TOWN
    if country == audience:
        return Relation.HUB_HOME if country in table["hubs"] else Relation.HOME
    if country in table["hubs"]:
        return Relation.HUB_ABROAD
    if audience is None:
        return Relation.FOREIGN_OR_HOME
    if country in table["official"].get(audience, ()):
        return Relation.OFFICIAL_ABROAD
    if country in table["transit"]:
        return Relation.TRANSIT_ABROAD
    return Relation.OTHER_ABROAD


def _audience(reading: Reading, places: list[PlaceHit]) -> tuple[str | None, str]:
    """Tell the audience's country: a language of one country first, then currency, phone, and where it lies."""
    table = _destinations()
    language = reading.language
    home = table["home_of_language"].get(language.code) or table["home_of_script"].get(
        f"{language.code}-{language.script}"
    )
    hubs = set(table["hubs"]) | set(table["transit"])
    currencies = Counter(
        country
        for pay in _all_pay(reading)
        if (country := currency_home(pay.currency)) and (country not in hubs or home is None)
    )
    if currencies:
        country, _ = currencies.most_common(1)[0]
        # A Khmer text that pays in baht speaks to Khmers; an English one that pays in pesos speaks to Filipinos.
        if home is None or country == home:
            return country, "currency"
    regions = Counter(c.region for c in reading.contacts if c.region and c.region not in hubs)
    if home is not None:
        return home, "language"
    if regions:
        return regions.most_common(1)[0][0], "phone"
    countries = {place.country for place in places}
    if len(countries) == 1 and not countries & hubs:
        return countries.pop(), "place"
    return None, "nothing"


def _all_pay(reading: Reading) -> tuple[PayFound, ...]:
    return (*reading.pay, *reading.context.pay)
