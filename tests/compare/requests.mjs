// Builds a request to a route: path, caller, headers, query and body, random unless the options set them; and what
// later requests learn from its responses.
import { readId } from "./side.mjs";
import { BODIES, BODIES_OF, HEADERS, MEMBERS, PATHS, QUERIES, TYPES, members, parts } from "./values.mjs";

const FORM = "application/x-www-form-urlencoded";
const SPELLING = { own: "id", keycard: "id", litegraph: "guid", coactive: "client" };
const letter = { tenant: "t", principal: "p", credential: "c" };

/** Builds a request to that route. Options: tenant, principal, credential, subject, caller, body, query, headers; `valid` or not
    as a whole, `invalid` in its body only; `plain`, without random headers. */
export function request(r, world, route, options = {}) {
  const tenant = options.tenant ?? world.tenant(r);
  world.focus = tenant;
  const credential = options.credential ?? world.credential(r, tenant, options.which);
  const principal = options.principal ?? (route.path.includes("service-accounts/{}/c") && r.chance(0.8) && credential?.principal
    ? { name: credential.principal }
    : world.principal(r, tenant));
  const scene = { r, world, route, tenant, principal, credential, valid: options.valid ?? r.chance(0.8), ...options };
  scene.subject = options.subject ?? (route.noun === "secret" ? subject(scene) : undefined);
  scene.headers = { ...caller(scene) };
  const sent = {
    route,
    method: options.method ?? (route.method === "GET" && r.chance(0.06) ? "HEAD" : route.method),
    path: path(scene),
    headers: scene.headers,
    body: body(scene),
    about: about(scene),
    scene,
  };
  const query = options.query ?? queryOf(scene);
  if (query) sent.path += `?${query}`;
  if (sent.body && !sent.headers["content-type"]) sent.headers["content-type"] = route.face === "oauth" ? FORM : "application/json";
  if (!options.plain) decorate(sent, scene);
  if (sent.headers["content-type"] === "") delete sent.headers["content-type"];
  Object.assign(sent.headers, options.headers);
  return { ...sent, ...effects(sent, scene) };
}

// ---------------------------------------------------------------------------------------------------------------------
// Callers

/** The header for a credential's secret, in a random form. */
export function present(r, credential, secret = r.pick(credential.secrets)) {
  if (credential.access.length && r.chance(0.2)) return { authorization: `Bearer ‹text ${r.pick(credential.access)}›` };
  return r.pick([
    { authorization: `Bearer ‹text ${secret}›` },
    { authorization: `Bearer ‹text ${secret}›` },
    { authorization: `bearer ‹client ${credential.name}›:‹text ${secret}›` },
    { authorization: `Basic ‹basic ${credential.name} ${secret}›` },
  ]);
}

export const ROOT = { authorization: "Bearer ‹text root›" };

function caller({ r, world, route, tenant, caller, valid }) {
  if (caller) return { ...caller };
  if (route.verb === "log in") return logIn(r, world, route, tenant, valid);
  if (route.verb === "metadata") return {};
  const named = r.chance(0.93) ? { "x-postern-tenant": r.pick([`‹id ${tenant.name}›`, `‹guid ${tenant.name}›`, tenant.label ? `‹text label:${tenant.name}›` : `‹id ${tenant.name}›`]) } : {};
  const root = { ...ROOT, ...(route.face === "coactive" ? named : {}) };
  const how = r.weighed({ root: 25, admin: 36, editor: 9, viewer: 9, none: 4, any: 6, other: 5, nobody: 2, unknown: 3, odd: 3 });
  const held = (rank, of = tenant) => {
    const one = world.holder(r, of, rank);
    return one ? present(r, one) : root;
  };
  switch (how) {
    case "root": return root;
    case "other": return held(r.chance(0.7) ? "admin" : "any", r.pick(world.tenants));
    case "nobody": return {};
    case "unknown": {
      const one = world.holder(r, tenant);
      if (!one) return {};
      return r.pick([
        { authorization: `Bearer ‹broken ${one.secrets[0]}›` },
        { authorization: `Bearer ‹client ${one.name}›:‹text ${world.anySecret(r)}›` },
        { authorization: `Bearer nobody-has-this-${r.below(9)}` },
        { authorization: `Basic ‹basic ${one.name} ${world.anySecret(r)}›` },
        { "x-token": `‹text ${one.secrets[0]}›` },
        { authorization: `Token ‹text ${one.secrets[0]}›` },
      ]);
    }
    case "odd": {
      const { name, value } = r.pick(HEADERS.filter((header) => header.name === "authorization"));
      return { [name]: value.replace("ID", `‹id ${tenant.name}›`) };
    }
    case "any": return held("any");
    default: return held(how);
  }
}

