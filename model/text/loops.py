"""The compiled loops where there are any: `compiled` is None on a machine that had no C compiler at install time."""

try:
    from model.text import compiled
except ImportError:
    compiled = None  # type: ignore[assignment]

__all__ = ["compiled"]
