// The list of principals.
import { Pages } from "./list.jsx";
import { Heading, Text, Time } from "./parts.jsx";
import { link } from "./router.js";

export function Principals() {
  return (
    <>
      <Heading title="Principals" />
      <Pages path="/principals">
        {(items) => (
          <ul class="rows">
            {items.map((principal) => (
              <li key={principal.id}>
                <p class="first">
                  <strong>
                    <Text>{principal.name}</Text>
                  </strong>{" "}
                  {!principal.enabled && <span class="state bad">disabled</span>}
                </p>
                {principal.description && (
                  <p>
                    <Text>{principal.description}</Text>
                  </p>
                )}
                <p class="soft">
                  <code>{principal.id}</code>, created <Time>{principal.created_at}</Time>
                </p>
                <p class="buttons">
                  <a href={link("/credentials", { principal: principal.id })}>Credentials</a>
                  <a href={link(`/principals/${principal.id}/history`)}>History</a>
                </p>
              </li>
            ))}
          </ul>
        )}
      </Pages>
    </>
  );
}
