"""Charges the orders that were placed."""
