"""Regular, so that no `tests` of an installed package stands in for it where workers unpickle what tests define."""
