"""A person's own password and second factor."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from service.accounts import second_factor
from service.accounts.passwords import LEAST
from service.accounts.sign_in import begin_second_factor, confirm_second_factor, set_password
from service.auth import SignedIn
from service.console.pages import context_of, current, current_form, redirect, render, session_token
from service.store import credentials

router = APIRouter()
Typed = Annotated[str, Form(max_length=400)]


@router.get("/account")
def show_account(request: Request) -> Response:
    """Show what is set."""
    return _page(request, current(request))


@router.post("/account/password")
def change_password(request: Request, csrf: Typed, new: Typed, old: Typed = "") -> Response:
    """Set a password."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        set_password(
            session,
            by=who.person,
            new=new,
            old=old,
            session_token=session_token(request),
            pepper=context.pepper,
            at=context.clock(),
        )
    return redirect("/console/account")


@router.post("/account/second-factor")
def begin(request: Request, csrf: Typed) -> Response:
    """Show a new secret, this once."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        secret = begin_second_factor(session, by=who.person, pepper=context.pepper)
    return _page(request, who, secret=secret)


@router.post("/account/second-factor/confirm")
def confirm(request: Request, csrf: Typed, code: Typed) -> Response:
    """Turn the second factor on."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        codes = confirm_second_factor(
            session, by=who.person, code=code, pepper=context.pepper, at=context.clock()
        )
    return _page(request, who, codes=codes)


def _page(
    request: Request, who: SignedIn, *, secret: str | None = None, codes: tuple[str, ...] = ()
) -> Response:
    with context_of(request).database.reading() as session:
        credential = credentials.find_credential(session, who.person.id)
        since = credential.totp_confirmed_at if credential else None
        used = credentials.used_recovery_codes(session, who.person.id, since=since) if since else set()
    address = second_factor.address_of(secret, name=who.person.name) if secret else None
    return render(
        request,
        "account.html",
        who,
        has_password=credential is not None,
        has_second_factor=since is not None,
        secret=secret,
        address=address,
        drawn=second_factor.draw_address(address) if address else None,
        codes=codes,
        n_codes_left=second_factor.RECOVERY_CODES - len(used),
        least=LEAST,
    )
