REDISCLI_AUTH=$(sed -n "s/^user $1 on >\([^ ]*\) .*/\1/p" /run/secrets/redis.conf)
export REDISCLI_AUTH
redis-cli --no-auth-warning --user "$1" --raw EVAL "
  local info = redis.call('INFO')
  return cjson.encode({
    version = info:match('redis_version:([^\r\n]+)'),
    bytes = tonumber(info:match('used_memory:(%d+)')),
    connections = tonumber(info:match('connected_clients:(%d+)')) - 1,
    keys = redis.call('DBSIZE'),
  })" 0
