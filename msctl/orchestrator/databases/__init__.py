"""Everyday work with the services' own databases: shell, status, migrations, backup, restore, clone, seed."""
