"""Keeps the stock, and holds goods for orders that are being placed."""
