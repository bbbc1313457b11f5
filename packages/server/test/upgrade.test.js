// An upgrade of a local database and the way back. `node packages/server/test/upgrade.mjs` does this with any two packages.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { changed, newer, older, pack, workFolder } from "./package.mjs";
import { upgradeLocally } from "./upgrade.mjs";

let work;
before(() => (work = workFolder()));
after(() => rmSync(work, { recursive: true, force: true }));

test("an upgrade with a migration and the way back lose no credential, and refuse requests only during the restart", async () => {
  const tarball = await pack(work);
  const [old, next] = [await changed(tarball, older), await changed(tarball, newer)];
  const { sent, answers, milliseconds_of_restarts } = await upgradeLocally(`${work}/local`, old, next);
  assert.ok(sent > 0 && answers > 0);
  assert.equal(milliseconds_of_restarts.length, 3);
});
