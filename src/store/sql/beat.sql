-- The heartbeat: a time by which a replica shows how far it has come. It is not later than the clock of the sender (?1 is from before
-- the batch) nor than that of the database, so what was committed before that time is in every database that has the heartbeat.
INSERT INTO heartbeat (id, at)
SELECT 1, min(CAST(?1 AS INTEGER), CAST(unixepoch('subsec') * 1000000 AS INTEGER)) WHERE 1
ON CONFLICT (id) DO UPDATE SET at = excluded.at WHERE excluded.at > heartbeat.at
