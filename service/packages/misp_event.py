"""A package as a MISP event (https://www.misp-standard.org/rfc/misp-standard-core.html).

Its `job-advert` objects follow `misp/job-advert.json` and its tags the taxonomy `misp/scam-recruitment.json`;
both files go into the package, so that whoever reads it can install them.
"""

import json
from pathlib import Path
from typing import Any
from uuid import uuid5

from service.packages.contents import Contents, Item
from service.packages.stix import OURS

HERE = Path(__file__).parent / "misp"
DEFINITION: dict[str, Any] = json.loads((HERE / "job-advert.json").read_text(encoding="utf-8"))
ONLY_US = "0"
"""Distribution: your organisation only; whoever imports the event decides to share it further."""


def event_of(contents: Contents) -> dict[str, Any]:
    """Give the event as MISP imports it."""
    name = "-".join(item.review_id for item in contents.items)
    verdicts = [item.standing for item in contents.items if item.standing is not None]
    patterns = sorted({verdict.pattern.value for verdict in verdicts if verdict.pattern})
    tags = ["tlp:amber" if contents.full else "tlp:green"]
    tags += [f'scam-recruitment:pattern="{pattern.replace("_", "-")}"' for pattern in patterns]
    tags.append(f'scam-recruitment:certainty="{"reviewed" if patterns else "scored"}"')
    return {
        "Event": {
            "uuid": str(uuid5(OURS, f"event:{name}:{contents.made_at.isoformat()}")),
            "info": f"{len(contents.items)} job adverts, assessed by Lurewatch; adverts are judged, never persons",
            "date": f"{contents.made_at:%Y-%m-%d}",
            "threat_level_id": "4",
            "analysis": "2" if patterns else "0",
            "distribution": ONLY_US,
            "published": False,
            "timestamp": str(int(contents.made_at.timestamp())),
            "Tag": [{"name": tag} for tag in tags],
            "Object": [_object(item, full=contents.full) for item in contents.items],
        }
    }


def _object(item: Item, *, full: bool) -> dict[str, Any]:
    advert, standing = item.advert, item.standing
    values: list[tuple[str, str | None]] = [
        ("title", advert.title),
        ("text", advert.description),
        ("sha256", item.digest),
        ("score", f"{item.assessment.score:.4f}"),
        ("band", item.assessment.band.value),
        ("verdict", standing.verdict.value if standing else None),
        ("pattern", standing.pattern.value if standing and standing.pattern else None),
        ("language", item.assessment.language.code),
        ("source", advert.source),
        ("received", item.received_at.isoformat()),
        ("page-sha256", (advert.page_digest or "").removeprefix("sha256:") or None),
        *(("place", place) for place in advert.places),
    ]
    if full:
        values.append(("url", advert.url))
        values += [("contact", f"{contact.kind}: {contact.value}") for contact in advert.contacts]
    return {
        "name": DEFINITION["name"],
        "meta-category": DEFINITION["meta-category"],
        "description": DEFINITION["description"],
        "template_uuid": DEFINITION["uuid"],
        "template_version": str(DEFINITION["version"]),
        "uuid": str(uuid5(OURS, f"object:{item.digest}")),
        "distribution": ONLY_US,
        "Attribute": [
            _attribute(item, n, relation, value) for n, (relation, value) in enumerate(values) if value
        ],
    }


def _attribute(item: Item, n: int, relation: str, value: str) -> dict[str, Any]:
    told = DEFINITION["attributes"][relation]
    return {
        "uuid": str(uuid5(OURS, f"attribute:{item.digest}:{n}:{relation}")),
        "object_relation": relation,
        "type": told["misp-attribute"],
        "category": "Payload delivery" if told["misp-attribute"] == "sha256" else "Other",
        "value": value,
        "to_ids": False,
        "disable_correlation": bool(told.get("disable_correlation", False)),
        "distribution": ONLY_US,
    }
