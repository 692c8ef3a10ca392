"""One advert as named numbers, each with the stretches of text it rests on.

Four kinds of column, language-independent all of them, so that what is learnt in one language holds in another:
`sign:…` an indicator was hit · `pay:…`, `place:…`, `contact:…` a fact read off the advert · `both:…` two or more of these
together, the combinations that published cases repeat · `count:…` how many families of signs, and of counter-signs.
No column knows the length, the tone, the emoji or the language of an advert: honest people write short and loud too.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from model.facts.pay import PayFound
from model.features.reading import LOOK_ALIKE, Reading
from model.features.routes import Relation, Route, find_route
from model.indicators.matcher import Hit
from model.indicators.registry import Catalogue, Kind
from model.schema.advert import ContactKind, PayPeriod
from model.text.normalise import DISGUISES

Evidence = tuple[int, int, str | None]
"""First and last character in the folded text, and the English gloss."""


class Column(NamedTuple):
    """One number about an advert, and what it rests on."""

    name: str
    value: float
    evidence: tuple[Evidence, ...] = ()


ONLINE_WORK = frozenset(
    "online_chat_role customer_service_generic online_job_generic data_entry_typist typing_speed_only telemarketing_tm "
    "crypto_forex_gambling_role explicit_scam_role_terms".split(),
)
DESK_WORK = ONLINE_WORK | {"digital_marketing_sales", "other_cover_roles", "language_market_targeting"}
MODELS = frozenset({"model_or_ai_model", "appearance_or_video_requirement"})
PACKAGE = frozenset({"all_inclusive_package", "travel_prepaid_by_recruiter", "live_in_dormitory"})
TRAVEL_PAID = frozenset({"travel_prepaid_by_recruiter"})
EASY = frozenset(
    {"no_qualifications_needed", "easy_quick_money", "typing_speed_only", "instant_hire_no_interview"}
)
PAPERS = frozenset(
    {
        "tourist_visa_or_visa_free_entry",
        "passport_requests",
        "coached_to_lie_at_border",
        "irregular_border_route",
    }
)
VAGUE_PLACE = frozenset(
    {
        "destination_vague_or_withheld",
        "work_abroad_phrase",
        "border_area_phrase",
        "destination_switch",
        "transit_country_cover",
    }
)
REPLY = frozenset({"move_off_platform", "telegram_contact", "chat_app_only_contact"})
BY_HAND = frozenset({"physical_or_trade_role", "shop_or_local_business"})
ROLES = BY_HAND | {"professional_role"}
"""Counter-signs that only name a kind of work: no employer is easier to look up for them."""
PROCESS = frozenset(
    "licence_or_registration_number legal_company_form application_process contract_and_insurance statutory_benefits qualification_required "
    "lawful_work_visa physical_address_or_walk_in local_commuter_condition official_employer equal_opportunity_statement probation_or_training_paid".split(),
)
NEIGHBOURS = frozenset(
    "task_scam_mechanics task_scam_daily_pay deposit_to_unlock money_mule_account_use reshipping_parcels illicit_courier identity_harvest "
    "investment_or_mlm_pitch guaranteed_visa_offer upfront_fee work_from_home_phrase".split(),
)
STANCES = frozenset(
    {
        "warning_language",
        "news_report",
        "help_offer",
        "victim_testimony",
        "job_seeker_post",
        "question_or_discussion",
    }
)

_RATIO_STEPS = (1.3, 1.8, 2.5, 4.0, 7.0)
"""Factors of the going rate at which pay columns switch on, each keeping the ones below: monotone by construction."""
_USD_STEPS = (700.0, 1500.0, 3000.0, 6000.0)
"""Where the audience cannot be told, the plain monthly figure."""
_DOLLAR_COUNTRIES = frozenset({"US", "PR", "ZW", "EC", "SV", "TL", "PA"})
"""Where wages are paid in dollars; in Cambodia too, but only Cambodians are quoted them for work at home."""
_MUCH_PAY = 1.8
_MUCH_USD = 1500.0


class ColumnMaker:
    """Turns readings into columns; knows the catalogue's kinds and families."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._kind = {indicator.id: indicator.kind for indicator in catalogue.indicators.values()}
        self._family = {indicator.id: indicator.family for indicator in catalogue.indicators.values()}

    def columns(self, reading: Reading, route: Route | None = None) -> list[Column]:
        """Give every column that is not zero; `route` is worked out here unless it is at hand."""
        return list(_Case(reading, route or find_route(reading), self._kind, self._family).columns())


