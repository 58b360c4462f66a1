"""The observer: stores and serves what containers wrote, and shows the running project on a page."""
