-- log_in
-- The verdict, and the roles that an access token of the caller stands for.
SELECT {judged}, c.roles, c.unrestricted, verdict.role_names
FROM verdict LEFT JOIN credentials AS c ON verdict.code = 'go' AND c.tenant = verdict.caller_tenant AND c.id = verdict.caller