class _Case:
    """One advert under scrutiny: hits by indicator, route, pay, and the flags that combinations are made of."""

    def __init__(
        self, reading: Reading, route: Route, kinds: dict[str, Kind], families: dict[str, str]
    ) -> None:
        self.reading = reading
        self.route = route
        self.kinds = kinds
        self.families = families
        self.evidence: dict[str, list[Evidence]] = defaultdict(list)
        for hit in reading.hits:
            self.evidence[hit.indicator].append(_of_hit(hit))
        if reading.look_alike_of:
            self.evidence.setdefault(LOOK_ALIKE, [])
        self.found = {name for name in self.evidence if kinds[name] is not Kind.FACT}

    def columns(self) -> Iterator[Column]:
        for name in sorted(self.found):
            yield Column(f"sign:{name}", 1.0, tuple(self.evidence[name]))
        flags = dict(self._flags())
        yield from (
            Column(name, 1.0, tuple(evidence))
            for name, evidence in flags.items()
            if name.partition(":")[0] != "is"
        )
        yield from self._combinations(flags)
        yield from self._counts(flags)

    def _flags(self) -> Iterator[tuple[str, list[Evidence]]]:
        """Give facts (`pay:`, `place:`, `contact:`, `text:`) and the bare flags (`is:`) combinations are made of."""
        yield from self._pay_flags()
        yield from self._place_flags()
        yield from self._contact_flags()
        if sum(count for fold, count in self.reading.text.folds.items() if fold in DISGUISES) > 1:
            yield "text:disguised", []
        for name, members in _GROUPS.items():
            if members & self.found:
                yield f"is:{name}", self._of(members)

    def _pay_flags(self) -> Iterator[tuple[str, list[Evidence]]]:
        pay = _headline((*self.reading.pay, *self.reading.context.pay))
        if pay is None:
            return
        evidence: list[Evidence] = [(pay.start, pay.end, None)] if pay in self.reading.pay else []
        rate = self.route.going_rate_usd
        usd = pay.monthly_usd[1]
        if rate is not None:
            ratio = (usd * pay.monthly_usd[0]) ** 0.5 / rate if pay.monthly_usd[0] > 0 else usd / rate
            yield from ((f"pay:over_{step}_times", evidence) for step in _RATIO_STEPS if ratio >= step)
            if ratio < _RATIO_STEPS[0]:
                yield "pay:ordinary", evidence
            much = ratio >= _MUCH_PAY
        else:
            yield from ((f"pay:usd_over_{step:.0f}", evidence) for step in _USD_STEPS if usd >= step)
            much = usd >= _MUCH_USD and bool(self.route.named(*_AWAY))
        lands = {self.route.audience, *(hit.country for _, hit in self.route.places)} - {"KH"}
        paid_in_dollars = self.route.audience == "KH" or not lands.isdisjoint(_DOLLAR_COUNTRIES)
        if pay.currency in {"USD", "USDT"} and not paid_in_dollars:
            yield "pay:in_dollars", evidence
        if pay.currency == "USDT":
            yield "pay:in_crypto", evidence
        if pay.period in {PayPeriod.HOUR, PayPeriod.DAY}:
            yield f"pay:per_{pay.period}", evidence
        if much:
            yield "is:high_pay", evidence

    def _place_flags(self) -> Iterator[tuple[str, list[Evidence]]]:
        by_relation: dict[Relation, list[Evidence]] = defaultdict(list)
        for index, (relation, hit) in enumerate(self.route.places):
            by_relation[relation].extend(
                [(hit.start, hit.end, hit.name)] if index < self.route.n_in_text else []
            )
        for relation, evidence in by_relation.items():
            yield f"place:{relation}", evidence
        if self.route.places and by_relation.keys() <= {Relation.HOME}:
            yield "place:only_home", by_relation[Relation.HOME]
        if not self.route.places:
            yield "place:none", []
        away = [e for relation in _AWAY for e in by_relation.get(relation, ())]
        if by_relation.keys() & set(_AWAY):
            yield "is:away", away
        hub = [e for relation in _HUBS for e in by_relation.get(relation, ())]
        if by_relation.keys() & set(_HUBS):
            yield "is:hub", hub

    def _contact_flags(self) -> Iterator[tuple[str, list[Evidence]]]:
        kinds: dict[str, list[Evidence]] = defaultdict(list)
        for contact in self.reading.contacts:
            kinds[contact.kind].append((contact.start, contact.end, None))
            if contact.corporate:
                kinds["corporate"].append((contact.start, contact.end, None))
        for kind in self.reading.context.contacts:
            kinds[kind] = kinds[kind] or []
        if ContactKind.TELEGRAM in kinds:
            yield "contact:telegram", kinds[ContactKind.TELEGRAM]
        if "corporate" in kinds:
            yield "contact:corporate", kinds["corporate"]
        if ContactKind.PHONE in kinds:
            yield "contact:phone", kinds[ContactKind.PHONE]

    def _combinations(self, flags: dict[str, list[Evidence]]) -> Iterator[Column]:
        present = {name.partition(":")[2] for name in flags if name.startswith("is:")}
        present |= {f"no_{name}" for name in _ABSENT if f"is:{name}" not in flags}
        for name, needed in COMBINATIONS.items():
            if present.issuperset(needed):
                evidence = [e for flag in needed for e in flags.get(f"is:{flag}", ())]
                yield Column(f"both:{name}", 1.0, tuple(sorted(set(evidence), key=_reading_order)))

    def _counts(self, flags: dict[str, list[Evidence]]) -> Iterator[Column]:
        signs = {self.families[n] for n in self.found if self.kinds[n] is Kind.SIGN and n not in NEIGHBOURS}
        signs |= {"place"} if "is:hub" in flags else set()
        signs |= {"pay"} if "is:high_pay" in flags else set()
        evidence = tuple(
            e for n in sorted(self.found) if self.kinds[n] is Kind.SIGN for e in self.evidence[n]
        )
        yield from (
            Column(f"count:sign_families_{n}", 1.0, evidence) for n in (2, 3, 4, 5) if len(signs) >= n
        )
        counters = {n for n in self.found - ROLES if self.kinds[n] is Kind.COUNTER}
        evidence = tuple(e for n in sorted(counters) for e in self.evidence[n])
        yield from (
            Column(f"count:counter_signs_{n}", 1.0, evidence) for n in (1, 2, 3, 5, 8) if len(counters) >= n
        )
        stances = self.found & STANCES
        evidence = tuple(e for n in sorted(stances) for e in self.evidence[n])
        n_stance = sum(len({e[:2] for e in self.evidence[n]}) for n in stances)
        yield from (Column(f"count:stance_{n}", 1.0, evidence) for n in (2, 3, 5) if n_stance >= n)

    def _of(self, names: Iterable[str]) -> list[Evidence]:
        return [e for name in sorted(set(names) & self.found) for e in self.evidence[name]]


