// The console: signing in, the navigation, and the page that the fragment of the URL names.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { signIn } from "./api.js";
import { Create } from "./create.jsx";
import { Credential } from "./credential.jsx";
import { Edit } from "./edit.jsx";
import { History } from "./history.jsx";
import { Credentials } from "./list.jsx";
import { Overview } from "./overview.jsx";
import { Heading, Problem, Session, Text, Time, useAction } from "./parts.jsx";
import { Principals } from "./principals.jsx";
import { link, route, useHash } from "./router.js";

const PAGES = {
  overview: Overview,
  credentials: Credentials,
  create: Create,
  credential: Credential,
  edit: Edit,
  history: ({ id }) => <History of={`/credentials/${id}`} title="History of a credential" back={`/credentials/${id}`} />,
  principals: Principals,
  principalHistory: ({ id }) => <History of={`/principals/${id}`} title="History of a principal" back="/principals" />,
  tenantHistory: () => <History of="" title="History of the tenant" />,
  missing: () => (
    <>
      <Heading title="Page not found" />
      <p>
        <a href={link("/")}>Overview</a>
      </p>
    </>
  ),
};

function SignIn({ enter, ended }) {
  const { run, busy, problem } = useAction();
  const submit = (event) => {
    event.preventDefault();
    const field = event.target.elements.token;
    const token = field.value.trim();
    field.value = "";
    run(() => enter(token));
  };
  return (
    <main class="narrow">
      <Heading title="Sign in" />
      <Problem problem={problem ?? ended} />
      <form onSubmit={submit}>
        <div class="field">
          <label for="token">Token</label>
          <input id="token" name="token" type="password" autocomplete="off" spellcheck={false} required aria-describedby="token-hint" />
          <p id="token-hint" class="hint">
            The secret of a credential with access read, edit or admin, or an access token. It is kept in the memory of this page
            only: after a reload, sign in again. The root token is refused.
          </p>
        </div>
        <button class="primary" disabled={busy}>
          Sign in
        </button>
      </form>
    </main>
  );
}

const NAVIGATION = [
  ["Overview", "/", ["overview"]],
  ["Credentials", "/credentials", ["credentials", "create", "credential", "edit", "history"]],
  ["Principals", "/principals", ["principals", "principalHistory"]],
  ["History", "/history", ["tenantHistory"]],
];

function Frame({ session, signOut }) {
  const hash = useHash();
  const { page, id, query } = route(hash);
  const Page = PAGES[page];
  return (
    <Session.Provider value={session}>
      <header>
        <nav aria-label="Pages">
          {NAVIGATION.map(([text, path, pages]) => (
            <a href={link(path)} aria-current={pages.includes(page) ? "page" : undefined}>
              {text}
            </a>
          ))}
        </nav>
        <p class="who">
          <span>
            <Text>{session.self.name}</Text> <span class="soft">access {session.self.access}</span>
          </span>
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        </p>
      </header>
      <main>
        {session.retiring && (
          <p class="notice warns">
            The secret that you signed in with is being replaced. It is valid until <Time>{new Date(session.retiring).toISOString()}</Time>.
          </p>
        )}
        {/* With the key, nothing of one view, such as a secret, is left in the next. */}
        <Page key={hash} id={id} query={query} />
      </main>
    </Session.Provider>
  );
}

function Console() {
  const [{ session, ended }, setState] = useState({});
  const signOut = () => setState({});
  // Otherwise the token would stay in the page that the browser keeps for its "back" button.
  useEffect(() => addEventListener("pagehide", signOut), []);
  if (session) return <Frame session={session} signOut={signOut} />;
  const enter = async (token) => setState({ session: await signIn(token, (problem) => setState({ ended: problem })) });
  return <SignIn enter={enter} ended={ended} />;
}

const place = document.getElementById("console");
place.replaceChildren();
render(<Console />, place);
