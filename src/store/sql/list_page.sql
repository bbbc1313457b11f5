SELECT s.judged, {extra} AS extra, {nulls} FROM start AS s
UNION ALL SELECT NULL, NULL, * FROM ({rows})
