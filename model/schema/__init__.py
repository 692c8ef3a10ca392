"""The records that crawler, model, service and partners all see; import each from its module."""
