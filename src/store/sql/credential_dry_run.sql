-- The effect of a change, computed by the expressions that the history uses.
SELECT {judged}, id, revision, {diff} AS changes, {widened} AS widened
FROM verdict
