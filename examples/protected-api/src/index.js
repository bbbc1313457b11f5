import { Hono } from "hono";
import { verifyCredential } from "@postern/client/hono";

// A token may be read with for up to ten seconds after its revocation; deletions ask Postern each time.
const reader = verifyCredential({ needs: { any: [{ role_id: "viewer" }, { role_id: "editor" }] }, maxStalenessSeconds: 10 });
const editor = verifyCredential({ needs: { all: [{ role_id: "editor" }] }, maxStalenessSeconds: 0 });

const app = new Hono();
app.get("/", (c) => c.text("GET /reports/1 needs the role viewer or editor, DELETE /reports/1 the role editor.\n"));
app.get("/reports/:id", reader, (c) => c.json({ report: c.req.param("id"), reader: c.get("identity").name }));
app.delete("/reports/:id", editor, (c) => c.body(null, 204));
export default app;
