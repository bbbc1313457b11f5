merged AS MATERIALIZED (SELECT found.*, json_patch({base}, {set}) AS to_document FROM found),
