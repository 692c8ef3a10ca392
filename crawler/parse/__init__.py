"""Text → value or None; pure functions without clocks."""
