MYSQL_PWD=$(cat /run/secrets/superuser_password)
export MYSQL_PWD
ask() { mariadb --no-defaults -uroot -N -B --database="$1" -e "$2"; }
if ask "$1" "SHOW TABLES LIKE 'msctl_migrations'" | grep -q .; then
  ask "$1" 'SELECT name FROM msctl_migrations ORDER BY name'
fi
