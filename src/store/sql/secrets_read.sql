-- The remaining secrets of a credential that this batch changed.
SELECT {secrets} AS secrets FROM credentials AS c WHERE c.id = ?1 ->> '$.credential' AND c.change = ?1 ->> '$.change'
