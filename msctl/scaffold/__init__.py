"""New projects and services: templates → files, and their entries in the manifest."""
