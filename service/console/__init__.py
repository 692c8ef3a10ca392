"""The pages an investigator uses, rendered on the server."""
