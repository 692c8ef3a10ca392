"""From labelled adverts to a candidate, its honest measurements, and its promotion."""
