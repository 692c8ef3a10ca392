"""The base of every shared record: frozen, documented field by field, closed to invented fields."""

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A fact once written stays as written; a change is a new record.

    Our own code may not invent fields (`extra="forbid"`). What a partner sends beyond the
    schema is set aside by the readers (see `model.schema.advert.read_advert`) and named back.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        ser_json_inf_nan="null",
    )

    def to_json(self) -> dict[str, Any]:
        """Give the record as plain JSON values, ready for `json.dumps`."""
        return self.model_dump(mode="json")

    def to_line(self) -> str:
        """Give the record as one line of JSON, letters of every script left readable."""
        return json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_checked(cls, **values: Any) -> Self:
        """Build a record from values known to be right, every field given: a tenth of the cost of validating them.

        For records made by the dozen for each advert (spans, reasons); `model_construct` also works out
        defaults and aliases, which costs as much as finding the span.
        """
        record = cls.__new__(cls)
        object.__setattr__(record, "__dict__", values)
        object.__setattr__(record, "__pydantic_fields_set__", set(values))
        object.__setattr__(record, "__pydantic_extra__", None)
        object.__setattr__(record, "__pydantic_private__", None)
        return record

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read a stored record; raises `pydantic.ValidationError` naming each bad field."""
        return cls.model_validate(value)