function logIn(r, world, route, tenant, valid) {
  const one = world.holder(r, tenant, valid ? undefined : r.pick(["any", "none", undefined]));
  if (!one || (!valid && r.chance(0.3))) return r.pick([{}, ROOT, { authorization: "Basic eDp4" }]);
  const secret = r.pick(one.secrets);
  return valid || r.chance(0.7) ? { authorization: `Basic ‹basic ${one.name} ${secret}›` } : { authorization: `Bearer ‹text ${secret}›` };
}

/** A token to be verified, as a name. */
function subject({ r, world, tenant }) {
  const one = world.holder(r, r.chance(0.85) ? tenant : r.pick(world.tenants), r.chance(0.5) ? undefined : r.pick(["any", "viewer"]));
  return one ? r.pick([...one.secrets, ...one.access]) : "root";
}

// ---------------------------------------------------------------------------------------------------------------------
// Paths

function path({ r, route, tenant, principal, credential, subject, valid }) {
  const names = [];
  if (route.face === "coactive") names.push(`‹client ${credential?.name}›`);
  else if (route.verb === "find") names.push(`‹url ${subject}›`);
  else {
    const spelling = SPELLING[route.face];
    names.push(route.face === "keycard" && tenant.label && r.chance(0.5) ? `‹url label:${tenant.name}›` : `‹${spelling} ${tenant.name}›`);
    const ofPrincipal = route.noun === "principal" || (route.face === "keycard" && route.noun === "credential");
    if (ofPrincipal) names.push(`‹${spelling} ${principal?.name}›`);
    if (route.noun === "credential") names.push(`‹${spelling} ${credential?.name ?? tenant.name}›`);
  }
  if (!valid && names.length && r.chance(0.12)) {
    const last = (route.path.match(/\{\}/g) ?? []).length - 1;
    const id = names[last]?.match(/^‹(?:id|guid|client) ([^›]+)›$/)?.[1];
    const odd = r.pick(PATHS);
    if (id && !odd.startsWith("/")) {
      names[last] = odd.replace("ONE", names[last]).replace("ENCODED", `‹encoded ${id}›`).replace("CAPITALS", `‹capitals ${id}›`);
    } else if (last >= 0) names[last] = r.pick(["x", "%20", "0", "..%2f", "7zzzzzzzzzzzzzzzzzzzzzzzzz"]);
  }
  let at = 0;
  return route.path.replaceAll("{}", () => names[at++]) + (route.face === "litegraph" && r.chance(0.1) ? "/" : "");
}

function about({ route, tenant, principal, credential }) {
  if (["create", "list", "page"].includes(route.verb)) return undefined;
  return { tenant: tenant?.name, principal: principal?.name, credential: credential?.name }[route.noun];
}

// ---------------------------------------------------------------------------------------------------------------------
// Parameters of lists, and switches

