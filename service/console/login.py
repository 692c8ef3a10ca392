"""Signing in by a link that works once, and signing out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from service.auth import COOKIE, SECURE_COOKIE, sign_in, sign_out
from service.console.pages import context_of, current_form, redirect, render, session_token
from service.errors import UnauthenticatedError

router = APIRouter()


@router.get("/login/{token}")
def show_login(request: Request, token: str) -> Response:
    """Show the button that signs in; following the link alone does nothing."""
    return render(request, "login.html", None, token=token)


@router.post("/login/{token}")
def log_in(request: Request, token: str) -> Response:
    """Use up the link and start a session under a fresh cookie."""
    context = context_of(request)
    settings = context.settings
    with context.database.writing() as session:
        made = sign_in(
            session, token, pepper=context.pepper, at=context.clock(), hours=settings.session_hours
        )
    if made is None:
        raise UnauthenticatedError("this login link has been used, has expired, or never existed")
    response = redirect("/console")
    response.set_cookie(
        SECURE_COOKIE if settings.secure_cookies else COOKIE,
        made,
        max_age=settings.session_hours * 3600,
        httponly=True,
        secure=settings.secure_cookies,
        samesite="strict",
        path="/",
    )
    return response


@router.post("/logout")
def log_out(request: Request, csrf: Annotated[str, Form()]) -> Response:
    """End the session."""
    who = current_form(request, csrf)
    context = context_of(request)
    with context.database.writing() as session:
        sign_out(session, session_token(request), by=who.person, pepper=context.pepper, at=context.clock())
    response = render(request, "signed_out.html", None)
    response.delete_cookie(SECURE_COOKIE if context.settings.secure_cookies else COOKIE, path="/")
    return response
