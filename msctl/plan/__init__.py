"""Pure planning: what should run, how it differs from what runs, and the operations between."""
