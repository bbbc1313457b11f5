//! Statements without a verdict: those that follow a write in its batch, and deferred writes.

use super::text::{fill, of_secret, secrets_listed, sql};

/// The maximum number of changes of a tenant that `HistorySince` reports.
pub(super) const CHANGES_MAX: usize = 256;

/// A statement that follows a write in the same batch and finds rows by its stamp, or that needs no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plain {
    SecretAdd,
    SecretEndOthers,
    SecretRetire,
    SecretFinish,
    SecretCancel,
    SecretsRead,
    SecretDeleteEnded,
    SecretEndOwn,
    IdempotencyForget,
    NoteCredential,
    NoteSecret,
    NoteOwner,
    Rekey,
    Ready,
    HistorySince,
    Beat,
    Exchange,
    ExchangeOnce,
    IssuerClaim,
    IssuerKeep,
    IssuerRead,
    IssuersForget,
}

impl Plain {
    /// Returns the text with comments: one statement on rows with the stamp of the batch, such as
    ///
    /// ```sql
    /// INSERT INTO secrets (…) SELECT … FROM credentials AS c … WHERE … AND c.change = {stamp} AND … -- SecretAdd
    /// UPDATE secrets SET ending = …, … FROM … AS c WHERE … AND c.change = {stamp} AND …             -- SecretRetire
    /// DELETE FROM secrets WHERE ending AND change = {stamp} AND (tenant, credential) = (…) -- SecretDeleteEnded
    /// ```
    ///
    /// `IdempotencyForget` and `IssuersForget` go by age; `NoteCredential`, `NoteSecret` and `Rekey` go by the ids of secrets, `NoteOwner` by those of credentials; `Ready` reads the
    /// version of the schema; `HistorySince` reads events; `Beat` writes the
    /// heartbeat; `Exchange` and `ExchangeOnce` go by the id of a credential, `IssuerClaim`, `IssuerKeep` and `IssuerRead` by an issuer.
    ///
    /// `is_credential` is the condition on the id of the credential whose secrets they change.
    pub(super) fn assemble(self, is_credential: &str) -> String {
        let newest = "(SELECT s.id FROM secrets AS s WHERE s.tenant = credentials.tenant AND s.credential = credentials.id \
            ORDER BY s.created_at DESC, s.id DESC LIMIT 1)";
        let text = match self {
            Self::SecretAdd => sql!("secret_add"),
            Self::SecretEndOthers => sql!("secret_end_others"),
            Self::SecretRetire => sql!("secret_retire"),
            Self::SecretFinish => return fill(sql!("secret_finish"), &[("newest", newest)]),
            Self::SecretCancel => return fill(sql!("secret_cancel"), &[("newest", newest)]),
            Self::SecretsRead => {
                let listed = secrets_listed("c.tenant", "c.id");
                let blanks = [("secrets", listed.as_str()), ("is_credential", is_credential)];
                return fill(sql!("secrets_read"), &blanks);
            }
            Self::SecretDeleteEnded => sql!("secret_delete_ended"),
            Self::SecretEndOwn => sql!("secret_end_own"),
            Self::IdempotencyForget => sql!("idempotency_forget"),
            Self::NoteCredential => sql!("credential_note_use"),
            Self::NoteOwner => sql!("owner_note_use"),
            Self::NoteSecret => sql!("secret_note_use"),
            Self::IssuerClaim => sql!("issuer_claim"),
            Self::IssuerKeep => sql!("issuer_keep"),
            Self::IssuerRead => sql!("issuer_kept"),
            Self::IssuersForget => sql!("issuers_forget"),
            Self::Rekey => sql!("secret_rekey"),
            Self::Ready => sql!("ready"),
            Self::Beat => sql!("beat"),
            Self::Exchange => {
                let text = fill(sql!("exchange"), &[("issuer", sql!("issuer_kept"))]);
                return of_secret(&text);
            }
            Self::ExchangeOnce => return of_secret(sql!("exchange_once")),
            Self::HistorySince => {
                // One more tells that there are more.
                let changes = (CHANGES_MAX + 1).to_string();
                return fill(sql!("history_since"), &[("changes", &changes)]);
            }
        };
        fill(text, &[("is_credential", is_credential)])
    }
}
