"""The database: tables, units of work, one repository per kind of record. SQL lives nowhere else."""
