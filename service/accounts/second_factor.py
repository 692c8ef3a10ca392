"""The second factor: codes by the clock (TOTP, RFC 6238), each good once; the secret is kept encrypted."""

import base64
import hashlib
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken

ISSUER = "Lurewatch"
STEP_S = 30
DRIFT = 1
"""Steps that a phone's clock may be off, either way."""


def make_secret() -> str:
    """Make a secret for a phone's app."""
    return pyotp.random_base32()


def address_of(secret: str, *, name: str) -> str:
    """Give the `otpauth://` address that apps read."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def find_step(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """Give the time step a code belongs to; None when it is wrong, over, or not later than the last one taken."""
    given = "".join(code.split())
    now = int(at.timestamp()) // STEP_S
    totp = pyotp.TOTP(secret)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if pyotp.utils.strings_equal(given, totp.generate_otp(step)) and step > after:
            return step
    return None


def seal(secret: str, *, pepper: bytes) -> str:
    """Give the secret encrypted under the deployment's own."""
    return _box(pepper).encrypt(secret.encode()).decode()


def unseal(sealed: str, *, pepper: bytes) -> str | None:
    """Give the secret back; None when the deployment's secret has changed."""
    try:
        return _box(pepper).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _box(pepper: bytes) -> Fernet:
    key = hashlib.blake2b(pepper, digest_size=32, person=b"second factor").digest()
    return Fernet(base64.urlsafe_b64encode(key))
