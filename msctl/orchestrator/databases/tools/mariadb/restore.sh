MYSQL_PWD=$(cat /run/secrets/superuser_password)
export MYSQL_PWD
set -- "$1" mariadb --no-defaults -uroot --default-character-set=utf8mb4
name=$1
shift
"$@" -e "SET lock_wait_timeout = 30; DROP DATABASE IF EXISTS \`$name\`; CREATE DATABASE \`$name\` CHARACTER SET utf8mb4"
"$@" --database="$name"
