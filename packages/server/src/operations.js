// The commands: one line for each operation of the description. Arguments and flags come from the description.
//
// columns   the columns of a list, for people
// reveals   the member of the response that is a secret
// destroys  asks first
// auth      "optional", "none", "form" (the token is sent as the client secret) or "verifier"; else a Bearer token is sent
// checks    the member of the body that is the token to check, or the tokens; for `authorize` the header
// passes    whether the response is a yes, for operations that answer a question

const NAMED = ["id", "name"];
const EVENT = ["seq", "at", "action", "noun", "id", "by", "changes"];
const isAllowed = ({ active, allowed }) => active && allowed !== false;

export const COMMANDS = {
  list_credentials: { command: "credentials list", columns: [...NAMED, "state", "roles", "access", "expires_at", "last_used_at"] },
  create_credential: { command: "credentials create", reveals: "secret" },
  get_credential: { command: "credentials show" },
  update_credential: { command: "credentials update" },
  replace_credential: { command: "credentials replace" },
  rotate_credential: { command: "credentials rotate", reveals: "secret" },
  finish_rotation: { command: "credentials rotate finish" },
  cancel_rotation: { command: "credentials rotate cancel" },
  revoke_credential: { command: "credentials revoke" },
  restore_credential: { command: "credentials restore" },
  delete_credential: { command: "credentials delete", destroys: true },
  add_key: { command: "credentials keys add" },
  list_keys: { command: "credentials keys list", columns: ["id", "jwk", "created_at", "expires_at"] },
  remove_key: { command: "credentials keys remove" },
  add_trust: { command: "credentials trusts add" },
  list_trusts: { command: "credentials trusts list", columns: ["id", "issuer", "subject", "claims", "audience", "expires_at"] },
  remove_trust: { command: "credentials trusts remove" },
  list_credential_events: { command: "credentials history", columns: EVENT },
  verify: { command: "verify", checks: "token", passes: isAllowed },
  verify_batch: {
    command: "verify batch",
    checks: "items",
    passes: ({ items }) => items.every(isAllowed),
    columns: ["active", "allowed", "reason", "credential", "name", "roles", "expires_at"],
  },
  authorize: { command: "authorize", auth: "verifier", checks: "header" },
  list_tenants: { command: "tenants list", columns: ["id", "label", "name", "state", "rbac", "require_if_match", "created_at"] },
  create_tenant: { command: "tenants create" },
  get_tenant: { command: "tenants show" },
  update_tenant: { command: "tenants update" },
  replace_tenant: { command: "tenants replace" },
  delete_tenant: { command: "tenants delete", destroys: true },
  list_events: { command: "tenants history", columns: EVENT },
  list_principals: { command: "principals list", columns: [...NAMED, "state", "description", "created_at"] },
  create_principal: { command: "principals create" },
  get_principal: { command: "principals show" },
  update_principal: { command: "principals update" },
  replace_principal: { command: "principals replace" },
  delete_principal: { command: "principals delete", destroys: true },
  list_principal_events: { command: "principals history", columns: EVENT },
  get_self: { command: "self show" },
  rotate_self: { command: "self rotate", reveals: "secret" },
  revoke_self: { command: "self revoke", destroys: true },
  log_in: { command: "oauth log-in", auth: "form", reveals: "access_token" },
  introspect: { command: "oauth introspect", checks: "token", passes: ({ active }) => active },
  server_metadata: { command: "oauth metadata", auth: "none" },
  health: { command: "health", auth: "none" },
  readiness: { command: "ready", auth: "optional" },
};

/** The help of a group of commands. */
export const GROUPS = {
  credentials: "API credentials of machines",
  tenants: "organizations, which own principals and credentials",
  principals: "services, persons or teams, which credentials authenticate as",
  self: "the credential whose token is used",
  oauth: "access tokens, and what other OAuth clients see",
};
