"""How a partner shows its key, for OpenAPI; `service.auth` checks it."""

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPBearer

KEY = [
    Security(HTTPBearer(auto_error=False, scheme_name="Bearer", description="Your partner key.")),
    Security(APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="ApiKey")),
]
"""Either way will do."""
