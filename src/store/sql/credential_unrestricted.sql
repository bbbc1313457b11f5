-- On a face where roles give access, a body without roles leaves a credential without roles as it is.
iif(given -> '$.set.roles' = '[]' AND document -> '$.roles' = '[]', '$.unrestricted', '$.-'), document -> '$.unrestricted',
