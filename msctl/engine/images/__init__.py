"""Which image serves a role: one that is present, one that is pulled, or one built from a recipe."""
