"""What people and programs read: progress, tables, failure cards, JSON."""
