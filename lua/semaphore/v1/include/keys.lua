-- The queue and its records, by the names that the fragments of all primitives use.

local queue, waiters = pending, members
