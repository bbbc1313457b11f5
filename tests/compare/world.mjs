// The generator's knowledge: resources by the names that requests use (side.mjs), the same for both builds.

export class World {
  clock;
  /** {name, label, principals, credentials, gone} */
  tenants = [];
  /** Cursors that lists returned: {name, kind, tenant}. */
  cursors = [];
  /** Requests with an Idempotency-Key, to be repeated. */
  keyed = [];
  #made = { t: 0, p: 0, c: 0, s: 0, a: 0, k: 0 };
  /** The tenant that the next request is about. */
  focus;

  constructor(clock) {
    this.clock = clock;
    this.zero = this.#tenant("t0");
    this.zero.label = true;
  }

  next(kind) {
    return `${kind}${++this.#made[kind]}`;
  }

  #tenant(name) {
    // Each is created with a default principal.
    const tenant = { name, principals: [{ name: "p0" }], credentials: [] };
    this.tenants.push(tenant);
    return tenant;
  }

  addTenant(name) {
    return this.#tenant(name);
  }

  addPrincipal(tenant, name) {
    const principal = { name };
    tenant.principals.push(principal);
    return principal;
  }

  /** `rank`: the rights, as far as the generator knows. */
  addCredential(tenant, name, { secret, rank = "any", principal } = {}) {
    const credential = { name, tenant, principal, rank, secrets: secret ? [secret] : [], access: [] };
    tenant.credentials.push(credential);
    return credential;
  }

  timeIn(milliseconds) {
    return new Date(this.clock + milliseconds).toISOString().replace("Z", "000Z");
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Choices. Deleted resources are chosen now and then.

  #live(r, list) {
    const live = list.filter(({ gone }) => !gone);
    return r.pick(live.length && r.chance(0.95) ? live : list);
  }

  tenant(r) {
    return r.chance(0.4) ? this.zero : this.#live(r, this.tenants);
  }

  principal(r, tenant) {
    return this.#live(r, tenant.principals) ?? { name: "p0" };
  }

  credential(r, tenant, which = () => true) {
    const fitting = tenant.credentials.filter((one) => !one.gone && which(one));
    // The newest ones are in the most states; callers are mostly left alone.
    const others = fitting.filter(({ rank }) => rank === "any");
    const list = others.length && r.chance(0.93) ? others : fitting;
    if (list.length) return r.chance(0.6) ? r.pick(list.slice(-8)) : r.pick(list);
    return r.pick(tenant.credentials) ?? r.pick(this.zero.credentials);
  }

  /** A principal of that tenant. */
  principalFor(r) {
    return r.chance(0.5) ? "p0" : this.principal(r, this.focus ?? this.zero).name;
  }

  anyPrincipal(r) {
    return this.principal(r, r.pick(this.tenants)).name;
  }

  /** The id of an existing tenant, or of an existing principal or credential of that tenant. */
  takenId(r, noun) {
    const { principals, credentials } = this.focus ?? this.zero;
    const list = { tenant: this.tenants, principal: principals, credential: credentials }[noun].filter(({ gone }) => !gone);
    return r.pick(list)?.name ?? this.zero.name;
  }

  anySecret(r) {
    return r.pick(this.tenants.flatMap(({ credentials }) => credentials.flatMap(({ secrets }) => secrets))) ?? "root";
  }

  /** A credential of that tenant whose secret is known. */
  holder(r, tenant, rank) {
    const fitting = tenant.credentials.filter((one) => one.secrets.length && (rank === undefined || one.rank === rank));
    const live = fitting.filter(({ gone }) => !gone);
    return r.pick(live.length && rank !== "any" ? live : fitting);
  }

  /** The names of everything deleted with its tenant or principal. */
  end(tenant, principal) {
    for (const one of tenant.credentials) if (!principal || one.principal === principal.name) one.gone = true;
    if (principal) principal.gone = true;
    else {
      for (const one of tenant.principals) one.gone = true;
      tenant.gone = true;
    }
  }
}
