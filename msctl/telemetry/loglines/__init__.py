"""What a container wrote, understood: joined, recognised, redacted, filtered and shown; pure."""
