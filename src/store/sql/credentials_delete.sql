DELETE FROM credentials INDEXED BY credentials_ending WHERE ending AND change = ?1 ->> '$.change'
