"""Tells people who are not looking that alerts wait: one webhook message for all of them, hourly at most.

It goes to the webhooks of the partner that the operator names (`alerts_to`): an own one for the desk, whose
endpoint may be a chat room or a mail gateway. Told are pseudonyms and counts; what was found is read in the
console, by whom it is for.
"""

from datetime import timedelta

from service.assessing import Context
from service.logs import get_logger
from service.store import partners, watches
from service.store.outbox import EventType, announce, last_told

PAUSE = timedelta(hours=1)


def tell_waiting(context: Context) -> int:
    """Tell of alerts that came since it was last told; gives for how many people."""
    name = context.settings.alerts_to
    if name is None:
        return 0
    now = context.clock()
    with context.database.writing() as session:
        partner = partners.find_named(session, name, lock=True)  # so that of several processes one tells
        if partner is None:
            get_logger().warning("nobody to tell of alerts", setting="alerts_to")
            return 0
        last = last_told(session, EventType.ALERTS_WAIT, partner_id=partner.id)
        if last is not None and now < last + PAUSE:
            return 0
        people = [
            {"reviewer": user.pseudonym, "waiting": n, "new": n_new}
            for user, n, n_new in watches.count_waiting(session, since=last)
            if n_new
        ]
        if not people:
            return 0
        path = "/console/alerts"
        data = {"people": sorted(people, key=lambda one: str(one["reviewer"])), "path": path}
        told = announce(session, EventType.ALERTS_WAIT, partner_id=partner.id, data=data, at=now)
        return len(people) if told is not None else 0