def _of_hit(hit: Hit) -> Evidence:
    """Give a hit as evidence; English needs no gloss in English."""
    return hit.start, hit.end, hit.gloss if hit.language != "en" else None


def _reading_order(evidence: Evidence) -> tuple[int, int, str]:
    return evidence[0], evidence[1], evidence[2] or ""


def _headline(pays: Iterable[PayFound]) -> PayFound | None:
    """Choose the pay that an advert leads with: the highest amount it promises."""
    return max(pays, key=lambda pay: pay.monthly_usd[1], default=None)


_HUBS = (Relation.COMPOUND, Relation.HUB_TOWN, Relation.HUB_ABROAD)
_AWAY = (*_HUBS, Relation.TRANSIT_ABROAD, Relation.OTHER_ABROAD, Relation.OFFICIAL_ABROAD)
_GROUPS = {
    "online": ONLINE_WORK,
    "desk": DESK_WORK,
    "model": MODELS,
    "package": PACKAGE,
    "travel_paid": TRAVEL_PAID,
    "easy": EASY,
    "papers": PAPERS,
    "vague": VAGUE_PLACE,
    "reply": REPLY,
    "by_hand": BY_HAND,
    "process": PROCESS,
    "boast": frozenset({"salary_above_market"}),
    "commission": frozenset({"uncapped_commission"}),
    "casino": frozenset({"casino_hospitality"}),
    "slang": frozenset({"coded_slang", "explicit_scam_role_terms", "re_recruitment_experience"}),
    "reassurance": frozenset({"safety_reassurance_denial", "direct_boss_hire_claim", "zero_fee_promise"}),
    "debt": frozenset({"advance_pay_or_debt_relief", "vulnerability_targeting_language"}),
    "language": frozenset({"language_market_targeting"}),
    "profession": frozenset({"professional_role"}),
    "home_work": frozenset({"work_from_home_phrase"}),
    "stance": STANCES,
}
_ABSENT = ("process", "by_hand", "stance", "hub", "away", "desk", "profession")
COMBINATIONS: dict[str, tuple[str, ...]] = {
    "online_and_hub": ("online", "hub"),
    "desk_and_hub": ("desk", "hub"),
    "desk_and_hub_unproven": ("desk", "hub", "no_process"),
    "online_and_away": ("online", "away"),
    "desk_and_away_unproven": ("desk", "away", "no_process"),
    "online_and_vague": ("online", "vague"),
    "desk_and_vague_unproven": ("desk", "vague", "no_process"),
    "hub_unproven": ("hub", "no_process", "no_stance"),
    "away_unproven": ("away", "no_process", "no_stance", "no_by_hand"),
    "vague_unproven": ("vague", "no_process", "no_stance", "no_by_hand"),
    "package_and_hub": ("package", "hub"),
    "package_and_away": ("package", "away"),
    "package_and_vague": ("package", "vague"),
    "package_and_online": ("package", "online"),
    "package_and_desk_unproven": ("package", "desk", "no_process"),
    "travel_paid_and_away_unproven": ("travel_paid", "away", "no_process"),
    "high_pay_and_easy": ("high_pay", "easy"),
    "high_pay_and_online": ("high_pay", "online"),
    "high_pay_and_desk_unproven": ("high_pay", "desk", "no_process"),
    "high_pay_and_hub": ("high_pay", "hub"),
    "high_pay_and_away": ("high_pay", "away"),
    "high_pay_and_vague": ("high_pay", "vague"),
    "high_pay_and_package": ("high_pay", "package"),
    "high_pay_unproven": ("high_pay", "no_process", "no_by_hand", "no_profession"),
    "boast_and_away": ("boast", "away"),
    "boast_and_online": ("boast", "online"),
    "boast_and_vague": ("boast", "vague"),
    "boast_and_package": ("boast", "package"),
    "boast_and_easy": ("boast", "easy"),
    "easy_and_away": ("easy", "away"),
    "easy_and_vague": ("easy", "vague"),
    "easy_and_package": ("easy", "package"),
    "papers_and_away": ("papers", "away"),
    "papers_and_vague": ("papers", "vague"),
    "model_and_away": ("model", "away"),
    "casino_and_hub": ("casino", "hub"),
    "casino_and_hub_unproven": ("casino", "hub", "no_process"),
    "language_and_away": ("language", "away"),
    "commission_and_hub": ("commission", "hub"),
    "reply_and_away_unproven": ("reply", "away", "no_process"),
    "reply_and_vague": ("reply", "vague"),
    "reassurance_and_away": ("reassurance", "away"),
    "debt_and_vague": ("debt", "vague"),
    "debt_and_away": ("debt", "away"),
    "by_hand_and_away": ("by_hand", "away"),
    "by_hand_and_process": ("by_hand", "process"),
    "by_hand_here": ("by_hand", "no_away"),
    "by_hand_no_desk": ("by_hand", "no_desk"),
    "hub_and_stance": ("hub", "stance"),
    "home_work_and_easy": ("home_work", "easy"),
    "home_work_and_boast": ("home_work", "boast"),
    "home_work_and_high_pay": ("home_work", "high_pay"),
}
"""Name → flags that must all hold; `no_x` means x is absent. From `knowledge` section 0: the repeated core is online desk
work, a hub or transit place, package or pay out of line with requirements, and an employer nobody can verify."""
