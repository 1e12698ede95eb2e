-- Whether the claim is the newest on the conversation's turn, and was not released.
local held = redis.call('HMGET', turn, 'id', 'fence', 'owner')
local owns_claim = held[1] == turnId and held[2] == token and held[3] ~= false and held[3] ~= ''
