"""Blind second looks, how far people agree, and trends for policy work."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from service.console.comfort import is_soft
from service.console.decide import Field, read_choice
from service.console.pages import NO_STORE, context_of, current, current_form, redirect, render
from service.console.view import view_advert
from service.packages.sheet import write_sheet
from service.review import second_look
from service.review.permissions import Permission, can, check
from service.review.second_look import SECOND, THIRD
from service.review.trends import DAYS, LEAST, SHOWN, reckon
from service.review.verdicts import CHOICES
from service.store import agreement, users
from service.store.adverts import load_advert
from service.store.assessments import load_assessment
from service.store.audit import Act, append_event

router = APIRouter()
MOST_LOOKS = 10_000


@router.get("/second")
def show_second_look(request: Request, turn: int = SECOND) -> Response:
    """Show the next advert that waits for a second look, or for a lead's third; nobody's verdict with it."""
    who = current(request)
    context = context_of(request)
    turn = THIRD if turn == THIRD else SECOND
    with context.database.writing() as session:
        decision = second_look.next_decision(
            session, by=who.person, turn=turn, rate=context.settings.second_look_rate
        )
        if decision is None:
            return render(
                request, "second.html", who, decision=None, turn=turn, seen=None, assessment=None, choices=()
            )
        advert = load_advert(session, decision.advert_key)
        assessment = load_assessment(session, decision.assessment_id)
        append_event(
            session,
            Act.REVIEW_VIEWED,
            subject=decision.review_id,
            actor=who.person.id,
            at=context.clock(),
            detail={"advert": decision.advert_key, "turn": turn},
        )
    return render(
        request,
        "second.html",
        who,
        decision=decision,
        turn=turn,
        assessment=assessment,
        seen=view_advert(
            advert,
            assessment,
            with_contacts=can(who.person, Permission.VIEW_CONTACTS),
            softened=is_soft(request),
        ),
        choices=CHOICES,
    )


@router.post("/second")
def give_second_look(
    request: Request, csrf: Field, decision: Field, answer: Field, turn: Annotated[int, Form()] = SECOND
) -> Response:
    """Record a second or third verdict and open the next."""
    who = current_form(request, csrf)
    context = context_of(request)
    turn = THIRD if turn == THIRD else SECOND
    with context.database.writing() as session:
        second_look.give_look(
            session,
            decision,
            read_choice(answer),
            by=who.person,
            at=context.clock(),
            turn=turn,
            rate=context.settings.second_look_rate,
        )
    return redirect(f"/console/second?turn={turn}")


@router.get("/agreement")
def show_agreement(request: Request) -> Response:
    """Show how far people agree, per pair and per language, under their pseudonyms."""
    who = current(request)
    check(who.person, Permission.VIEW_ADVERTS)
    with context_of(request).database.reading() as session:
        looks = second_look.only_drawn(
            agreement.list_looks(session, limit=MOST_LOOKS),
            rate=context_of(request).settings.second_look_rate,
        )
        names = users.pseudonyms(session)
    pairs, languages = second_look.measure(looks, names=names)
    return render(
        request,
        "agreement.html",
        who,
        tables=(("Pair", pairs), ("Language", languages)),
        share=context_of(request).settings.second_look_rate,
        least=second_look.LEAST_FOR_KAPPA,
        may_decide=can(who.person, Permission.DECIDE),
        may_lead=can(who.person, Permission.LEAD),
    )


@router.get("/trends")
def show_trends(request: Request) -> Response:
    """Show the figures of the past year."""
    who = current(request)
    check(who.person, Permission.VIEW_ADVERTS)
    context = context_of(request)
    with context.database.reading() as session:
        figures = reckon(session, at=context.clock())
    return render(request, "trends.html", who, figures=figures, shown=SHOWN, least=LEAST, days=DAYS)


@router.get("/trends.csv")
def export_trends(request: Request) -> Response:
    """Give the same figures as a sheet, for everybody to use."""
    who = current(request)
    check(who.person, Permission.VIEW_ADVERTS)
    context = context_of(request)
    with context.database.reading() as session:
        figures = reckon(session, at=context.clock())
    hidden = f"fewer than {LEAST} or not told"
    rows: list[list[object]] = [
        [table, row.name, hidden if row.n is None else row.n]
        for table, counted in figures.tables
        for row in counted
    ]
    rows += [
        [
            "Share of flagged adverts found honest",
            error.language,
            hidden if error.share_legitimate is None else round(error.share_legitimate, 3),
        ]
        for error in figures.errors
    ]
    rows += [
        ["All", name, hidden if figure is None else round(figure, 3)]
        for name, figure in (
            ("Median days from posting to queue", figures.days_to_detect),
            ("Median hours from queue to decision", figures.hours_to_decide),
            ("Decided", figures.n_decided),
            ("Share of decisions taken back", figures.share_reversed),
        )
    ]
    headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="lurewatch-trends.csv"'}
    sheet = write_sheet(["table", "value", "figure"], rows)
    return Response(sheet, media_type="text/csv; charset=utf-8", headers=headers)
