//! Statements without a verdict: those that follow a write in its batch, and deferred writes.

use super::text::{fill, of_secret, secrets_listed};

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
            Self::SecretAdd => include_str!("sql/secret_add.sql"),
            Self::SecretEndOthers => include_str!("sql/secret_end_others.sql"),
            Self::SecretRetire => include_str!("sql/secret_retire.sql"),
            Self::SecretFinish => return fill(include_str!("sql/secret_finish.sql"), &[("newest", newest)]),
            Self::SecretCancel => return fill(include_str!("sql/secret_cancel.sql"), &[("newest", newest)]),
            Self::SecretsRead => {
                let listed = secrets_listed("c.tenant", "c.id");
                let blanks = [("secrets", listed.as_str()), ("is_credential", is_credential)];
                return fill(include_str!("sql/secrets_read.sql"), &blanks);
            }
            Self::SecretDeleteEnded => include_str!("sql/secret_delete_ended.sql"),
            Self::SecretEndOwn => include_str!("sql/secret_end_own.sql"),
            Self::IdempotencyForget => include_str!("sql/idempotency_forget.sql"),
            Self::NoteCredential => include_str!("sql/credential_note_use.sql"),
            Self::NoteOwner => include_str!("sql/owner_note_use.sql"),
            Self::NoteSecret => include_str!("sql/secret_note_use.sql"),
            Self::IssuerClaim => include_str!("sql/issuer_claim.sql"),
            Self::IssuerKeep => include_str!("sql/issuer_keep.sql"),
            Self::IssuerRead => include_str!("sql/issuer_kept.sql"),
            Self::IssuersForget => include_str!("sql/issuers_forget.sql"),
            Self::Rekey => include_str!("sql/secret_rekey.sql"),
            Self::Ready => include_str!("sql/ready.sql"),
            Self::Beat => include_str!("sql/beat.sql"),
            Self::Exchange => {
                let text = fill(include_str!("sql/exchange.sql"), &[("issuer", include_str!("sql/issuer_kept.sql"))]);
                return of_secret(&text);
            }
            Self::ExchangeOnce => return of_secret(include_str!("sql/exchange_once.sql")),
            Self::HistorySince => {
                // One more tells that there are more.
                let changes = (CHANGES_MAX + 1).to_string();
                return fill(include_str!("sql/history_since.sql"), &[("changes", &changes)]);
            }
        };
        fill(text, &[("is_credential", is_credential)])
    }
}
