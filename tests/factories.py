"""Records that are valid by default; a test names only what matters to it."""

from typing import Any

from model.schema.advert import JobAdvert

LURE = (
    "Customer service for our Cambodia office, Poipet. Free flight, room and meals. "
    "No experience needed, 2500 USD. Telegram @example_hr"
)
HONEST = (
    "Night receptionist for the Harbour Hotel, Lisbon. "
    "Contract under the hotel trades agreement, 40 hours a week."
)
UNCERTAIN = "Typist wanted. Free flight, room and meals. Send your CV to jobs@example.com"


def make_advert(**fields: Any) -> JobAdvert:
    """Give an advert; without words of its own it is an honest one."""
    if not fields.keys() & {"title", "description", "text"}:
        fields["description"] = HONEST
    return JobAdvert.model_validate(fields)
