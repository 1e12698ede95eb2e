-- Forgets that a person wrote in a conversation, unless they wrote there again since `at`.
-- KEYS person
-- ARGV conversation at
if redis.call('ZSCORE', person, conversation) == at then redis.call('ZREM', person, conversation) end
