"""Takes orders, and follows each until it is paid or declined."""
