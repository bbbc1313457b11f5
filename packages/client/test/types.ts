// Compiled, not run: what the types accept and reject, with the types of a browser or Node (tsconfig.json).
import { Hono } from "hono";
import { type PosternError, createClient } from "@postern/client";
import { verifyCredential } from "@postern/client/hono";
import { type Refusal, createVerifier } from "@postern/client/middleware";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

const client = createClient({ url: "https://postern.example", token: async () => "secret" });

const created = await client.create_credential({ tenant: "t", body: { name: "one", roles: null } });
holds<Equal<typeof created.status, 201>>();
holds<Equal<typeof created.data.revision, number>>();
const etag: string | null = created.headers.get("ETag");

await client.rotate_self({ body: { grace_seconds: 300 } });
await client.rotate_self({ body: { grace_seconds: 300 }, "Idempotency-Key": "mine" }, { signal: AbortSignal.timeout(1) });
await client.list_credentials({ tenant: "t", enabled: true, sort: "-created" });
await client.get_self();
await client.authorize({ "Postern-Verifier": "v", all: ["viewer"] });
const deleted = await client.delete_credential({ tenant: "t", credential: "c", "If-Match": etag ?? "*" });
holds<Equal<typeof deleted.data, undefined>>();

// A read may be not modified only if it has a precondition.
const read = await client.get_credential({ tenant: "t", credential: "c" });
holds<Equal<typeof read.status, 200>>();
const conditional = await client.get_credential({ tenant: "t", credential: "c", "If-None-Match": '"c.1"' });
holds<Equal<typeof conditional.status, 200 | 304>>();
if (conditional.status === 200) holds<Equal<typeof conditional.data.name, string>>();

// @ts-expect-error: the roles are required: null is full access
await client.create_credential({ tenant: "t", body: { name: "one" } });
// @ts-expect-error: no such member
await client.create_credential({ tenant: "t", body: { name: "one", roles: null, role: "viewer" } });
// @ts-expect-error: the id of the credential is missing
await client.get_credential({ tenant: "t" });
// @ts-expect-error: no such parameter
await client.get_credential({ tenant: "t", credential: "c", expand: true });
// @ts-expect-error: an update needs a body
await client.update_credential({ tenant: "t", credential: "c" });
// @ts-expect-error: the parameters are missing
await client.list_events();
// @ts-expect-error: no such operation
await client.list_secrets();
// @ts-expect-error: no such order
await client.list_tenants({ sort: "name" });

declare const error: PosternError;
holds<Equal<typeof error.status, number>>();
holds<Equal<typeof error.code, string | undefined>>();
for (const { code, detail, pointer } of error.violations) holds<Equal<typeof code | typeof detail | typeof pointer, string | undefined>>();

const verify = createVerifier({ url: "https://postern.example", token: "secret" });
const identity = await verify(new Request("https://api.example/"), { needs: null });
holds<Equal<typeof identity.tenant, string>>();
holds<Equal<typeof identity.expires_at, string | null>>();
declare const refusal: Refusal;
holds<Equal<ReturnType<typeof refusal.response>, Response>>();
// @ts-expect-error: needs are required: null accepts every valid token
await verify(new Request("https://api.example/"), {});

const app = new Hono();
const viewer = verifyCredential({ needs: { all: [{ role_id: "viewer" }] }, maxStalenessSeconds: 10 });
app.get("/reports", viewer, (c) => c.text(c.get("identity").principal));
// @ts-expect-error: a role has no such member
verifyCredential({ needs: { any: [{ role: "viewer" }] } });
// @ts-expect-error: needs are required
verifyCredential({ maxStalenessSeconds: 10 });
