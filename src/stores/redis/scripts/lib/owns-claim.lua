-- Whether the claim is the newest on the conversation's turn, and was not let go.
local held = redis.call('HMGET', turn, 'id', 'fence', 'owner')
local mine = held[1] == id and held[2] == mark and held[3] ~= false and held[3] ~= ''
