REDISCLI_AUTH=$(sed -n "s/^user $1 on >\([^ ]*\) .*/\1/p" /run/secrets/redis.conf)
export REDISCLI_AUTH
trap 'rm -f /tmp/msctl-said-$$' EXIT
redis-cli --no-auth-warning --user "$1" --pipe --pipe-timeout 120 >/tmp/msctl-said-$$ || { cat /tmp/msctl-said-$$ >&2; false; }
