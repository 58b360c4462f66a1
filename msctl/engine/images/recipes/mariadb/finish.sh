rm -rf /var/lib/mysql /etc/mysql/mariadb.conf.d/*
cat > /etc/mysql/mariadb.conf.d/50-container.cnf <<'CONFIGURATION'
[mariadbd]
skip-name-resolve
host-cache-size = 0
character-set-server = utf8mb4
collation-server = utf8mb4_general_ci
CONFIGURATION
install -d -o mysql -g mysql -m 0700 /var/lib/mysql
install -d -o mysql -g mysql -m 1777 /run/mysqld
install -d -o mysql -g mysql /docker-entrypoint-initdb.d
