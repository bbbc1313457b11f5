// Compiled, not run: a service binding and Hono's context, with the types of Cloudflare Workers (tsconfig.worker.json).
import { Hono } from "hono";
import { createClient } from "@postern/client";
import { verifyCredential } from "@postern/client/hono";
import { createVerifier } from "@postern/client/middleware";

interface Env {
  POSTERN: Fetcher;
  POSTERN_TOKEN: string;
}

const app = new Hono<{ Bindings: Env }>();
app.get("/reports", verifyCredential({ needs: null }), (c) => c.text(c.get("identity").principal));
app.get("/self", verifyCredential({ needs: null, connect: (env: Env) => ({ service: env.POSTERN, token: env.POSTERN_TOKEN }) }));

export default {
  async fetch(request, env) {
    const verify = createVerifier({ service: env.POSTERN, token: env.POSTERN_TOKEN });
    const { tenant } = await verify(request, { needs: { any: [{ role_id: "viewer" }] }, maxStalenessSeconds: 10 });
    const { data } = await createClient({ service: env.POSTERN, token: env.POSTERN_TOKEN }).get_tenant({ tenant });
    return Response.json(data.name);
  },
} satisfies ExportedHandler<Env>;
