DELETE FROM principals INDEXED BY principals_ending WHERE ending AND change = ?1 ->> '$.change'
