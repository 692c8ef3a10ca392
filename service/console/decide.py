"""What a reviewer does to an advert: each form is one act in one transaction, then the next page."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.orm import Session

from model.schema.decision import Verdict
from service.console.pages import View, context_of, current_form, redirect, within
from service.errors import FieldFault, InvalidFieldsError
from service.review import actions, routing
from service.review.permissions import Permission, Person, check
from service.review.queue import Filters, next_item
from service.review.verdicts import REASON_CODES, Choice, find_choice
from service.store import reviews, users

router = APIRouter()
Field = Annotated[str, Form(max_length=4000)]
NOTE_LENGTH = 2000


@router.post("/reviews/{review_id}/claim")
def claim(request: Request, review_id: str, csrf: Field, view: View = "") -> Response:
    """Keep this advert for a while."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        minutes = context.settings.claim_minutes
        actions.claim(session, review_id, by=who.person, at=context.clock(), minutes=minutes)
    return redirect(within(f"/console/reviews/{review_id}", Filters.of_query(view)))


@router.post("/reviews/{review_id}/release")
def release(request: Request, review_id: str, csrf: Field, view: View = "") -> Response:
    """Give this advert back to the queue."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        actions.release(session, review_id, by=who.person, at=context.clock())
    return redirect(within("/console", Filters.of_query(view)))


@router.post("/reviews/{review_id}/decide")
def decide(
    request: Request,
    review_id: str,
    *,
    csrf: Field,
    seen: Field,
    answer: Field,
    reason_code: Field = "",
    note: Field = "",
    view: View = "",
) -> Response:
    """Record a verdict, then open the next advert, claimed."""
    who = current_form(request, csrf)
    choice = read_choice(answer)
    context = context_of(request)
    now = context.clock()
    with context.database.writing() as session:
        actions.decide(
            session,
            review_id,
            choice,
            by=who.person,
            at=now,
            seen=seen,
            reason_code=read_reason_code(choice.verdict, reason_code),
            note=read_note(note),
        )
        following = _open_next(request, session, review_id, by=who.person, view=view)
    return redirect(within(following, Filters.of_query(view), f"said={choice.value}"))


@router.post("/reviews/{review_id}/hold")
def hold(
    request: Request, review_id: str, csrf: Field, days: Annotated[int, Form()], view: View = ""
) -> Response:
    """Put this advert aside for some days and open the next."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        routing.hold(session, review_id, by=who.person, at=context.clock(), days=days)
        following = _open_next(request, session, review_id, by=who.person, view=view)
    return redirect(within(following, Filters.of_query(view)))


@router.post("/reviews/{review_id}/escalate")
def escalate(request: Request, review_id: str, csrf: Field, reason: Field, view: View = "") -> Response:
    """Hand this advert to a lead and open the next."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        routing.escalate(session, review_id, by=who.person, at=context.clock(), reason=reason)
        following = _open_next(request, session, review_id, by=who.person, view=view)
    return redirect(within(following, Filters.of_query(view)))


@router.post("/reviews/{review_id}/reassign")
def reassign(request: Request, review_id: str, csrf: Field, to: Field, view: View = "") -> Response:
    """Give this advert to somebody."""
    who = current_form(request, csrf)
    # before the name is looked up: who has an account is nobody else's business
    check(who.person, Permission.LEAD)
    context = context_of(request)
    with context.database.writing() as session:
        person = Person.of(users.get_user(session, to))
        routing.reassign(session, review_id, to=person, by=who.person, at=context.clock())
    return redirect(within(f"/console/reviews/{review_id}", Filters.of_query(view)))


@router.post("/undo")
def undo(request: Request, csrf: Field, view: View = "") -> Response:
    """Take back the latest decision and show its advert again."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        minutes = context.settings.claim_minutes
        review = actions.undo(session, by=who.person, at=context.clock(), minutes=minutes)
    return redirect(within(f"/console/reviews/{review.id}", Filters.of_query(view), "undone"))


def _open_next(request: Request, session: Session, review_id: str, *, by: Person, view: str) -> str:
    """Claim what comes after an advert in the filtered queue, and give its path; the queue's when nothing waits."""
    context = context_of(request)
    now, minutes = context.clock(), context.settings.claim_minutes
    filters, before = Filters.of_query(view), reviews.get_review(session, review_id)
    following = None if filters.is_settled else next_item(session, filters, by=by, at=now, after=before)
    if following is None:
        return "/console"
    actions.claim(session, following.id, by=by, at=now, minutes=minutes)
    return f"/console/reviews/{following.id}"


def read_note(note: str) -> str:
    """Give the note; raises when it is too long."""
    if len(note) > NOTE_LENGTH:
        raise _fault("note", "too_long", f"a note has at most {NOTE_LENGTH} characters")
    return note


def read_choice(answer: str) -> Choice:
    """Give the answer of a form value; raises when there is none."""
    choice = find_choice(answer)
    if choice is None:
        raise _fault("answer", "unknown", "there is no such answer; use one of the buttons")
    return choice


def read_reason_code(verdict: Verdict, code: str) -> str | None:
    """Give the reason code when it fits the verdict; one that fits another verdict is left out."""
    if code and code not in {known for codes in REASON_CODES.values() for known, _ in codes}:
        raise _fault("reason_code", "unknown", "there is no such reason; choose one of the list")
    return code if code in {known for known, _ in REASON_CODES[verdict]} else None


def _fault(name: str, code: str, detail: str) -> InvalidFieldsError:
    return InvalidFieldsError(detail, faults=[FieldFault(f"/{name}", code, detail)])
