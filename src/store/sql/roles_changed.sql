AND (patched -> '$.roles' <> document -> '$.roles' OR patched ->> '$.unrestricted' <> document ->> '$.unrestricted')
AND document ->> '$.access' = {access_before}
