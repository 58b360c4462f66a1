name=$1
set --
if pg_dump --help | grep -q -- --restrict-key; then set -- --restrict-key=msctl; fi
pg_dump -U postgres -d "$name" --no-owner --no-privileges --lock-wait-timeout=30s "$@"
