// Texts for times and rules about credentials, without elements.

export const DAY = 86_400_000;
const UNITS = [
  ["year", 365 * DAY],
  ["month", 30 * DAY],
  ["day", DAY],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const words = new Intl.RelativeTimeFormat("en", { numeric: "always" });

/** A time as text, in UTC, to the minute. */
export const utc = (time) => `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** How long before or after now a time is. */
export function fromNow(time) {
  const distance = Date.parse(time) - Date.now();
  const [unit, length] = UNITS.find(([, length]) => Math.abs(distance) >= length) ?? [];
  return unit ? words.format(Math.trunc(distance / length), unit) : "now";
}

export const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

export const isExpired = ({ expires_at }) => expires_at !== null && Date.parse(expires_at) <= Date.now();

/** Whether clients can use the credential, as far as the credential itself decides. */
export const isUsable = (credential) => credential.enabled && credential.revoked_at === null && !isExpired(credential);

/** The secret that a rotation is replacing, or null. */
export const retiringSecret = ({ secrets }) => (secrets.length > 1 ? secrets[0] : null);

/** Whether the secret that a rotation is replacing was used since. A use is recorded at most once a minute, so a use shortly before the
 * rotation counts too. */
export function isRetiringInUse(credential) {
  const retiring = retiringSecret(credential);
  if (!retiring?.last_used_at) return false;
  return Date.parse(retiring.last_used_at) > Date.parse(credential.secrets.at(-1).created_at) - 60_000;
}

/** Whether every secret is as old as the credential. */
export const isNeverRotated = (credential) => credential.secrets.every((secret) => secret.created_at === credential.created_at);

export const isUnusedSince = ({ last_used_at }, time) => last_used_at === null || Date.parse(last_used_at) < time;
