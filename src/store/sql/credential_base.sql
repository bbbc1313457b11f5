-- {set} has the complete new metadata, so the stored one is emptied: RFC 7396 would merge it a second time.
iif(json_type(given, '$.set.metadata') IS NULL, coalesce(document, '{}'),
  json_replace(coalesce(document, '{}'), '$.metadata', json('{}')))
