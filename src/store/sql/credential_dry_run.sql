-- What a change would do, by the expressions that it would be written with.
SELECT {judged}, id, revision, {diff} AS changes, {widened} AS widened
FROM verdict
