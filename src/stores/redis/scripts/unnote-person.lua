-- Forgets that a person wrote in a conversation, unless they did so again meanwhile.
-- KEYS person
-- ARGV conversation at
if redis.call('ZSCORE', person, conversation) == at then redis.call('ZREM', person, conversation) end