function queryOf({ r, world, route, tenant, principal, valid }) {
  const { face, verb, noun } = route;
  const said = [];
  const say = (share, name, ...values) => r.chance(share) && said.push(`${name}=${r.pick(values)}`);
  const followed = () => world.cursors.filter((one) => one.tenant === tenant && one.route === route);
  // Events are numbered by tenant, and differently in both builds, so a position in another history would be another
  // one.
  const others = () => world.cursors.filter((one) => verb !== "history" || one.route.verb !== "history" || (one.tenant === tenant && one.route === route));
  const cursor = r.pick(r.chance(0.9) ? followed() : others());
  if (face === "own" && (verb === "page" || verb === "history")) {
    say(0.6, "limit", 1, 2, 3, 5, 20, 100, ...(valid ? [] : [0, 101, "x", ""]));
    const sorts = ["created", "-created", ...(noun === "credential" ? ["name", "-name"] : [])];
    const sort = cursor?.sort;
    if (cursor && r.chance(0.5)) {
      if (sort) said.push(`sort=${sort}`);
      said.push(`cursor=‹url ${cursor.name}›`);
    } else if (verb === "page") say(0.4, "sort", ...sorts, ...(valid ? [] : ["id", "NAME", ""]));
    if (noun === "credential" && verb === "page") {
      say(0.15, "enabled", "true", "false", ...(valid ? [] : ["yes"]));
      say(0.15, "principal", `‹id ${principal.name}›`, "00000000000000000000000000", ...(valid ? [] : ["x"]));
      say(0.1, "role", "viewer", "admin", "auditor", "nothing");
      if (!sort) say(0.12, "name_prefix", "a", "be", "Delta", "", "%F0%9F%98%80", "unnamed");
      say(0.1, "expires_before", world.timeIn(3_600_000), world.timeIn(0), ...(valid ? [] : ["now"]));
      say(0.1, "unused_since", world.timeIn(-60_000), world.timeIn(60_000));
      say(0.1, "unrotated_since", world.timeIn(-60_000), world.timeIn(60_000));
    }
  } else if (face === "keycard" && verb === "page") {
    say(0.6, "limit", 1, 2, 3, 5, 100, ...(valid ? [] : [0, 101, "x"]));
    if (cursor) say(0.5, r.pick(["after", "before"]), `‹url ${cursor.name}›`);
    say(0.2, "expand", "permissions", "x,permissions", "x");
    say(0.1, "expand[]", "permissions");
  } else if (face === "keycard" && verb === "read") say(0.3, "expand", "permissions", "x");
  else if (face === "litegraph" && (verb === "list" || (verb === "page" && route.method === "GET"))) {
    const orders = ["CreatedAscending", "CreatedDescending", "NameAscending", "NameDescending", "GuidAscending", "GuidDescending", "CostAscending"];
    say(0.4, "order", ...orders, ...(valid ? [] : ["Created", "nameascending"]));
    say(0.2, "skip", 0, 1, 3, 1000, ...(valid ? [] : [1001, -1, "x"]));
    if (verb === "page") say(0.6, r.pick(["max-keys", "maxKeys"]), 1, 2, 5, 1000, ...(valid ? [] : [0, 1001]));
    if (verb === "page" && cursor) say(0.5, "token", `‹text ${cursor.name}›`);
    if (verb === "list" && r.chance(0.3)) {
      const list = { tenant: world.tenants, principal: tenant.principals, credential: tenant.credentials }[noun];
      const ids = Array.from({ length: r.below(4) }, () => r.pick(list)).filter(Boolean).map(({ name }) => `‹guid ${name}›`);
      said.push(`guids=${[...ids, ...(r.chance(0.1) ? ["x"] : [])].join(r.pick([",", "%2C"]))}`);
    }
  } else if (face === "coactive" && verb === "roles") say(0.5, "roles_context", "system", "dataset:a", ...(valid ? [] : ["x"]));
  else if (verb === "delete" && noun === "tenant") {
    if (face === "own") say(0.5, "force", "true", "false", ...(valid ? [] : ["1", ""]));
    else if (r.chance(0.4)) said.push(r.pick(["force", "force=false", "force=true"]));
  } else if (face === "own" && noun === "credential" && (verb === "replace" || verb === "merge")) {
    say(0.25, "dry_run", "true", "true", "true", "false", ...(valid ? [] : ["1", "TRUE"]));
  } else if (!valid) say(0.06, "dry_run", "true");
  if (!valid && r.chance(0.1)) said.push(r.pick(QUERIES));
  return said.join("&");
}

// ---------------------------------------------------------------------------------------------------------------------
// Bodies

