"""What partners and operators call over HTTP."""
