-- On a face where roles give access, a body without roles leaves a credential without roles as it is.
'$.unrestricted', json(iif(given -> '$.set.roles' = '[]' AND document -> '$.roles' = '[]', document -> '$.unrestricted',
  given -> '$.set.unrestricted')),
