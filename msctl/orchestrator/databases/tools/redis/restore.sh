REDISCLI_AUTH=$(sed -n "s/^user $1 on >\([^ ]*\) .*/\1/p" /run/secrets/redis.conf)
export REDISCLI_AUTH
redis-cli --no-auth-warning --user "$1" --pipe >/tmp/msctl-restored || { cat /tmp/msctl-restored >&2; exit 1; }
