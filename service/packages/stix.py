"""A package as a STIX 2.1 bundle (OASIS, https://docs.oasis-open.org/cti/stix/v2.1/), standard objects only.

Ids are made from what they name, so that the same advert is the same object in every bundle: observables
by the rule of section 2.9, others by version 5 UUIDs under a name of ours. An advert is observed data with a
note that says what the detector found and an opinion per decision; nobody is called a threat actor.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID, uuid5

from service.packages.contents import Contents, Item

OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace that STIX 2.1, section 2.9, gives for ids of observables."""
OURS = uuid5(UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), "https://lurewatch.example/stix")
TLP = {
    "green": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "amber": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
}
"""The marking definitions that STIX 2.1, section 7.2.1.4, sets down."""
OPINIONS = {
    "confirmed": "agree",
    "legitimate": "disagree",
    "not_an_advert": "strongly-disagree",
    "unsure": "neutral",
}
"""Verdict → opinion on the note that says the advert matches the pattern."""
ACCOUNTS = frozenset(
    {"telegram", "whatsapp", "line", "wechat", "zalo", "facebook", "kakao", "signal", "viber", "instagram"}
)
EPOCH = "2026-01-01T00:00:00.000Z"


def objects_of(contents: Contents) -> Iterator[dict[str, Any]]:
    """Give the bundle's objects one by one; each id once."""
    tlp = "amber" if contents.full else "green"
    marked = {"object_marking_refs": [TLP[tlp]], "spec_version": "2.1"}
    yield _tlp(tlp)
    author = _id("identity", "lurewatch")
    yield {
        "type": "identity",
        "id": author,
        "created": EPOCH,
        "modified": EPOCH,
        "name": "Lurewatch",
        "identity_class": "system",
        **marked,
    }
    common = {**marked, "created_by_ref": author}
    given: set[str] = set()
    refs: list[str] = [author]
    for item in contents.items:
        for made in _advert(item, full=contents.full, common=common):
            if made["id"] not in given:
                given.add(made["id"])
                refs.append(made["id"])
                yield made
    moment = _time(contents.made_at)
    if contents.campaign_id is not None and given:
        grouping = _id("grouping", contents.campaign_id)
        refs.append(grouping)
        yield {
            "type": "grouping",
            "id": grouping,
            "created": moment,
            "modified": moment,
            "name": f"Campaign {contents.campaign_id}",
            "context": "suspicious-activity",
            "object_refs": sorted(ref for ref in given if ref.startswith("observed-data--")),
            **common,
        }
    name = "-".join(item.review_id for item in contents.items) + moment
    yield {
        "type": "report",
        "id": _id("report", name),
        "created": moment,
        "modified": moment,
        "published": moment,
        "name": f"{len(contents.items)} job adverts",
        "description": "Adverts are judged, never persons: who posted them may be held captive. A score is not proof.",
        "report_types": ["observed-data"],
        "object_refs": refs,
        **common,
    }


def write_bundle(objects: Iterable[dict[str, Any]], out: BinaryIO, *, name: str) -> int:
    """Write objects as a bundle while they come; gives how many there were."""
    out.write(f'{{"type":"bundle","id":"{_id("bundle", name)}","objects":['.encode())
    n_written = 0
    for n_written, made in enumerate(objects, start=1):
        out.write(b"," if n_written > 1 else b"")
        out.write(json.dumps(made, ensure_ascii=True, separators=(",", ":")).encode())
    out.write(b"]}")
    return n_written


def _advert(item: Item, *, full: bool, common: dict[str, Any]) -> Iterator[dict[str, Any]]:
    observed = list(
        _observables(item, full=full, marked={k: v for k, v in common.items() if k != "created_by_ref"})
    )
    yield from observed
    received = _time(item.received_at)
    data = _id("observed-data", item.digest)
    yield {
        "type": "observed-data",
        "id": data,
        "created": received,
        "modified": received,
        "first_observed": received,
        "last_observed": received,
        "number_observed": 1,
        "object_refs": [made["id"] for made in observed],
        **common,
    }
    said = item.assessment
    note = _id("note", f"{item.digest}{said.model_version}{full}")
    told = [
        f"{reason.log_odds:+.2f} {reason.title}"
        + "".join(f' "{span.text}"' + (f" ({span.gloss})" if span.gloss else "") for span in reason.spans[:3])
        for reason in said.reasons
    ]
    yield {
        "type": "note",
        "id": note,
        "created": _time(said.assessed_at),
        "modified": _time(said.assessed_at),
        "abstract": f"Scored {said.score:.2f}, band {said.band.value}, release {said.model_version}. Not proof.",
        "content": "\n".join(told) or "No reason was found.",
        "object_refs": [data],
        **common,
    }
    for decision in item.decisions:
        yield {
            "type": "opinion",
            "id": _id("opinion", decision.id),
            "created": _time(decision.decided_at),
            "modified": _time(decision.decided_at),
            "opinion": OPINIONS[decision.verdict.value],
            "explanation": decision.verdict.value
            + (f": {decision.pattern.value}" if decision.pattern else ""),
            "authors": [decision.decided_by],
            "object_refs": [note],
            **common,
        }


def _observables(item: Item, *, full: bool, marked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield _observable(
        "file", {"hashes": {"SHA-256": item.digest}, "name": f"{item.review_id}.json"}, marked=marked
    )
    if not full:
        return
    if item.advert.url:
        yield _observable("url", {"value": item.advert.url}, marked=marked)
    for contact in item.advert.contacts:
        if contact.kind == "email" and "@" in contact.value:
            yield _observable("email-addr", {"value": contact.value}, marked=marked)
        elif contact.kind in ACCOUNTS or contact.kind == "phone":
            account = {"account_login": contact.value, "account_type": contact.kind}
            yield _observable("user-account", account, marked=marked)


def _observable(kind: str, fields: dict[str, Any], *, marked: dict[str, Any]) -> dict[str, Any]:
    canonical = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    name = canonical.encode("utf-8", "replace").decode()
    return {"type": kind, "id": f"{kind}--{uuid5(OBSERVABLES, name)}", **fields, **marked}


def _tlp(colour: str) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP[colour],
        "created": "2017-01-20T00:00:00.000Z",
        "definition_type": "tlp",
        "name": f"TLP:{colour.upper()}",
        "definition": {"tlp": colour},
    }


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid5(OURS, f'{kind}:{name}')}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
