-- Writes a sighting or another record into the record of one key, and returns
-- the new record.
--
-- KEYS[1]: the key.
-- ARGV[1]: "touch" or "merge".
-- ARGV[2]: the record to write, in binary form (first, last, until, good).
-- ARGV[3]: the current time.
-- ARGV[4]: the seconds to keep the record in ARGV[2].
-- ARGV[5]: the greatest good that is written, 0 for any.
local first, last, till, good = struct.unpack('>I4I4I4I4', ARGV[2])
local now, keep, limit = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local old = redis.call('GET', KEYS[1])
if old then
  local oldFirst, oldLast, oldTill, oldGood = struct.unpack('>I4I4I4I4', old)
  if ARGV[1] == 'merge' or oldTill >= now then -- otherwise it has expired
    if oldFirst > 0 and (first == 0 or oldFirst < first) then first = oldFirst end
    if oldLast > last then last = oldLast end
    if oldTill > till then
      keep = keep + oldTill - till
      till = oldTill
    end
    if ARGV[1] == 'merge' then
      if oldGood > good then good = oldGood end
    else
      good = math.min(oldGood + good, 4294967295)
    end
  end
end

local new = struct.pack('>I4I4I4I4', first, last, till, good)
if limit > 0 and good > limit then return new end
if keep > 0 then
  redis.call('SET', KEYS[1], new, 'EX', string.format('%.0f', keep))
else
  redis.call('DEL', KEYS[1])
end
return new
