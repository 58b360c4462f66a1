sample=/usr/share/postgresql/15/postgresql.conf.sample
sed -i "s/^#listen_addresses = 'localhost'/listen_addresses = '*'/" "$sample"
grep -q "^listen_addresses = '\*'" "$sample"
sed -i "s/^#\?unix_socket_directories = .*/unix_socket_directories = '\/var\/run\/postgresql'/" "$sample"
rm -rf /var/lib/postgresql
install -d -o postgres -g postgres /var/lib/postgresql /docker-entrypoint-initdb.d
install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data
install -d -o postgres -g postgres -m 1777 /run/postgresql
