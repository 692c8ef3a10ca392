"""The second factor: codes by the clock (TOTP, RFC 6238), each good once; the secret is kept encrypted.

Recovery codes for a lost phone are not kept at all: they follow from the secret and the deployment's own,
and the audit log tells which have been used.
"""

import base64
import hashlib
from datetime import datetime

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken

from service.tokens import keyed_hash

ISSUER = "Lurewatch"
STEP_S = 30
DRIFT = 1
"""Steps that a phone's clock may be off, either way."""
RECOVERY_CODES = 8
_LETTERS = 10


def make_secret() -> str:
    """Make a secret for a phone's app."""
    return pyotp.random_base32()


def address_of(secret: str, *, name: str) -> str:
    """Give the `otpauth://` address that apps read."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def draw_address(address: str) -> str:
    """Draw the address as a QR code: an SVG element without script or style."""
    code: str = segno.make(address, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff")
    return code


def recovery_codes(secret: str, *, pepper: bytes) -> tuple[str, ...]:
    """Give the codes that each replace the phone once."""
    codes = []
    for number in range(RECOVERY_CODES):
        drawn = bytes.fromhex(keyed_hash(f"{number}:{secret}", pepper=pepper, purpose="recovery code"))
        letters = base64.b32encode(drawn).decode().lower()[:_LETTERS]
        codes.append(f"{letters[: _LETTERS // 2]}-{letters[_LETTERS // 2 :]}")
    return tuple(codes)


def find_recovery_code(secret: str, code: str, *, pepper: bytes) -> int | None:
    """Give the number of a recovery code; None when it is none of them."""
    given = "".join(code.lower().split()).replace("-", "")
    for number, known in enumerate(recovery_codes(secret, pepper=pepper)):
        if pyotp.utils.strings_equal(given, known.replace("-", "")):
            return number
    return None


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
