-- The document after the write (RFC 7396): a member of $.set replaces, null removes, an absent one keeps. The body
-- is read from `given` only, which is empty for a caller without the required right.
{merged}
-- What the write would do, and the violations that only the database can find: an object with the details of each. The patch leaves
-- out what is null.
weighed AS (SELECT merged.*, {weighed} json_patch('{}', json_object({violations})) AS violations FROM merged LIMIT 0,1)
