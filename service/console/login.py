"""Signing in by a link that works once or by password and code, and signing out."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response

from service.accounts.sign_in import sign_in_by_password
from service.auth import COOKIE, SECURE_COOKIE, sign_in, sign_out
from service.console.pages import context_of, current_form, redirect, render, session_token
from service.errors import ForbiddenError, UnauthenticatedError

router = APIRouter()
Typed = Annotated[str, Form(max_length=400)]


@router.get("/login")
def show_password_login(request: Request) -> Response:
    """Show the form for name, password and code."""
    return render(request, "password.html", None)


@router.post("/login")
def log_in_by_password(
    request: Request, name: Typed = "", password: Typed = "", code: Typed = ""
) -> Response:
    """Start a session under a fresh cookie; a wrong try is on record and counted."""
    _check_same_site(request)
    context = context_of(request)
    with context.database.writing() as session:
        made = sign_in_by_password(
            session,
            name=name,
            password=password,
            code=code,
            pepper=context.pepper,
            at=context.clock(),
            hours=context.settings.session_hours,
        )
    if made is None:
        raise UnauthenticatedError(
            "name, password or code is wrong, or your role needs a second factor first"
        )
    return _with_session(request, made)


@router.get("/login/{token}")
def show_login(request: Request, token: str) -> Response:
    """Show the button that signs in; following the link alone does nothing."""
    return render(request, "login.html", None, token=token)


@router.post("/login/{token}")
def log_in(request: Request, token: str) -> Response:
    """Use up the link and start a session under a fresh cookie."""
    context = context_of(request)
    with context.database.writing() as session:
        made = sign_in(
            session,
            token,
            pepper=context.pepper,
            at=context.clock(),
            hours=context.settings.session_hours,
        )
    if made is None:
        raise UnauthenticatedError("this login link has been used, has expired, or never existed")
    return _with_session(request, made)


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


def _with_session(request: Request, token: str) -> Response:
    settings = context_of(request).settings
    response = redirect("/console")
    response.set_cookie(
        SECURE_COOKIE if settings.secure_cookies else COOKIE,
        token,
        max_age=settings.session_hours * 3600,
        httponly=True,
        secure=settings.secure_cookies,
        samesite="strict",
        path="/",
    )
    return response


def _check_same_site(request: Request) -> None:
    """Refuse a form that another site sent: it would sign somebody in as somebody else."""
    origin = request.headers.get("origin")
    elsewhere = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    if elsewhere or request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForbiddenError("this form is not from this site; open the sign-in page and try again")
