empty="SET client_min_messages = warning;
DO \$\$ DECLARE found record; BEGIN
  FOR found IN SELECT nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  LOOP EXECUTE format('DROP SCHEMA %I CASCADE', found.nspname); END LOOP;
END \$\$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
COMMENT ON SCHEMA public IS 'standard public schema';
SET ROLE \"$1\";"
psql -U postgres -d "$1" -q -X -v ON_ERROR_STOP=1 --single-transaction -c "$empty" -f - >/dev/null
