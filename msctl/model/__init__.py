"""Values that every layer shares: declared, wanted, found and reported; no I/O."""
