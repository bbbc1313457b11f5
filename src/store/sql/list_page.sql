SELECT s.judged, {extra} AS extra, {nulls}, NULL AS preceding, NULL AS page_rows FROM start AS s
-- A page ends with the row at which it has too many bytes. The windows are in the order of the rows.
UNION ALL SELECT NULL, NULL, * FROM (
  SELECT *, sum(length(CAST(state AS BLOB)) + {row_bytes}) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS preceding,
    count(*) OVER () AS page_rows
  FROM ({rows}))
WHERE coalesce(preceding, 0) < {bytes_max}
