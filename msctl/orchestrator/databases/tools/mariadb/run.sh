MYSQL_PWD=$(cat /run/secrets/superuser_password)
export MYSQL_PWD
mariadb --no-defaults -uroot --default-character-set=utf8mb4 --table --database="$1"
