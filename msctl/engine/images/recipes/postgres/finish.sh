sample=/usr/share/postgresql/15/postgresql.conf.sample
sed -i "s/^#listen_addresses = 'localhost'/listen_addresses = '*'/" "$sample"
grep -q "^listen_addresses = '\*'" "$sample"
sed -i "s/^#\?unix_socket_directories = .*/unix_socket_directories = '\/var\/run\/postgresql'/" "$sample"
rm -rf /var/lib/postgresql
install -d -o postgres -g postgres /var/lib/postgresql /docker-entrypoint-initdb.d
install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data
install -d -o postgres -g postgres -m 1777 /run/postgresql

# A cluster is made once, here: initdb costs a second of CPU, unpacking what it made a tenth of it.
made=$(mktemp --directory)
chown postgres:postgres "$made"
setpriv --reuid=postgres --regid=postgres --clear-groups env LANG=C.UTF-8 TZ=Etc/UTC \
    /usr/lib/postgresql/15/bin/initdb --pgdata "$made/cluster" --username postgres \
    --auth-local trust --auth-host scram-sha-256 --no-sync > /dev/null
sed -i 's/^dynamic_shared_memory_type = .*/dynamic_shared_memory_type = posix/' "$made/cluster/postgresql.conf"
grep -q '^dynamic_shared_memory_type = posix' "$made/cluster/postgresql.conf"
cp --archive --sparse=always "$made/cluster" "$made/sparse"
tar --create --sparse --file /usr/share/postgresql/15/cluster.tar --directory "$made/sparse" .
rm -rf "$made"
