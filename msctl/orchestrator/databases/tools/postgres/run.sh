psql -U postgres -d "$1" -q -X -v ON_ERROR_STOP=1 -c "SET ROLE \"$1\"" -f -
