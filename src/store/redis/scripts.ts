import { createHash } from 'node:crypto';
import { VERSION_LENGTH } from './encoding';

/** A Lua script that Redis runs in one step. Scripts are sent once and then named by their hash. */
export interface Script {
  source: string;
  sha1: string;
}

const script = (source: string): Script => ({ source, sha1: createHash('sha1').update(source).digest('hex') });

/** What `WRITE` answers where it is a number; a string is the flow that is there instead, nothing (null) a miss. */
export const WRITE_REPLY = { late: 0, done: 1, exists: 2 };

/**
 * Keeps a flow if it is still of the version that the change was made from.
 *
 * KEYS: flow, due, phase before, phase after; owed records, only where the flow owes one or did.
 * ARGV: 1 version it must have ('' for a new flow), 2 version it gets, 3 not later than (ms, 0: whenever), 4 what follows
 * the version ('': nothing is written, only the version is checked), 5 expiry (ms), 6 id, 7 when due ('': never),
 * 8 createdAt, 9 how many the phase may hold (0: any number), 10 when to look after an owed record ('': none is owed).
 */
export const WRITE = script(`
local head = redis.call('GETRANGE', KEYS[1], 0, ${2 * VERSION_LENGTH - 1})
if ARGV[1] == '' then
  if head ~= '' then
    if string.sub(head, ${VERSION_LENGTH + 1}) == ARGV[2] then return ${WRITE_REPLY.done} end
    return ${WRITE_REPLY.exists}
  end
else
  if head == '' then return false end
  local version = string.sub(head, 1, ${VERSION_LENGTH})
  if version == ARGV[2] then return ${WRITE_REPLY.done} end
  if version ~= ARGV[1] then return redis.call('GET', KEYS[1]) end
  if ARGV[4] == '' then return ${WRITE_REPLY.done} end
end
local latest = tonumber(ARGV[3])
if latest > 0 then
  local time = redis.call('TIME')
  if time[1] * 1000 + time[2] / 1000 > latest then return ${WRITE_REPLY.late} end
end
redis.call('SET', KEYS[1], ARGV[2] .. ARGV[4], 'PX', ARGV[5])
if ARGV[7] == '' then
  redis.call('ZREM', KEYS[2], ARGV[6])
else
  redis.call('ZADD', KEYS[2], ARGV[7], ARGV[6])
end
if ARGV[1] == '' or KEYS[3] ~= KEYS[4] then
  if KEYS[3] ~= KEYS[4] then redis.call('ZREM', KEYS[3], ARGV[6]) end
  redis.call('ZADD', KEYS[4], ARGV[8], ARGV[6])
  if ARGV[9] ~= '0' then redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -1 - ARGV[9]) end
end
if KEYS[5] and ARGV[10] == '' then
  redis.call('ZREM', KEYS[5], ARGV[6])
elseif KEYS[5] then
  redis.call('ZADD', KEYS[5], ARGV[10], ARGV[6])
end
local ttl = tonumber(ARGV[5])
for _, key in ipairs({KEYS[2], KEYS[4], KEYS[5]}) do
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl + 3600000) end
end
return ${WRITE_REPLY.done}
`);

/** KEYS: due or owed. ARGV: now, how many, when those that are given out are due again if nothing comes of it. */
export const TAKE_DUE = script(`
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(ids) do redis.call('ZADD', KEYS[1], 'XX', ARGV[3], id) end
return ids
`);

/**
 * Does nothing, and says that it may write: a server that takes no writes (full, a replica, without a disk) refuses it.
 * KEYS: any.
 */
export const PROBE = script(`#!lua
return 1
`);

/** Claims work, or renews the own claim. KEYS: claim. ARGV: own name, how long (ms). */
export const CLAIM = script(`
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`);

/** Drops what the sets say of a flow that has expired. KEYS: flow, sets... ARGV: id. */
export const FORGET = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
for i = 2, #KEYS do redis.call('ZREM', KEYS[i], ARGV[1]) end
return 1
`);

/**
 * KEYS: instances. ARGV: own name, lease (ms). Gives the time (s, µs), whether the own name was missing, and the names of
 * all who were heard of within the lease.
 */
export const HEARTBEAT = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local added = redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2] * 2)
return {time[1], time[2], added, redis.call('ZRANGE', KEYS[1], 0, -1)}
`);
