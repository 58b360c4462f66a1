"""Use case ``dev``: what changes in the sources is brought into what runs, and what comes of it told."""
