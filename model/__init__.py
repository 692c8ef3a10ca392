"""What the detector knows: records, wording, facts, scores. No web and no database in here."""
