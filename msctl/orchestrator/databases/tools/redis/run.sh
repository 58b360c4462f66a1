REDISCLI_AUTH=$(sed -n "s/^user $1 on >\([^ ]*\) .*/\1/p" /run/secrets/redis.conf)
export REDISCLI_AUTH
trap 'rm -f /tmp/msctl-said-$$' EXIT
while IFS= read -r line; do
  [ -z "$line" ] || printf '%s\n' "$line" | xargs redis-cli --no-auth-warning --user "$1" -e >/tmp/msctl-said-$$ 2>&1 \
    || { cat /tmp/msctl-said-$$ >&2; exit 1; }
  [ -z "$line" ] || cat /tmp/msctl-said-$$
done
