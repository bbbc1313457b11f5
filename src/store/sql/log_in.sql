-- The verdict, with the roles that an access token of the caller stands for.
SELECT {judged}
FROM verdict LEFT JOIN credentials AS c ON code = 'go' AND c.tenant = caller_tenant AND c.id = caller
