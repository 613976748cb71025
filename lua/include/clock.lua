-- The server's clock, read at most once a call: it moves inside a script on Redis 7.0 and stands still since 7.2. Seconds and
-- microseconds, or the error to answer with: an ACL may lack TIME.

local time
