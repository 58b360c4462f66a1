REDISCLI_AUTH=$(sed -n "s/^user $1 on >\([^ ]*\) .*/\1/p" /run/secrets/redis.conf)
export REDISCLI_AUTH
redis-cli --no-auth-warning --user "$1" --raw EVAL "$(cat <<'END'
local function hex(text)
  return (text:gsub('.', function(c) return string.format('%02x', c:byte()) end))
end
local function sorted_pairs(flat)
  local keys, values, out = {}, {}, {}
  for i = 1, #flat, 2 do keys[#keys + 1] = flat[i]; values[flat[i]] = flat[i + 1] end
  table.sort(keys)
  for _, key in ipairs(keys) do out[#out + 1] = key; out[#out + 1] = values[key] end
  return out
end
local read = {
  string = function(key) return {redis.call('GET', key)} end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  set = function(key) local found = redis.call('SMEMBERS', key); table.sort(found); return found end,
  hash = function(key) return sorted_pairs(redis.call('HGETALL', key)) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
}
local seen, keys, lines, cursor = {}, {}, {}, '0'
repeat
  local found = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = found[1]
  for _, key in ipairs(found[2]) do
    if not seen[key] then seen[key] = true; keys[#keys + 1] = key end
  end
until cursor == '0'
table.sort(keys)
for _, key in ipairs(keys) do
  local kind = redis.call('TYPE', key)['ok']
  local values = read[kind] and read[kind](key) or {redis.call('DUMP', key)}
  local line = {kind, hex(key), tostring(redis.call('PEXPIRETIME', key))}
  for _, value in ipairs(values) do line[#line + 1] = hex(value) end
  lines[#lines + 1] = table.concat(line, ' ')
end
return table.concat(lines, '\n')
END
)" 0
