// Generated from docs/openapi/postern.json by packages/client/generate.mjs.
export interface paths {
    "/.well-known/oauth-authorization-server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Describe this server
         * @description Authorization server metadata for OAuth clients (RFC 8414).
         */
        get: operations["server_metadata"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check that the service runs
         * @description Needs no authentication, no settings and no database.
         */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/introspect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Introspect a token
         * @description Checks whether a token is valid and returns its owner and roles (RFC 7662). A token of another tenant is reported as inactive. Nothing is cached. A client may also authenticate by `client_id` and `client_secret` in the form.
         */
        post: operations["introspect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in
         * @description The client credentials grant (RFC 6749 §4.4), or an assertion as the grant (RFC 7523 §2.1). Without Basic authentication, the body must have `client_id` and `client_secret`, or an assertion.
         */
        post: operations["log_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check that requests can be served
         * @description Checks the settings, the database, its schema and the master key, at most once a second. Needs no authentication; with the root token, the response has each check, also with status 503 (`not_ready`).
         */
        get: operations["readiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/authorize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Authorize a request (forward-auth)
         * @description For a proxy, such as nginx, Caddy or Traefik: answers whether the request that it received may pass. `Authorization` is that of the proxy's client; the proxy authenticates by `Postern-Verifier`. One of `all`, `any` and `authenticated` is required, and both `all` and `any` must hold. The root token must name a `tenant`. Nothing is cached, and nothing is counted for the limits on failed authentications.
         */
        get: operations["authorize"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/self": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the caller's credential
         * @description Returns the credential of the caller. Any valid credential may do this, also with an access token.
         */
        get: operations["get_self"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/self/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke the caller's credential, or end its retiring secret
         * @description Any valid secret may do this, so that anyone who finds a leaked one can end it. The newest secret revokes the credential; a secret that is being replaced ends only itself. Not with an access token.
         */
        post: operations["revoke_self"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/self/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rotate the caller's secret
         * @description Creates a new secret for the caller's credential, whose `self_rotate` must be set. Requires its newest secret, not an access token; `grace_seconds` of at least 300; and an `Idempotency-Key`. For ten minutes, the secret that was replaced gets the same response again under that key.
         */
        post: operations["rotate_self"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List tenants
         * @description The root token lists all tenants, any other caller only its own.
         */
        get: operations["list_tenants"];
        put?: never;
        /**
         * Create a tenant
         * @description Requires the root token.
         */
        post: operations["create_tenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        /**
         * Get a tenant
         * @description Returns the tenant and its ETag.
         */
        get: operations["get_tenant"];
        /**
         * Replace a tenant
         * @description All fields are required. Only the root token can enable or disable a tenant.
         */
        put: operations["replace_tenant"];
        post?: never;
        /**
         * Delete a tenant
         * @description Requires the root token. `force` also deletes the tenant's principals and credentials. The history is kept.
         */
        delete: operations["delete_tenant"];
        options?: never;
        head?: never;
        /**
         * Update a tenant
         * @description A JSON Merge Patch (RFC 7396): absent fields are kept.
         */
        patch: operations["update_tenant"];
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        /**
         * List credentials
         * @description Returns a page of the credentials that match every filter. A page examines a bounded number of credentials, so it may have fewer items than `limit`, or none, and still have a `next`.
         */
        get: operations["list_credentials"];
        put?: never;
        /**
         * Create a credential
         * @description Only this response contains the secret. `roles` is required. Without `principal`, the credential authenticates as the default principal. Without `expires_at`, it expires when its creator does.
         */
        post: operations["create_credential"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        /**
         * Get a credential
         * @description Returns the credential and its ETag, without the secret.
         */
        get: operations["get_credential"];
        /**
         * Replace a credential
         * @description Fields whose absence would grant more access are required; send null explicitly: `principal`, `enabled`, `roles`, `expires_at`. The secrets are kept.
         */
        put: operations["replace_credential"];
        post?: never;
        /**
         * Delete a credential
         * @description Deletes the credential permanently. The history is kept.
         */
        delete: operations["delete_credential"];
        options?: never;
        head?: never;
        /**
         * Update a credential
         * @description A JSON Merge Patch (RFC 7396): absent fields are kept, null clears a field, `metadata` is merged member by member.
         */
        patch: operations["update_credential"];
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}/events": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        /**
         * List the events of a credential
         * @description Returns every change, newest first: the caller, the time, the request, the members before and after, and whether it widened access. The history is kept after the resource is deleted.
         */
        get: operations["list_credential_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        /**
         * List keys
         * @description Returns all keys of the credential, the oldest first.
         */
        get: operations["list_keys"];
        put?: never;
        /**
         * Add a key
         * @description Adds a public key, by which the credential logs in with assertions that it signs (`private_key_jwt`, RFC 7523). At most 5. Access tokens that it gets are invalid as soon as the key is removed or expires.
         */
        post: operations["add_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the key. */
                key: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove a key
         * @description Access tokens that it got are invalid immediately.
         */
        delete: operations["remove_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore a revoked credential
         * @description Lifts the revocation. `enabled` is unchanged.
         */
        post: operations["restore_credential"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke a credential
         * @description Independent of `enabled`. Only this API can restore a revoked credential.
         */
        post: operations["revoke_credential"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin a rotation
         * @description Creates a new secret, which only this response contains; a retry under the same `Idempotency-Key` returns it again. The old one stays valid for the grace period, at most until the credential expires. Meanwhile, responses to callers that use the old secret have `Deprecation` and `Sunset`.
         */
        post: operations["rotate_credential"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}/rotate/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a rotation
         * @description Invalidates the new secret immediately and keeps the old one.
         */
        post: operations["cancel_rotation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}/rotate/finish": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Finish a rotation
         * @description Invalidates the old secret immediately.
         */
        post: operations["finish_rotation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}/trusts": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        /**
         * List trusts
         * @description Returns all trusts of the credential.
         */
        get: operations["list_trusts"];
        put?: never;
        /**
         * Add a trust
         * @description Adds an issuer whose tokens let the credential in, and what they must say (RFC 7523). At most 10. Access tokens that it gives are invalid as soon as the trust is removed or expires. A dry run also compares a `token` with the trust, and keeps nothing of it.
         */
        post: operations["add_trust"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/credentials/{credential}/trusts/{trust}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
                /** @description The id of the trust. */
                trust: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove a trust
         * @description Access tokens that it gave are invalid immediately.
         */
        delete: operations["remove_trust"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/events": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        /**
         * List the events of a tenant
         * @description Returns every change, newest first: the caller, the time, the request, the members before and after, and whether it widened access. The history is kept after the resource is deleted.
         */
        get: operations["list_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/principals": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        /**
         * List principals
         * @description Returns a page of principals in the order of creation.
         */
        get: operations["list_principals"];
        put?: never;
        /**
         * Create a principal
         * @description Requires an administrator.
         */
        post: operations["create_principal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/principals/{principal}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the principal. */
                principal: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        /**
         * Get a principal
         * @description Returns the principal and its ETag.
         */
        get: operations["get_principal"];
        /**
         * Replace a principal
         * @description `enabled` is required. With access `edit`, only the name and the description can be changed.
         */
        put: operations["replace_principal"];
        post?: never;
        /**
         * Delete a principal
         * @description Also deletes the principal's credentials. The default principal cannot be deleted.
         */
        delete: operations["delete_principal"];
        options?: never;
        head?: never;
        /**
         * Update a principal
         * @description A JSON Merge Patch (RFC 7396): absent fields are kept.
         */
        patch: operations["update_principal"];
        trace?: never;
    };
    "/v1/tenants/{tenant}/principals/{principal}/events": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the principal. */
                principal: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        /**
         * List the events of a principal
         * @description Returns every change, newest first: the caller, the time, the request, the members before and after, and whether it widened access. The history is kept after the resource is deleted.
         */
        get: operations["list_principal_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Verify a token
         * @description Checks whether a token is valid and whether it has the needed roles, and returns its owner. A token of another tenant is reported as unknown. Nothing is cached.
         */
        post: operations["verify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/verify/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Verify several tokens
         * @description Checks 1 to 50 tokens together, each as `/v1/verify` does. A malformed token is an item that is not active, and not an error.
         */
        post: operations["verify_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What a credential may do in its own tenant. Except for `VerifyAll`, each level includes those before it. */
        Access: "none" | "verify" | "verify_all" | "read" | "edit" | "admin";
        /** @description An access token (RFC 6749 §5.1). */
        AccessToken: {
            /**
             * @description The token, for `Authorization: Bearer`. It is invalid as soon as its credential, or the secret that it was issued
             *     for, is invalid.
             */
            access_token: string;
            /**
             * Format: uint32
             * @description How many seconds the token is valid, as far as is known now: at most an hour.
             */
            expires_in: number;
            /** @description The roles that the credential has on every resource, separated by spaces; absent if there are none. */
            scope?: string;
            /** @description `Bearer`. */
            token_type: string;
        };
        /** @description The service runs. */
        Alive: {
            /** @description `ok`. */
            status: string;
        };
        /** @description The checks of readiness: for each, `ok`, or what is wrong and what to do. */
        Checks: {
            /**
             * Format: date-time
             * @description When the checks were made: at most once a second.
             */
            checked_at: string;
            /** @description Whether the database responds. */
            database: string;
            /** @description Whether a configured master key is that of stored secrets, or none are stored. */
            master_key: string;
            /** @description Whether the database has the schema that the service needs, or a newer one. */
            schema: string;
        };
        /** @description How a token compares with a trust. */
        Compared: {
            /**
             * @description Whether an exchange of it as a grant would succeed now by this trust, as far as is known: if `signature` is `not_checked`,
             *     except for its signature; with `once`, unless it was used before.
             */
            accepted: boolean;
            /** @description Each member that the trust requires. */
            members: components["schemas"]["Member"][];
            /** @description Why it is rejected other than for a member or its signature; null if it is not. */
            problem: string | null;
            /** @description `valid` or `invalid` by the keys of the trust, or `not_checked`: the issuer's keys are fetched only for an exchange. */
            signature: string;
        };
        /** @description An API credential: its roles, its expiry and its secrets. */
        Credential: {
            /** @description What the credential may do in Postern itself. */
            access: components["schemas"]["Access"];
            /**
             * Format: date-time
             * @description When it was created.
             */
            created_at: string;
            /** @description A description, for people. */
            description: string | null;
            /** @description Whether the credential can be used. */
            enabled: boolean;
            /**
             * Format: date-time
             * @description When the credential expires; null is never.
             */
            expires_at: string | null;
            /** @description The id. It never changes. */
            id: string;
            /** @description The ids of the public keys by which it logs in without a secret. `…/keys` has the keys. */
            keys: string[];
            /**
             * Format: date-time
             * @description When it was last used, to the minute; null is never.
             */
            last_used_at: string | null;
            /** @description Key-value pairs of the client, ordered by key. */
            metadata: {
                [key: string]: string;
            };
            /** @description A display name. It need not be unique. */
            name: string;
            /** @description The id of the principal that the credential authenticates as. */
            principal: string;
            /**
             * Format: int64
             * @description The number of the current version, from 1. It is part of the `ETag`.
             */
            revision: number;
            /**
             * Format: date-time
             * @description When the credential was revoked; null if it is not revoked.
             */
            revoked_at: string | null;
            /** @description Why the credential is revoked. */
            revoked_reason: string | null;
            /** @description The roles in the tenant's own APIs; null is full access, an empty list none. */
            roles: components["schemas"]["Role"][] | null;
            /** @description The secret. Only the response that creates it, and its repetition under the same `Idempotency-Key`, has it. */
            secret?: string;
            /** @description The valid secrets: one, or two during a rotation, the newest last. */
            secrets: components["schemas"]["Secret"][];
            /** @description Whether the credential may replace its own secret. */
            self_rotate: boolean;
            /** @description The id of the tenant that owns the credential. */
            tenant: string;
            /** @description The ids of the trusts by which workloads log in as it. `…/trusts` has the trusts. */
            trusts: string[];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
        };
        /** @description A page of a list. */
        CredentialPage: {
            /** @description The items. A page may have fewer than `limit`, or none, and still have a next page. */
            items: components["schemas"]["Credential"][];
            /** @description The `cursor` of the next page; null on the last one. */
            next: string | null;
        };
        CredentialPatch: {
            /**
             * @description What the credential may do in Postern itself: `none` (use itself), `verify` (verify tokens of its tenant), `verify_all` (verify tokens of every tenant; only the root token gives it), `read` (also read), `edit` (also change names and descriptions), `admin` (everything in its tenant). POST without it means `none`.
             * @enum {string}
             */
            access?: "none" | "verify" | "verify_all" | "read" | "edit" | "admin";
            /** @description Read-only: accepted at its current value. */
            readonly created_at?: unknown;
            /** @description A description, for people; null if there is none. */
            description?: string | null;
            /** @description Whether it can be used. POST without it means true. */
            enabled?: boolean;
            /**
             * Format: date-time
             * @description When the credential expires (RFC 3339, 1970 to 2255); null is never. A caller that expires cannot set a later time than its own.
             */
            expires_at?: string | null;
            /** @description Read-only: accepted at its current value. */
            readonly id?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly keys?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly last_used_at?: unknown;
            /** @description Key-value pairs of the client. After merging, at most 4096 bytes of JSON. In a PATCH, null removes a member. */
            metadata?: components["schemas"]["NewMetadata"] | null;
            /** @description A display name. It is not trimmed and need not be unique. */
            name?: string;
            /** @description The id of the principal that the credential authenticates as. POST without it uses the default principal. */
            principal?: string;
            /** @description Read-only: accepted at its current value. */
            readonly revision?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly revoked_at?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly revoked_reason?: unknown;
            /** @description The roles of the credential in the tenant's own APIs; null is full access, an empty list none. A set: order and duplicates have no meaning. */
            roles?: components["schemas"]["NewRole"][] | null;
            /** @description Read-only: accepted at its current value. */
            readonly secrets?: unknown;
            /** @description Whether the credential may replace its own secret, with its newest one. POST and PUT without it mean false. */
            self_rotate?: boolean;
            /** @description Read-only: accepted at its current value. */
            readonly tenant?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly trusts?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly updated_at?: unknown;
        };
        /** @description How a member differs: by its value, or as a set. */
        Difference: components["schemas"]["ValueChange"] | components["schemas"]["SetChange"];
        /** @description What a change would do. */
        DryRun: {
            /** @description The members that would change. */
            changes: {
                [key: string]: components["schemas"]["Difference"];
            };
            /** @description How the sample token compares with the trust; absent without one. */
            token?: components["schemas"]["Compared"];
            /** @description Whether the credential could do something after the change that it could not do before. */
            widens_access: boolean;
        };
        Ed25519Key: {
            /** @enum {string} */
            alg?: "EdDSA" | "Ed25519";
            /** @constant */
            crv: "Ed25519";
            /** @constant */
            kty: "OKP";
            x: string;
        };
        /**
         * @description One change of a tenant, a principal, a credential or a secret of a credential. It never contains the value of a
         *     secret.
         */
        Event: {
            /** @description What was done. */
            action: string;
            /**
             * Format: date-time
             * @description When the change was made.
             */
            at: string;
            /** @description The caller that made the change: a credential's id, `root`, or `console` for a change made in the database. */
            by: string;
            /** @description The members that were changed. */
            changes: {
                [key: string]: components["schemas"]["Difference"];
            };
            /** @description The id of the tenant, principal or credential. */
            id: string;
            /** @description What was changed: `tenant`, `principal` or `credential`. */
            noun: string;
            /** @description The `X-Request-Id` of the request that made the change. */
            request_id: string;
            /**
             * Format: int64
             * @description The revision after the change.
             */
            revision: number;
            /** @description The id of the secret, if a secret of the credential was changed. */
            secret: string | null;
            /**
             * Format: int64
             * @description The number of the event, from 1 in each tenant.
             */
            seq: number;
            /** @description Whether the change widened access. */
            widened_access: boolean;
        };
        /** @description A page of a list. */
        EventPage: {
            /** @description The items. A page may have fewer than `limit`, or none, and still have a next page. */
            items: components["schemas"]["Event"][];
            /** @description The `cursor` of the next page; null on the last one. */
            next: string | null;
        };
        Inquiry: {
            /** @description How many seconds old the answer may be, at most. With 0 it comes from the database. The tenants' `verify_staleness_seconds` limit it, and apply without it. */
            max_staleness_seconds?: number | null;
            /** @description The roles that the token must have: `all` of them, or at least one of them (`any`). */
            needs?: components["schemas"]["NeedsAll"] | components["schemas"]["NeedsAny"] | null;
            /** @description The token: a secret, or an access token. */
            token: string;
        };
        InquiryBatch: {
            /** @description The tokens to verify. */
            items: components["schemas"]["InquiryItem"][];
            /** @description How many seconds old the answer may be, at most. With 0 it comes from the database. The tenants' `verify_staleness_seconds` limit it, and apply without it. */
            max_staleness_seconds?: number | null;
        };
        InquiryItem: {
            /** @description The roles that the token must have: `all` of them, or at least one of them (`any`). */
            needs?: components["schemas"]["NeedsAll"] | components["schemas"]["NeedsAny"] | null;
            /** @description The token: a secret, or an access token. */
            token: string;
        };
        /** @description The result of introspection (RFC 7662 §2.2). */
        Introspected: {
            /** @description Whether the token is valid. */
            active: boolean;
            /**
             * Format: int64
             * @description Every change that was committed before this time, in seconds since 1970, is reflected.
             */
            checked_at?: number;
            /** @description The client id of its credential. */
            client_id?: string;
            /**
             * Format: int64
             * @description When it ends, in seconds since 1970; not there if never.
             */
            exp?: number;
            /** @description The issuer, as the metadata of RFC 8414 names it. */
            iss?: string;
            /**
             * Format: int64
             * @description The bound in force on the age of the answer, in seconds.
             */
            max_staleness_seconds?: number;
            /** @description The id of the principal that the credential authenticates as. */
            principal?: string;
            /**
             * @description The roles that it has on every resource, separated by spaces; with full access, every role of the tenant. Absent if there
             *     are none. What it may do on one resource, `/v1/verify` tells.
             */
            scope?: string;
            /** @description The subject: the same as `client_id`, since a client acts for itself. */
            sub?: string;
            /** @description The tenant that owns the credential. */
            tenant?: string;
            /** @description `Bearer`. */
            token_type?: string;
            /** @description The name of the credential. */
            username?: string;
        };
        /** @description A set of public keys (RFC 7517 §5). */
        Jwks: {
            /** @description The keys. */
            keys: components["schemas"]["TrustedKey"][];
        };
        /** @description A public key by which a credential signs its own assertions. */
        Key: {
            /**
             * Format: date-time
             * @description When it was added.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it expires; null is never.
             */
            expires_at: string | null;
            /** @description The id. */
            id: string;
            /** @description The key, without members that do not define it. `kid` is the given one, or else the thumbprint (RFC 7638). */
            jwk: {
                [key: string]: unknown;
            };
        };
        /** @description A page of a list. */
        KeyPage: {
            /** @description The items. A page may have fewer than `limit`, or none, and still have a next page. */
            items: components["schemas"]["Key"][];
            /** @description The `cursor` of the next page; null on the last one. */
            next: string | null;
        };
        /** @description A member that a trust requires of a token. */
        Member: {
            /** @description What the token has; of a claim that is a list, an object or absent, that word. */
            found: unknown;
            /** @description Whether that is accepted. */
            matches: boolean;
            /** @description Its name in the token, or the JSON pointer of a claim. */
            name: string;
            /** @description What the trust requires. */
            required: unknown;
        };
        NeedsAll: {
            /** @description The roles, of which every one is needed. */
            all: components["schemas"]["NewRole"][];
        };
        NeedsAny: {
            /** @description The roles, of which one is needed. */
            any: components["schemas"]["NewRole"][];
        };
        /** @description Claims by name or JSON pointer. */
        NewClaims: {
            [key: string]: string | number | boolean;
        };
        NewCredential: {
            /**
             * @description What the credential may do in Postern itself: `none` (use itself), `verify` (verify tokens of its tenant), `verify_all` (verify tokens of every tenant; only the root token gives it), `read` (also read), `edit` (also change names and descriptions), `admin` (everything in its tenant). POST without it means `none`.
             * @enum {string}
             */
            access?: "none" | "verify" | "verify_all" | "read" | "edit" | "admin";
            /** @description A description, for people; null if there is none. */
            description?: string | null;
            /** @description Whether it can be used. POST without it means true. */
            enabled?: boolean;
            /**
             * Format: date-time
             * @description When the credential expires (RFC 3339, 1970 to 2255); null is never. A caller that expires cannot set a later time than its own.
             */
            expires_at?: string | null;
            /** @description Key-value pairs of the client. After merging, at most 4096 bytes of JSON. In a PATCH, null removes a member. */
            metadata?: components["schemas"]["NewMetadata"] | null;
            /** @description A display name. It is not trimmed and need not be unique. */
            name: string;
            /** @description The id of the principal that the credential authenticates as. POST without it uses the default principal. */
            principal?: string;
            /** @description The roles of the credential in the tenant's own APIs; null is full access, an empty list none. A set: order and duplicates have no meaning. */
            roles: components["schemas"]["NewRole"][] | null;
            /** @description Whether the credential gets a secret. Without one it logs in by its keys and trusts only, until a rotation gives it one. POST without it means true. */
            secret?: boolean;
            /** @description Whether the credential may replace its own secret, with its newest one. POST and PUT without it mean false. */
            self_rotate?: boolean;
        };
        /** @description A set of public keys (RFC 7517 §5). */
        NewJwks: {
            keys: components["schemas"]["PublicKey"][];
        };
        NewKey: {
            /**
             * Format: date-time
             * @description When the key expires (RFC 3339, 1970 to 2255); null is never.
             */
            expires_at?: string | null;
            jwk: components["schemas"]["PublicKey"];
        };
        /** @description Key-value pairs: strings by name, not nested. */
        NewMetadata: {
            [key: string]: string | null;
        };
        NewPrincipal: {
            /** @description A description, for people; null if there is none. */
            description?: string | null;
            /** @description Whether it can be used. POST without it means true. */
            enabled?: boolean;
            /** @description A display name. It is not trimmed and need not be unique. */
            name: string;
        };
        NewRole: {
            /** @description Limits the role to one kind of resource. Without it, the role is on everything. */
            resource?: string | null;
            /** @description Limits the role to one resource of that kind. Requires `resource`. */
            resource_instance?: string | null;
            /** @description The name of the role: one of the tenant's `role_names`. */
            role_id: string;
        };
        NewTenant: {
            /** @description Whether it can be used. POST without it means true. */
            enabled?: boolean;
            /** @description A display name. It is not trimmed and need not be unique. */
            name: string;
            /** @description Whether credentials of the tenant can have roles. */
            rbac?: boolean;
            /** @description Whether changing or deleting a credential requires If-Match, on every face. */
            require_if_match?: boolean;
            /** @description The roles of the tenant, which always include `admin`, `editor` and `viewer`. */
            role_names?: string[];
            /** @description How many seconds old the answer to a verification may be. With 0, every answer comes from the database; with more, a change can take as long to reach every verifier. POST and PUT without it mean 0. */
            verify_staleness_seconds?: number;
        };
        NewTrust: {
            /** @description The one `aud` of the tokens. Default: the issuer of this service. */
            audience?: string | null;
            /** @description Claims that the tokens must have, each with exactly this value. A name that starts with `/` is a JSON pointer (RFC 6901). */
            claims?: components["schemas"]["NewClaims"] | null;
            /**
             * Format: date-time
             * @description When the trust expires (RFC 3339, 1970 to 2255); null is never.
             */
            expires_at?: string | null;
            /** @description `iss` of the tokens: an https URL without a port, a query and percent-encoding; hosts with hyphens and other characters in paths are accepted, too. If many organizations share the issuer, `claims` must require an id of one of them. */
            issuer: string;
            /** @description The keys that sign the tokens. Without them, they are fetched from the issuer (OpenID Connect Discovery). */
            jwks?: components["schemas"]["NewJwks"] | null;
            /** @description Whether each token is accepted only once, by its `jti`. */
            once?: boolean | null;
            /** @description `sub` of the tokens; a final `*` accepts every subject that starts with the text before it. */
            subject: string;
            /** @description Only in a dry run: a token of the issuer, which is compared with the trust. */
            token?: string | null;
            /** @description How many seconds access tokens are valid. Default: as long as the token that is exchanged, at most an hour. */
            token_seconds?: number | null;
        };
        /** @description Why a request was refused (RFC 6749 §5.2). */
        OAuthError: {
            /** @description Which error, for programs. */
            error: string;
            /** @description What is wrong, and what to do about it. */
            error_description: string;
        };
        OwnRotation: {
            /** @description How long the old secret stays valid, in seconds. */
            grace_seconds: number;
        };
        P256Key: {
            /** @enum {string} */
            alg?: "ES256";
            /** @constant */
            crv: "P-256";
            /** @constant */
            kty: "EC";
            x: string;
            y: string;
        };
        /** @description What credentials authenticate as: a service, a person or a team. */
        Principal: {
            /**
             * Format: date-time
             * @description When it was created.
             */
            created_at: string;
            /** @description A description, for people. */
            description: string | null;
            /** @description Whether the principal's credentials can be used. */
            enabled: boolean;
            /** @description The id. It never changes; the id of the tenant's default principal is all zeros. */
            id: string;
            /** @description A display name. */
            name: string;
            /**
             * Format: int64
             * @description The number of the current version, from 1. It is part of the `ETag`.
             */
            revision: number;
            /** @description The id of the tenant that owns the principal. */
            tenant: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
        };
        /** @description A page of a list. */
        PrincipalPage: {
            /** @description The items. A page may have fewer than `limit`, or none, and still have a next page. */
            items: components["schemas"]["Principal"][];
            /** @description The `cursor` of the next page; null on the last one. */
            next: string | null;
        };
        PrincipalPatch: {
            /** @description Read-only: accepted at its current value. */
            readonly created_at?: unknown;
            /** @description A description, for people; null if there is none. */
            description?: string | null;
            /** @description Whether it can be used. POST without it means true. */
            enabled?: boolean;
            /** @description Read-only: accepted at its current value. */
            readonly id?: unknown;
            /** @description A display name. It is not trimmed and need not be unique. */
            name?: string;
            /** @description Read-only: accepted at its current value. */
            readonly revision?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly tenant?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly updated_at?: unknown;
        };
        /** @description Why a request was refused (RFC 9457). */
        Problem: {
            /** @description The checks of readiness; only for the root token. */
            checks?: components["schemas"]["Checks"];
            /** @description A stable code, for programs. docs/ERRORS.md lists all codes. */
            code: string;
            /** @description What to do about it. */
            detail?: string;
            /**
             * Format: uint16
             * @description The HTTP status code of the response.
             */
            status: number;
            /** @description What is wrong, in a few words. Every problem with the same code has the same title. */
            title: string;
            /** @description `urn:postern:problem:` followed by the code. */
            type: string;
            /** @description Every violation of the body or the query, in the order of the fields. */
            violations?: components["schemas"]["Violation"][];
        };
        /** @description A public JSON Web Key (RFC 7517): RSA of 2048 to 4096 bits with e = 65537, EC on P-256, or OKP with Ed25519. A private member is refused. Members that do not define the key are not kept, except `kid`, and `alg` for RSA. */
        PublicKey: {
            key_ops?: unknown[];
            kid?: string;
            /** @enum {string} */
            use?: "sig" | "jwt-svid";
        } | components["schemas"]["Ed25519Key"] | components["schemas"]["P256Key"] | components["schemas"]["RsaKey"];
        /** @description The service can serve requests. */
        Ready: {
            /** @description The checks; only for the root token. */
            checks?: components["schemas"]["Checks"];
            /** @description `ready`. */
            status: string;
        };
        Revocation: {
            /** @description Why the credential is revoked, for people. */
            reason?: string | null;
        };
        /** @description A role. Roles are ordered by `resource` (absent first), `resource_instance` and `role_id`. */
        Role: {
            /** @description Limits the role to one kind of resource. */
            resource?: string | null;
            /** @description Limits the role to one resource of that kind. */
            resource_instance?: string | null;
            /** @description The name of the role, from the tenant's `role_names`. */
            role_id: string;
        };
        Rotation: {
            /** @description How long the old secret stays valid, in seconds. */
            grace_seconds: number;
        };
        RsaKey: {
            /** @enum {string} */
            alg?: "RS256" | "PS256";
            /** @constant */
            e: "AQAB";
            /** @constant */
            kty: "RSA";
            n: string;
        };
        /** @description A secret of a credential, without its value. */
        Secret: {
            /**
             * Format: date-time
             * @description When it was created.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When the secret expires, if a rotation is replacing it.
             */
            expires_at: string | null;
            /** @description The last four characters of the random part, to recognize the secret by; empty if the client chose it. */
            hint: string;
            /** @description The id. A secret made by Postern contains it. */
            id: string;
            /**
             * Format: date-time
             * @description When it was last used, to the minute; null is never.
             */
            last_used_at: string | null;
        };
        /** @description A credential as it reads itself: without what only people read. */
        Self: {
            /** @description What the credential may do in Postern itself. */
            access: components["schemas"]["Access"];
            /**
             * Format: date-time
             * @description When the credential expires; null is never.
             */
            expires_at: string | null;
            /** @description The id. */
            id: string;
            /** @description The display name. */
            name: string;
            /** @description The id of the principal that the credential authenticates as. */
            principal: string;
            /**
             * Format: date-time
             * @description When the credential was revoked; null if it is not revoked.
             */
            revoked_at: string | null;
            /** @description The roles in the tenant's own APIs; null is full access, an empty list none. */
            roles: components["schemas"]["Role"][] | null;
            /** @description The new secret. Only the response to a rotation, and its repetition under the same `Idempotency-Key`, has it. */
            secret?: string;
            /** @description The valid secrets: one, or two during a rotation, the newest last. */
            secrets: components["schemas"]["Secret"][];
            /** @description Whether the credential may replace its own secret. */
            self_rotate: boolean;
            /** @description The id of the tenant that owns the credential. */
            tenant: string;
        };
        /** @description Authorization server metadata (RFC 8414 §2). No member is an empty array (§3.2). */
        ServerMetadata: {
            /**
             * @description Where a person would log in: nothing is there. Some clients reject a document without it (RFC 8414 requires it of servers that
             *     have such a grant).
             */
            authorization_endpoint: string;
            /** @description How to log in. */
            grant_types_supported: string[];
            /** @description Where to ask about a token. */
            introspection_endpoint: string;
            /** @description How a client authenticates to ask about a token. */
            introspection_endpoint_auth_methods_supported: string[];
            /** @description The server: the setting `POSTERN_ISSUER`, or else the scheme and the host of the request. */
            issuer: string;
            /** @description `none`: there is no authorization endpoint. */
            response_types_supported: string[];
            /** @description Where to log in. */
            token_endpoint: string;
            /** @description How a client authenticates to log in. */
            token_endpoint_auth_methods_supported: string[];
            /** @description How the assertions of a client may be signed. */
            token_endpoint_auth_signing_alg_values_supported: string[];
        };
        /** @description The change of a set: `role_names`, and `roles` if neither side is full access. */
        SetChange: {
            /** @description The items that the change adds. */
            added: (components["schemas"]["Role"] | string)[];
            /** @description The items that the change removes. */
            removed: (components["schemas"]["Role"] | string)[];
        };
        /** @description Where the answer to a verification comes from. */
        Source: "primary" | "memory" | "replica";
        /** @description An organization, which owns principals and credentials. Tenants are isolated from each other. */
        Tenant: {
            /**
             * Format: date-time
             * @description When it was created.
             */
            created_at: string;
            /** @description Whether the tenant's credentials can be used. */
            enabled: boolean;
            /** @description The id. It never changes. */
            id: string;
            /** @description A unique name that never changes, for `X-Postern-Tenant` and for the URLs of Keycard's clients. */
            label: string;
            /** @description A display name. */
            name: string;
            /** @description Whether the tenant's credentials can have roles. */
            rbac: boolean;
            /** @description Whether changing or deleting one of its credentials requires If-Match, on every face. */
            require_if_match: boolean;
            /**
             * Format: int64
             * @description The number of the current version, from 1. It is part of the `ETag`.
             */
            revision: number;
            /** @description The roles of the tenant, which always include `admin`, `editor` and `viewer`. */
            role_names: string[];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /**
             * Format: int64
             * @description How many seconds old the answer to a verification may be.
             */
            verify_staleness_seconds: number;
        };
        /** @description A page of a list. */
        TenantPage: {
            /** @description The items. A page may have fewer than `limit`, or none, and still have a next page. */
            items: components["schemas"]["Tenant"][];
            /** @description The `cursor` of the next page; null on the last one. */
            next: string | null;
        };
        TenantPatch: {
            /** @description Read-only: accepted at its current value. */
            readonly created_at?: unknown;
            /** @description Whether it can be used. POST without it means true. */
            enabled?: boolean;
            /** @description Read-only: accepted at its current value. */
            readonly id?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly label?: unknown;
            /** @description A display name. It is not trimmed and need not be unique. */
            name?: string;
            /** @description Whether credentials of the tenant can have roles. */
            rbac?: boolean;
            /** @description Whether changing or deleting a credential requires If-Match, on every face. */
            require_if_match?: boolean;
            /** @description Read-only: accepted at its current value. */
            readonly revision?: unknown;
            /** @description The roles of the tenant, which always include `admin`, `editor` and `viewer`. */
            role_names?: string[];
            /** @description Read-only: accepted at its current value. */
            readonly updated_at?: unknown;
            /** @description How many seconds old the answer to a verification may be. With 0, every answer comes from the database; with more, a change can take as long to reach every verifier. POST and PUT without it mean 0. */
            verify_staleness_seconds?: number;
        };
        /** @description An issuer whose tokens a credential accepts instead of a secret, and what they must say. */
        Trust: {
            /** @description The audience: the one `aud` of accepted tokens. */
            audience: string;
            /** @description Further claims that a token must have, by name or JSON pointer, each with this value. */
            claims: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description When it was added.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it expires; null is never.
             */
            expires_at: string | null;
            /** @description The id. */
            id: string;
            /** @description The issuer: `iss` of its tokens. */
            issuer: string;
            /** @description The keys that sign the tokens; null if they are fetched from the issuer. */
            jwks: components["schemas"]["Jwks"] | null;
            /** @description Whether each token is accepted only once, by its `jti`. */
            once: boolean;
            /** @description The subject: `sub` of accepted tokens; a final `*` accepts every subject that starts with the text before it. */
            subject: string;
            /**
             * Format: int64
             * @description How many seconds access tokens are valid; null is as long as the token that was exchanged, at most an hour.
             */
            token_seconds: number | null;
            /**
             * @description `shared_audience`: tokens for another service are accepted here, so that service could use them here, too. `open_prefix`: the
             *     subject's prefix ends within a name, so that subjects with longer names are accepted, too.
             */
            warnings: string[];
        };
        /** @description A public key, as that of a credential is shown. */
        TrustedKey: {
            [key: string]: unknown;
        };
        /** @description A page of a list. */
        TrustPage: {
            /** @description The items. A page may have fewer than `limit`, or none, and still have a next page. */
            items: components["schemas"]["Trust"][];
            /** @description The `cursor` of the next page; null on the last one. */
            next: string | null;
        };
        /** @description The change of a member with one value. For `metadata`, `keys` and `trusts`, both sides have only the members that differ. */
        ValueChange: {
            /** @description The value after the change, or null. */
            after: unknown;
            /** @description The value before the change, or null. */
            before: unknown;
        };
        /** @description Whether a token is valid, and the owner of the token. */
        Verified: {
            /** @description What the credential may do in Postern itself. */
            access?: components["schemas"]["Access"];
            /** @description Whether the token is valid. */
            active: boolean;
            /**
             * Format: double
             * @description How old the answer was when it was made, in seconds.
             */
            age_seconds: number;
            /** @description Whether the token is valid and has the needed roles; absent if the request has no `needs`. */
            allowed?: boolean;
            /**
             * Format: date-time
             * @description Every change that was committed before this time is reflected.
             */
            checked_at: string;
            /** @description The id of the credential. */
            credential?: string;
            /**
             * Format: date-time
             * @description When the token expires, unless it is revoked or changed before: the earliest of the ends of the credential, of the
             *     secret and of an access token; null is never.
             */
            expires_at?: string | null;
            /**
             * @description The roles of `needs` that the token does not have: for `any` all of them, or none if it has one. Absent if the
             *     request has no `needs`.
             */
            failed_needs?: components["schemas"]["Role"][];
            /**
             * Format: int64
             * @description The bound in force, in seconds: a token reported as valid was valid at some time at most so long before the request.
             *     A token that is not valid is always looked up in the database.
             */
            max_staleness_seconds: number;
            /** @description The credential's name. */
            name?: string;
            /** @description The id of the principal that the credential authenticates as. */
            principal?: string;
            /** @description Why the token is not valid: `unknown` (also for a token of another tenant), `expired`, `revoked` or `inactive`. */
            reason?: string;
            /** @description The credential's roles; null is full access. */
            roles?: components["schemas"]["Role"][] | null;
            /**
             * @description The secret: the token itself, or for an access token the secret that it was issued for. Absent for an access token of a
             *     key or a trust.
             */
            secret?: components["schemas"]["VerifiedSecret"];
            /** @description Where the answer comes from. */
            source: components["schemas"]["Source"];
            /** @description The id of the tenant that owns the credential. */
            tenant?: string;
        };
        /** @description The results of a batch of verifications. */
        VerifiedBatch: {
            /** @description The results, in the order of the request. Those from the database are of the same moment. */
            items: components["schemas"]["Verified"][];
        };
        /** @description The secret of a verified token, without its value. */
        VerifiedSecret: {
            /**
             * Format: date-time
             * @description When the secret expires, if a rotation is replacing it.
             */
            expires_at: string | null;
            /** @description The id of the secret. */
            id: string;
            /** @description Whether a rotation is replacing it. */
            retiring: boolean;
        };
        /** @description A member of the body that violates a rule, or an invalid query parameter. */
        Violation: {
            /** @description A stable code of the rule, for programs. */
            code: string;
            /** @description How to fix it. */
            detail: string;
            /** @description The name of the query parameter. */
            parameter?: string;
            /** @description A JSON pointer to the member of the body (RFC 6901). */
            pointer?: string;
        };
        WholeCredential: {
            /**
             * @description What the credential may do in Postern itself: `none` (use itself), `verify` (verify tokens of its tenant), `verify_all` (verify tokens of every tenant; only the root token gives it), `read` (also read), `edit` (also change names and descriptions), `admin` (everything in its tenant). POST without it means `none`.
             * @enum {string}
             */
            access: "none" | "verify" | "verify_all" | "read" | "edit" | "admin";
            /** @description Read-only: accepted at its current value. */
            readonly created_at?: unknown;
            /** @description A description, for people; null if there is none. */
            description?: string | null;
            /** @description Whether it can be used. POST without it means true. */
            enabled: boolean;
            /**
             * Format: date-time
             * @description When the credential expires (RFC 3339, 1970 to 2255); null is never. A caller that expires cannot set a later time than its own.
             */
            expires_at: string | null;
            /** @description Read-only: accepted at its current value. */
            readonly id?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly keys?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly last_used_at?: unknown;
            /** @description Key-value pairs of the client. After merging, at most 4096 bytes of JSON. In a PATCH, null removes a member. */
            metadata?: components["schemas"]["NewMetadata"] | null;
            /** @description A display name. It is not trimmed and need not be unique. */
            name: string;
            /** @description The id of the principal that the credential authenticates as. POST without it uses the default principal. */
            principal: string;
            /** @description Read-only: accepted at its current value. */
            readonly revision?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly revoked_at?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly revoked_reason?: unknown;
            /** @description The roles of the credential in the tenant's own APIs; null is full access, an empty list none. A set: order and duplicates have no meaning. */
            roles: components["schemas"]["NewRole"][] | null;
            /** @description Read-only: accepted at its current value. */
            readonly secrets?: unknown;
            /** @description Whether the credential may replace its own secret, with its newest one. POST and PUT without it mean false. */
            self_rotate?: boolean;
            /** @description Read-only: accepted at its current value. */
            readonly tenant?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly trusts?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly updated_at?: unknown;
        };
        WholePrincipal: {
            /** @description Read-only: accepted at its current value. */
            readonly created_at?: unknown;
            /** @description A description, for people; null if there is none. */
            description?: string | null;
            /** @description Whether it can be used. POST without it means true. */
            enabled: boolean;
            /** @description Read-only: accepted at its current value. */
            readonly id?: unknown;
            /** @description A display name. It is not trimmed and need not be unique. */
            name: string;
            /** @description Read-only: accepted at its current value. */
            readonly revision?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly tenant?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly updated_at?: unknown;
        };
        WholeTenant: {
            /** @description Read-only: accepted at its current value. */
            readonly created_at?: unknown;
            /** @description Whether it can be used. POST without it means true. */
            enabled: boolean;
            /** @description Read-only: accepted at its current value. */
            readonly id?: unknown;
            /** @description Read-only: accepted at its current value. */
            readonly label?: unknown;
            /** @description A display name. It is not trimmed and need not be unique. */
            name: string;
            /** @description Whether credentials of the tenant can have roles. */
            rbac: boolean;
            /** @description Whether changing or deleting a credential requires If-Match, on every face. */
            require_if_match: boolean;
            /** @description Read-only: accepted at its current value. */
            readonly revision?: unknown;
            /** @description The roles of the tenant, which always include `admin`, `editor` and `viewer`. */
            role_names: string[];
            /** @description Read-only: accepted at its current value. */
            readonly updated_at?: unknown;
            /** @description How many seconds old the answer to a verification may be. With 0, every answer comes from the database; with more, a change can take as long to reach every verifier. POST and PUT without it mean 0. */
            verify_staleness_seconds?: number;
        };
    };
    responses: {
        /** @description The resource still has the version in `If-None-Match`. */
        304: {
            headers: {
                ETag: components["headers"]["ETag"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description The body or the query cannot be read. */
        400: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Authentication failed, or the caller is disabled. */
        401: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The caller lacks permission for this operation or change. */
        403: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The resource does not exist. Resources of other tenants look the same. */
        404: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request conflicts with the current state. */
        409: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A precondition failed: the resource has changed. */
        412: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is too large. */
        413: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The media type of the body is not supported, or it has a `Content-Encoding`; a header lists what is accepted. */
        415: {
            headers: {
                "Accept-Encoding": components["headers"]["Accept-Encoding"];
                "Accept-Patch": components["headers"]["Accept-Patch"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Validation failed, or the Idempotency-Key was used with another body. */
        422: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The tenant requires `If-Match`. */
        428: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many failed authentications from this address or of this credential. */
        429: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The database is unavailable, the service is not configured or not ready, or `Postern-Verifier` was not accepted. */
        503: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body or the query cannot be read. */
        "oauth-400": {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description Authentication failed, or the caller is disabled. */
        "oauth-401": {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description The caller lacks permission for this operation or change. */
        "oauth-403": {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description The body is too large. */
        "oauth-413": {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description The media type of the body is not supported, or it has a `Content-Encoding`; a header lists what is accepted. */
        "oauth-415": {
            headers: {
                "Accept-Encoding": components["headers"]["Accept-Encoding"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description Too many failed authentications from this address or of this credential. */
        "oauth-429": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description The database is unavailable, the service is not configured or not ready, or `Postern-Verifier` was not accepted. */
        "oauth-503": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
    };
    parameters: {
        /** @description Makes a retry safe: for 24 hours, the same key and body return the same response, including the secret. */
        "Idempotency-Key": string;
        /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
        "If-Match": string;
        /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
        "If-None-Match": string;
        /** @description The proxy's own credential, as it would stand after `Bearer`: with access `verify`, sent once. */
        "Postern-Verifier": string;
    };
    requestBodies: never;
    headers: {
        /** @description `identity`, if the body had a `Content-Encoding`: send it uncompressed. */
        "Accept-Encoding": string;
        /** @description The media types that PATCH accepts, if the body has another media type. */
        "Accept-Patch": string;
        /** @description When the rotation of the caller's secret began (RFC 9745). Present only during a rotation. */
        Deprecation: string;
        /** @description The current version: the id and the revision. */
        ETag: string;
        /** @description The path of what was created. */
        Location: string;
        /** @description The id of the token's credential. */
        "Postern-Credential": string;
        /** @description The id of the principal that the token authenticates as. */
        "Postern-Principal": string;
        /** @description The id of the tenant that owns the token. */
        "Postern-Tenant": string;
        /** @description After how many seconds to try again. */
        "Retry-After": string;
        /** @description When the caller's secret expires (RFC 8594). Present only during a rotation. */
        Sunset: string;
        /** @description The supported authentication schemes. */
        "WWW-Authenticate": string;
        /** @description The id of the request: the client's, if it sent a valid one. Events contain it. */
        "X-Request-Id": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    server_metadata: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerMetadata"];
                };
            };
            503: components["responses"]["oauth-503"];
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alive"];
                };
            };
            400: components["responses"]["400"];
        };
    };
    introspect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": {
                    /** @description How many seconds old the answer may be, at most. With 0 it comes from the database. The tenants' `verify_staleness_seconds` limit it, and apply without it. */
                    max_staleness_seconds?: number;
                    /** @description The token. */
                    token: string;
                    /** @description Ignored. */
                    token_type_hint?: string;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Introspected"];
                };
            };
            400: components["responses"]["oauth-400"];
            401: components["responses"]["oauth-401"];
            403: components["responses"]["oauth-403"];
            413: components["responses"]["oauth-413"];
            415: components["responses"]["oauth-415"];
            429: components["responses"]["oauth-429"];
            503: components["responses"]["oauth-503"];
        };
    };
    log_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": {
                    /** @description As the grant: a token of an issuer that the client trusts; with no other authentication (RFC 7523 §2.1). */
                    assertion?: string;
                    /** @description In place of a secret: a token that the client signed with one of its keys, or a token of an issuer that it trusts (RFC 7523 §2.2). */
                    client_assertion?: string;
                    /** @enum {string} */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description `client_` followed by the credential's id. */
                    client_id?: string;
                    /** @description The credential's secret. */
                    client_secret?: string;
                    /** @enum {string} */
                    grant_type: "client_credentials" | "urn:ietf:params:oauth:grant-type:jwt-bearer";
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessToken"];
                };
            };
            400: components["responses"]["oauth-400"];
            401: components["responses"]["oauth-401"];
            413: components["responses"]["oauth-413"];
            415: components["responses"]["oauth-415"];
            429: components["responses"]["oauth-429"];
            503: components["responses"]["oauth-503"];
        };
    };
    readiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            400: components["responses"]["400"];
            503: components["responses"]["503"];
        };
    };
    authorize: {
        parameters: {
            query?: {
                /** @description The token must have all of these roles: each a role, or a role, a resource and an instance, separated by one space. */
                all?: string[];
                /** @description The token must have one of these roles, spelled as in `all`. */
                any?: string[];
                /** @description The token must be valid, whatever its roles. */
                authenticated?: "1";
                /** @description How many seconds old the answer may be, at most. */
                max_staleness_seconds?: number;
                /** @description The id or the label of the tenant that the token must belong to. */
                tenant?: string;
            };
            header: {
                /** @description The proxy's own credential, as it would stand after `Bearer`: with access `verify`, sent once. */
                "Postern-Verifier": components["parameters"]["Postern-Verifier"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request may pass. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    "Postern-Credential": components["headers"]["Postern-Credential"];
                    "Postern-Principal": components["headers"]["Postern-Principal"];
                    "Postern-Tenant": components["headers"]["Postern-Tenant"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            /** @description The request has no valid token. The body is empty. */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The token is of another tenant, or lacks a needed role. The body is empty. */
            403: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            503: components["responses"]["503"];
        };
    };
    get_self: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Self"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    revoke_self: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Revocation"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Self"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    rotate_self: {
        parameters: {
            query?: never;
            header: {
                /** @description Makes a retry safe: for 24 hours, the same key and body return the same response, including the secret. */
                "Idempotency-Key": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OwnRotation"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Self"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    list_tenants: {
        parameters: {
            query?: {
                /** @description The `next` of the previous page. It is valid only for this list, with the same `sort` and filters. */
                cursor?: string;
                /** @description The maximum number of items. */
                limit?: number;
                /** @description The default is `created`. A minus reverses the order. */
                sort?: "created" | "-created";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantPage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    create_tenant: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry safe: for 24 hours, the same key and body return the same response, including the secret. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTenant"];
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    get_tenant: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            304: components["responses"]["304"];
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            412: components["responses"]["412"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    replace_tenant: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WholeTenant"];
            };
        };
        responses: {
            /** @description The updated resource. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    delete_tenant: {
        parameters: {
            query?: {
                /** @description Also delete the tenant's principals and credentials. */
                force?: boolean;
            };
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            /** @description The request conflicts with the current state. */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["412"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    update_tenant: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TenantPatch"];
                "application/merge-patch+json": components["schemas"]["TenantPatch"];
            };
        };
        responses: {
            /** @description The updated resource. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    list_credentials: {
        parameters: {
            query?: {
                /** @description The `next` of the previous page. It is valid only for this list, with the same `sort` and filters. */
                cursor?: string;
                /** @description Only enabled credentials, or only disabled ones. */
                enabled?: boolean;
                /** @description Only credentials that expire before this time (1970 to 2255). */
                expires_before?: string;
                /** @description The maximum number of items. */
                limit?: number;
                /** @description Only credentials whose name begins with this text. */
                name_prefix?: string;
                /** @description Only credentials of this principal. */
                principal?: string;
                /** @description Only credentials with this role on any resource. Credentials with full access do not match. */
                role?: string;
                /** @description The default is `created`, or `name` with a `name_prefix`. A minus reverses the order. */
                sort?: "created" | "-created" | "name" | "-name";
                /** @description Only credentials without a secret created since this time (1970 to 2255). */
                unrotated_since?: string;
                /** @description Only credentials not used since this time, or never (1970 to 2255). */
                unused_since?: string;
            };
            header?: never;
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialPage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    create_credential: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry safe: for 24 hours, the same key and body return the same response, including the secret. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCredential"];
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            /** @description Validation failed, or the Idempotency-Key was used with another body. */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    get_credential: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"];
                };
            };
            304: components["responses"]["304"];
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            412: components["responses"]["412"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    replace_credential: {
        parameters: {
            query?: {
                /** @description Report what would change, and change nothing. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WholeCredential"];
            };
        };
        responses: {
            /** @description The updated resource; for a dry run, what would change. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"] | components["schemas"]["DryRun"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            /** @description Validation failed, or the Idempotency-Key was used with another body. */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    delete_credential: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    update_credential: {
        parameters: {
            query?: {
                /** @description Report what would change, and change nothing. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CredentialPatch"];
                "application/merge-patch+json": components["schemas"]["CredentialPatch"];
            };
        };
        responses: {
            /** @description The updated resource; for a dry run, what would change. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"] | components["schemas"]["DryRun"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            /** @description A precondition failed: the resource has changed. */
            412: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    list_credential_events: {
        parameters: {
            query?: {
                /** @description The `next` of the previous page. It is valid only for this list, with the same `sort` and filters. */
                cursor?: string;
                /** @description The maximum number of items. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    list_keys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyPage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    add_key: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKey"];
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    remove_key: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the key. */
                key: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    restore_credential: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The updated resource. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    revoke_credential: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Revocation"];
            };
        };
        responses: {
            /** @description The updated resource. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    rotate_credential: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry safe: for 24 hours, the same key and body return the same response, including the secret. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rotation"];
            };
        };
        responses: {
            /** @description The updated resource. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            /** @description The request conflicts with the current state. */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    cancel_rotation: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The updated resource. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    finish_rotation: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The updated resource. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credential"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    list_trusts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrustPage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    add_trust: {
        parameters: {
            query?: {
                /** @description Report what would change, and change nothing. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTrust"];
            };
        };
        responses: {
            /** @description For a dry run, what would change. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DryRun"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trust"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    remove_trust: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the credential. */
                credential: string;
                /** @description The id of the tenant. */
                tenant: string;
                /** @description The id of the trust. */
                trust: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            428: components["responses"]["428"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description The `next` of the previous page. It is valid only for this list, with the same `sort` and filters. */
                cursor?: string;
                /** @description The maximum number of items. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    list_principals: {
        parameters: {
            query?: {
                /** @description The `next` of the previous page. It is valid only for this list, with the same `sort` and filters. */
                cursor?: string;
                /** @description The maximum number of items. */
                limit?: number;
                /** @description The default is `created`. A minus reverses the order. */
                sort?: "created" | "-created";
            };
            header?: never;
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrincipalPage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    create_principal: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry safe: for 24 hours, the same key and body return the same response, including the secret. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPrincipal"];
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Principal"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    get_principal: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the principal. */
                principal: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Principal"];
                };
            };
            304: components["responses"]["304"];
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            412: components["responses"]["412"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    replace_principal: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the principal. */
                principal: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WholePrincipal"];
            };
        };
        responses: {
            /** @description The updated resource. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Principal"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    delete_principal: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the principal. */
                principal: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    update_principal: {
        parameters: {
            query?: never;
            header?: {
                /** @description Succeed only if the current version is one of these (RFC 9110 §13.1.1). One or more ETags, separated by commas; or `*`. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description Succeed only if the current version is none of these (RFC 9110 §13.1.2); otherwise a GET returns 304. One or more ETags, separated by commas; or `*`. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @description The id of the principal. */
                principal: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PrincipalPatch"];
                "application/merge-patch+json": components["schemas"]["PrincipalPatch"];
            };
        };
        responses: {
            /** @description The updated resource. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    ETag: components["headers"]["ETag"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Principal"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    list_principal_events: {
        parameters: {
            query?: {
                /** @description The `next` of the previous page. It is valid only for this list, with the same `sort` and filters. */
                cursor?: string;
                /** @description The maximum number of items. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The id of the principal. */
                principal: string;
                /** @description The id of the tenant. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    verify: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Inquiry"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verified"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
    verify_batch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InquiryBatch"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VerifiedBatch"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
        };
    };
}
