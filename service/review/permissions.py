"""May this person do this at all? By role, whatever the item; see `policies` for the item."""

from dataclasses import dataclass
from enum import StrEnum

from service.errors import ForbiddenError
from service.store.tables import UserRow


class Role(StrEnum):
    """What a person is here for."""

    REVIEWER = "reviewer"
    LEAD = "lead"
    OUTSIDE_REVIEWER = "outside_reviewer"
    """Decides what is shown to them, without contacts."""
    DATA_SCIENTIST = "data_scientist"
    """Sees adverts and decisions, decides nothing."""
    ADMIN = "admin"
    """Manages users, decides nothing."""


class Permission(StrEnum):
    """What can be allowed."""

    VIEW_ADVERTS = "view_adverts"
    VIEW_CONTACTS = "view_contacts"
    DECIDE = "decide"
    LEAD = "lead"
    """Settle what was escalated, and give work to others."""
    EXPORT_FULL = "export_full"
    """Take contacts out of the console in an evidence package, for a stated purpose."""


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.REVIEWER: frozenset({Permission.VIEW_ADVERTS, Permission.VIEW_CONTACTS, Permission.DECIDE}),
    Role.LEAD: frozenset(Permission),
    Role.OUTSIDE_REVIEWER: frozenset({Permission.VIEW_ADVERTS, Permission.DECIDE}),
    Role.DATA_SCIENTIST: frozenset({Permission.VIEW_ADVERTS}),
    Role.ADMIN: frozenset(),
}
"""Role → what it may do; whatever is not named is refused."""


@dataclass(frozen=True)
class Person:
    """Who is acting in the console."""

    id: str
    name: str
    pseudonym: str
    role: Role

    @classmethod
    def of(cls, user: UserRow) -> "Person":
        """Take a stored user as an acting person."""
        return cls(id=user.id, name=user.name, pseudonym=user.pseudonym, role=Role(user.role))


def can(person: Person, permission: Permission) -> bool:
    """Tell whether the person's role allows it."""
    return permission in ROLE_PERMISSIONS[person.role]


def check(person: Person, permission: Permission) -> None:
    """Raise `ForbiddenError` when the person's role does not allow it."""
    if not can(person, permission):
        raise ForbiddenError(f"the role {person.role.value} may not {permission.value.replace('_', ' ')}")