/** The body as parts, or none. */
function body(scene) {
  const { r, world, route, valid, subject } = scene;
  if (scene.body !== undefined) return scene.body === null ? undefined : parts(scene.body);
  if (!["POST", "PUT", "PATCH"].includes(route.method)) return undefined;
  if (!valid && r.chance(0.15)) return r.pick(BODIES);
  const { face, verb, noun } = route;
  if (face === "oauth") return oauthBody(scene);
  if (verb === "log in") {
    if (r.chance(0.4)) return undefined;
    return parts(valid ? { grant_type: "client_credentials" } : r.pick([{ grant_type: "password" }, {}, { grant_type: 1 }]));
  }
  if (verb === "page") {
    const said = {};
    if (r.chance(0.6)) said.MaxResults = valid ? 1 + r.below(6) : r.pick([0, 1001, "x", -1, 1.5]);
    if (r.chance(0.3)) said.Skip = valid ? r.below(3) : r.pick([-1, 1001, {}]);
    if (r.chance(0.5)) said.Ordering = r.pick(["CreatedAscending", "NameDescending", "GuidAscending", valid ? "MostConnected" : "x"]);
    const cursor = r.pick(world.cursors.filter((one) => one.tenant === scene.tenant && one.route.face === "litegraph"));
    if (cursor && r.chance(0.4)) said.ContinuationToken = `‹text ${cursor.name}›`;
    return parts(said);
  }
  if (verb === "verify") {
    const said = { token: r.chance(valid ? 0.95 : 0.7) ? `‹text ${subject}›` : r.pick(["x", "", null, 1, "‹text root›", `‹broken ${world.anySecret(r)}›`]) };
    if (r.chance(0.4)) said.role_id = r.pick(["viewer", "admin", "auditor", ...(valid ? [] : ["", 1])]);
    if (r.chance(valid ? 0.2 : 0.4) && (said.role_id || !valid)) said.resource = r.pick(["dataset", "d", "system"]);
    if (r.chance(0.3) && (said.resource || !valid)) said.resource_instance = r.pick(["a", "b"]);
    if (!valid && r.chance(0.3)) said.rol_id = "viewer";
    return parts(said);
  }
  const rules = BODIES_OF[face]?.[`${verb} ${noun}`];
  if (!rules) return r.chance(0.1) ? parts({}) : undefined;
  const said = members(r, world, rules, !scene.invalid && valid && (scene.plain || r.chance(0.85)));
  const shown = !scene.invalid && scene.credential && noun === "credential" && verb === "replace" && face === "own" && r.chance(0.35);
  if (shown && scene.credential.shown && !scene.credential.gone) {
    return [{ shown: scene.credential.name, set: JSON.parse(JSON.stringify(plainOf(said, r))), without: r.chance(0.5) ? ["secrets", "last_used_at"] : [] }];
  }
  const made = parts(said);
  // A meaningless or duplicate member, written into the object.
  if (!valid && r.chance(0.12) && made[0].startsWith("{")) {
    const more = r.pick(MEMBERS);
    const rest = made[0].slice(1) === "}" ? ["}"] : [`,${made[0].slice(1)}`];
    return ["{", ...more, ...rest, ...made.slice(1)];
  }
  return made;
}

/** Some of the members that are plain JSON. */
function plainOf(said, r) {
  const plain = Object.entries(said).filter(([, value]) => value === null || value.constructor?.name !== "Raw");
  return Object.fromEntries(plain.filter(() => r.chance(0.4)));
}

function oauthBody({ r, world, route, subject, valid, headers, tenant }) {
  if (route.verb === "introspect") {
    return [r.pick([`token=‹form ${subject}›`, `token=‹form ${subject}›&token_type_hint=access_token`, ...(valid ? [] : ["", "token=", "token=x", "token=a&token=b"])])];
  }
  const grant = valid ? "grant_type=client_credentials" : r.pick(["grant_type=password", "", "grant_type", "grant_type=client_credentials&grant_type=x"]);
  const one = world.holder(r, tenant);
  if (!one || headers.authorization?.startsWith("Basic") && r.chance(0.6)) return [grant];
  if (valid) delete headers.authorization;
  const secret = r.chance(0.9) ? r.pick(one.secrets) : world.anySecret(r);
  return [`${grant}&client_id=‹client ${one.name}›&client_secret=‹form ${secret}›`];
}

