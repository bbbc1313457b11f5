/**
 * Runs tests one after the other, and prints what cargo's tests print, so that scripts/test counts them. Returns whether all passed.
 *
 * @param {string} file the name in the summary
 * @param {Record<string, () => unknown>} tests by title
 */
export async function run(file, tests) {
  console.log(`\n     Running ${file}\n\nrunning ${Object.keys(tests).length} tests`);
  let failed = 0;
  for (const [title, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`test ${title} ... ok`);
    } catch (error) {
      failed += 1;
      console.log(`test ${title} ... FAILED\n${error.stack}`);
    }
  }
  const passed = Object.keys(tests).length - failed;
  console.log(`\ntest result: ${failed ? "FAILED" : "ok"}. ${passed} passed; ${failed} failed; 0 ignored`);
  return failed === 0;
}
