to_document IS NOT document AS differs,
-- Whether it changes a key that an editor may not change: any but these. Not computed for an admin.
iif(rank < 4 AND id IS NOT NULL, json_remove(to_document, {free}) IS NOT json_remove(document, {free}), 0) AS restricted,
