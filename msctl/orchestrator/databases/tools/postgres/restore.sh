empty="SET client_min_messages = warning;
SET lock_timeout = '30s';
DO \$\$ DECLARE found record; BEGIN
  FOR found IN SELECT nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  LOOP EXECUTE format('DROP SCHEMA %I CASCADE', found.nspname); END LOOP;
END \$\$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
COMMENT ON SCHEMA public IS 'standard public schema';
SET ROLE \"$1\";"
# stdin also ends when whoever fills it dies: what commits is in it, last of all, and its absence is told
whole="DO \$\$ BEGIN IF txid_current_if_assigned() IS NOT NULL THEN
  RAISE EXCEPTION 'the dump has no end: nothing was changed';
END IF; END \$\$"
psql -U postgres -d "$1" -q -X -v ON_ERROR_STOP=1 -c BEGIN -c "$empty" -f - -c "$whole" >/dev/null
