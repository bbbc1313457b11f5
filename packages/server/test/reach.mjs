// node --import reach.mjs …: requests to the address of the Worker in the stand-in of an account reach it (POSTERN_TEST_WORKER).
const { fetch } = globalThis;
const ADDRESS = "https://postern.example.workers.dev";
globalThis.fetch = (input, init) => fetch(String(input).replace(ADDRESS, process.env.POSTERN_TEST_WORKER), init);
