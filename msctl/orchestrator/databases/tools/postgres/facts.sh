psql -U postgres -d "$1" -q -X -At -v ON_ERROR_STOP=1 -c "SELECT json_build_object(
  'version', current_setting('server_version'),
  'bytes', pg_database_size(current_database()),
  'connections', (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) - 1,
  'tables', (SELECT count(*) FROM pg_stat_user_tables))"
