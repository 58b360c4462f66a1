if psql -U postgres -d "$1" -q -X -At -c "SELECT to_regclass('msctl_migrations')" | grep -q .; then
  psql -U postgres -d "$1" -q -X -At -v ON_ERROR_STOP=1 -c 'SELECT name FROM msctl_migrations ORDER BY name'
fi
