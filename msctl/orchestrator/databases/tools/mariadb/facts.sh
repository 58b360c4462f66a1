MYSQL_PWD=$(cat /run/secrets/superuser_password)
export MYSQL_PWD
mariadb --no-defaults -uroot -N -B -e "SELECT JSON_OBJECT(
  'version', VERSION(),
  'bytes', (SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS SIGNED)
            FROM information_schema.tables WHERE table_schema = '$1'),
  'connections', (SELECT COUNT(*) FROM information_schema.processlist WHERE db = '$1'),
  'tables', (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '$1'))"
