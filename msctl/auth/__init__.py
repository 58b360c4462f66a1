"""Access tokens: keys, issuing and verifying them, and the OAuth 2.0 server (process ``auth``)."""
