exec psql -U postgres -d "$1"
