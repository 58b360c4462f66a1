MYSQL_PWD=$(cat /run/secrets/superuser_password)
export MYSQL_PWD
mariadb-dump --no-defaults -uroot --default-character-set=utf8mb4 --single-transaction --quick \
  --routines --events --triggers --hex-blob --skip-dump-date "$1"
