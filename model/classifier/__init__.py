"""From columns to a calibrated score, a band and reasons; the assessor is the package's front door."""