/** Additional headers. */
function decorate(sent, { r, world, route, credential, valid }) {
  const { headers, about: name } = sent;
  const tag = r.pick(["tag", "tag", "tag", "oldtag"]);
  const known = name && world.tagged?.has(name);
  const match = () =>
    known && r.chance(0.8)
      ? r.pick([`‹text ${tag}:${name}›`, `‹text ${tag}:${name}›`, `W/‹text ${tag}:${name}›`, `"a.1", ‹text ${tag}:${name}›`, "*"])
      : r.pick(["*", '"a.1"', "a", r.pick(HEADERS.filter((one) => one.name === "if-match")).value.replace("ID", credential ? `‹id ${credential.name}›` : "x")]);
  if (r.chance(["GET"].includes(route.method) ? 0.05 : 0.2)) headers["if-match"] = match();
  if (r.chance(route.method === "GET" ? 0.2 : 0.03)) headers["if-none-match"] = match();
  if (r.chance(route.face === "own" && route.verb === "create" ? 0.3 : 0.02)) {
    headers["idempotency-key"] = valid ? `key-${r.below(60)}` : r.pick(["", "a b", "k".repeat(255), "k".repeat(256), "é"]);
  }
  if (r.chance(0.15)) headers["x-request-id"] = r.pick(["req-1", "a".repeat(128), "a".repeat(129), "a b", "<x>", "A.b_c-9", "é", '"']);
  if (route.face === "keycard" && r.chance(0.15)) {
    headers["x-client-request-id"] = r.pick(["6f1ed002-ab5a-4fb9-8fd2-0d2b9f1ed002", "x", "6F1ED002-AB5A-4FB9-8FD2-0D2B9F1ED002", ""]);
  }
  if (sent.body && r.chance(valid ? 0.02 : 0.12)) headers["content-type"] = r.pick([...TYPES, "application/merge-patch+json", ""]);
  if (route.face === "litegraph" && headers.authorization?.startsWith("Bearer ") && r.chance(0.1)) {
    headers["x-token"] = headers.authorization.slice("Bearer ".length);
    delete headers.authorization;
  }
  if (r.chance(0.04)) {
    const { name: odd, value } = r.pick(HEADERS);
    headers[odd] ??= value.replace("ID", credential ? `‹id ${credential.name}›` : "x");
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Learning

/** `learn` names values of a response; `after` records what both builds did. */
function effects(sent, { world, route, tenant, principal, credential }) {
  const { face, verb, noun } = route;
  const dry = sent.path.includes("dry_run=true");
  const secretOf = (json) => json?.secret ?? json?.client_secret ?? (json?.BearerToken || undefined) ?? json?.access_token;
  const idOf = (json) => readId(json?.id ?? json?.client_id ?? json?.GUID);
  const made = verb === "create" ? world.next(letter[noun]) : undefined;
  const told = noun === "credential" || verb === "log in" ? world.next(verb === "log in" ? "a" : "s") : undefined;
  const cursorName = verb === "page" || verb === "history" ? world.next("k") : undefined;
  const cursorOf = (json) => json?.next ?? json?.page_info?.end_cursor ?? json?.ContinuationToken;
  return {
    made,
    told,
    learn({ json, status, header, text }) {
      if (!(status >= 200 && status < 300)) return {};
      const values = {};
      if (made && idOf(json)) values[made] = idOf(json);
      if (made && noun === "tenant" && json?.label) values[`label:${made}`] = json.label;
      if (told && secretOf(json)) values[told] = secretOf(json);
      if (cursorName && cursorOf(json)) values[cursorName] = cursorOf(json);
      const name = made ?? sent.about;
      if (name && header("etag") && !dry) values[`tag:${name}`] = header("etag");
      if (face === "own" && noun === "credential" && (verb === "read" || verb === "create") && json) values[`shown:${name}`] = text;
      return values;
    },
    after({ json, learnt, request: { body } }) {
      const has = (name) => learnt.includes(name);
      for (const name of learnt) if (name.startsWith("tag:")) (world.tagged ??= new Set()).add(name.slice("tag:".length));
      if (made && has(made)) {
        // A repeated idempotent request creates nothing new, but another name for the same id is harmless.
        if (noun === "tenant") world.addTenant(made).label = has(`label:${made}`);
        if (noun === "principal") world.addPrincipal(tenant, made);
        if (noun === "credential") {
          const of = face === "keycard" ? principal.name : undefined;
          world.addCredential(tenant, made, { secret: has(told) ? told : undefined, principal: of }).shown = face === "own";
        }
      } else if (told && has(told) && credential && verb !== "log in") {
        if (!credential.secrets.length || face === "own" || body?.some((part) => String(part).includes("BearerToken"))) credential.secrets.push(told);
      }
      if (verb === "log in" && has(told)) {
        const name = [sent.headers.authorization, ...(body ?? [])].join(" ").match(/‹(?:basic|client) (c\d+)/)?.[1];
        world.tenants.flatMap(({ credentials }) => credentials).find((one) => one.name === name)?.access.push(told);
      }
      if (cursorName && has(cursorName)) {
        const sort = sent.path.match(/[?&]sort=([-a-z]+)/)?.[1] ?? (sent.path.includes("name_prefix=") ? "name" : undefined);
        world.cursors.push({ name: cursorName, tenant, route, sort });
        if (world.cursors.length > 60) world.cursors.shift();
      }
      if (verb === "read" && face === "own" && credential) credential.shown ||= noun === "credential" && json;
      if (verb === "delete" && noun === "credential" && credential) credential.gone = true;
      if (verb === "delete" && noun === "principal") world.end(tenant, principal);
      if (verb === "delete all") for (const one of tenant.credentials) if (noun === "tenant" || one.principal === principal.name) one.gone = true;
      if (verb === "delete" && noun === "tenant") world.end(tenant);
    },
  };
}
