"""Partner keys that were looked up moments ago: each request would else pay for the same query.

Another process may revoke a key at any time, so what is remembered is believed for `FRESH` only;
expiry is checked at every use. Keys nobody issued are not remembered.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.store.database import Database
from service.store.partners import Partner, find_partner

FRESH = timedelta(seconds=5)
"""How long a revoked key may go on working."""
MOST = 1000
"""Keys remembered at most; the thousand and first starts anew."""


@dataclass(frozen=True)
class _Known:
    partner: Partner
    read_at: datetime


class Keyring:
    """Finds partners by the hash of their key."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, _Known] = {}

    def find(self, key_hash: str, *, at: datetime) -> Partner | None:
        """Give the partner whose key hashes to this; None when it does not hold at this moment."""
        known = self._known.get(key_hash)
        if known is None or not timedelta(0) <= at - known.read_at < FRESH:
            known = self._look_up(key_hash, at=at)
        if known is None or (known.partner.expires_at is not None and known.partner.expires_at <= at):
            return None
        return known.partner

    def forget(self, partner_id: str) -> None:
        """Read a partner anew at its next call; other processes do within `FRESH`."""
        known = {key: one for key, one in self._known.items() if one.partner.id != partner_id}
        self._known = known

    def _look_up(self, key_hash: str, *, at: datetime) -> _Known | None:
        with self._database.reading() as session:
            partner = find_partner(session, key_hash, at=at)
        if partner is None:
            self._known.pop(key_hash, None)
            return None
        if len(self._known) >= MOST:
            self._known.clear()
        known = self._known[key_hash] = _Known(partner, at)
        return known
