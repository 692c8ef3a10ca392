"""Options of a scoring call: in the query, because the body is the advert."""

from dataclasses import dataclass, fields
from typing import Annotated

from fastapi import Query, Request

from service.assessing import Keep
from service.errors import FieldFault, InvalidFieldsError

LANGUAGE = r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}$"
RELEASE = r"^[A-Za-z0-9._-]{1,80}$"

AskedLanguage = Annotated[
    str | None,
    Query(
        max_length=40,
        pattern=LANGUAGE,
        description="Language of the notices (BCP 47, for example `th` or `zh-Hant`); unset: the advert's own. "
        "Where there are no texts in it, English is given and `notices.note` says so.",
    ),
]
AskedExplain = Annotated[bool, Query(description="False leaves out `reasons` and `facts`.")]
AskedStore = Annotated[
    Keep,
    Query(
        description="What is kept: `full`; `features` (score, reasons and links, no words of the advert); "
        "`none`. `kept` in the answer says what and for how long."
    ),
]
AskedModel = Annotated[
    str | None,
    Query(pattern=RELEASE, description="Score with this installed release; unset: the one that serves."),
]


@dataclass(frozen=True)
class Shown:
    """How an answer is to be shown."""

    language: str | None = None
    explain: bool = True


@dataclass(frozen=True)
class Options(Shown):
    """How an advert is to be scored and kept, and its answer shown."""

    store: Keep = Keep.FULL
    model: str | None = None


KNOWN = frozenset(one.name for one in fields(Options))


async def read_options(
    request: Request,
    language: AskedLanguage = None,
    explain: AskedExplain = True,  # noqa: FBT002 - FastAPI calls it by name
    store: AskedStore = Keep.FULL,
    model: AskedModel = None,
) -> Options:
    """Read the options of a scoring call; raises 422 for a name there is none of.

    A misspelt `store` that nobody noticed would keep what was not to be kept.
    """
    for name in request.query_params.keys() - KNOWN:
        detail = f"there is no such option; there are {', '.join(sorted(KNOWN))}"
        raise InvalidFieldsError(
            f"/{name[:40]}: {detail}", faults=[FieldFault(f"/{name[:40]}", "unknown_option", detail)]
        )
    return Options(language, explain, store, model)


async def read_shown(
    language: AskedLanguage = None,
    explain: AskedExplain = True,  # noqa: FBT002 - FastAPI calls it by name
) -> Shown:
    """Read how a stored assessment is to be shown."""
    return Shown(language, explain)
