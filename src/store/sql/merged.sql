merged AS (SELECT found.*, json_patch({base}, {set}) AS to_document FROM found LIMIT 0,1),
