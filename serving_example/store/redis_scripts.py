"""The scripts that run inside Redis. Each is one step there: all of it, or nothing.

Numbers of 64 bits are compared as bytes (see `serving_example.store.vector`), because Lua's are
binary64, and its order of texts is the locale's.
"""

from __future__ import annotations

from typing import Final

__all__ = ["APPEND", "SWEEP", "WRITE"]

_BYTES = """
local function compare(a, b)
  for i = 1, #a do
    local x, y = string.byte(a, i), string.byte(b, i) or -1  -- what was cut off comes first
    if x ~= y then return x < y and -1 or 1 end
  end
  return 0
end
"""

WRITE: Final = (
    _BYTES
    + """
-- KEYS: meta, changes, letters, then a hash for each view.
-- ARGV: now, offset before, offset after ('' for no move), max changes, max letters,
--   count and (view, key, stamp) of what is expected, count and (name, value) of marks,
--   count and (offset, reason, data) of letters, count and (view, view's id, key, vector) of puts.
local at = 6
local function take()
  at = at + 1
  return ARGV[at - 1]
end
if ARGV[3] ~= '' and (redis.call('HGET', KEYS[1], 'offset') or '0') ~= ARGV[2] then
  return {'moved', redis.call('HGET', KEYS[1], 'offset') or '0'}
end
for i = 1, tonumber(take()) do
  local view, key, stamp = tonumber(take()), take(), take()
  local found = redis.call('HGET', KEYS[view], key)
  local live = found and string.byte(found, 5) == 1
    and compare(string.sub(found, 33, 40), ARGV[1]) > 0
  if (live and string.sub(found, 17, 32) or '') ~= stamp then
    return {'changed', tostring(i)}
  end
end
for i = 1, tonumber(take()) do
  local name, value = take(), take()
  redis.call('HSET', KEYS[1], 'mark ' .. name, value)
end
for i = 1, tonumber(take()) do
  local offset, reason, data = take(), take(), take()
  redis.call('XADD', KEYS[3], 'MAXLEN', ARGV[5], offset .. '-0', 'reason', reason, 'data', data)
end
local head = tonumber(redis.call('HGET', KEYS[1], 'changes') or '0')
local older = {'done'}
for i = 1, tonumber(take()) do
  local view, id, key, vector = tonumber(take()), take(), take(), take()
  local found = redis.call('HGET', KEYS[view], key)
  if found and compare(string.sub(vector, 17, 32), string.sub(found, 17, 32)) <= 0 then
    older[#older + 1] = tostring(i - 1)
  else
    redis.call('HSET', KEYS[view], key, vector)
    head = head + 1
    redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[4], string.format('%.0f-0', head), 'v', id, 'k', key)
  end
end
redis.call('HSET', KEYS[1], 'changes', string.format('%.0f', head))
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'offset', ARGV[3]) end
return older
"""
)
"""Writes a batch."""

SWEEP: Final = (
    _BYTES
    + """
-- KEYS: a view's hash. ARGV: the limit of expiry, then keys.
local gone = 0
for i = 2, #ARGV do
  local found = redis.call('HGET', KEYS[1], ARGV[i])
  if found and compare(string.sub(found, 33, 40), ARGV[1]) <= 0 then
    gone = gone + redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
return gone
"""
)
"""Forgets those of some entities that have expired."""

APPEND: Final = """
-- KEYS: the log's stream, its last offset. ARGV: now, then events.
local last = redis.call('INCRBY', KEYS[2], #ARGV - 1)
local first = last - (#ARGV - 1)
for i = 2, #ARGV do
  redis.call('XADD', KEYS[1], string.format('%.0f-0', first + i - 1), 't', ARGV[1], 'd', ARGV[i])
end
return last
"""
"""Appends events, and gives the last offset."""
