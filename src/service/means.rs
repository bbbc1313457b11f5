//! Keys and trusts of a credential: adding, removing, listing.

use serde_json::{Map, Value};

use super::context::RequestContext;
use super::decide::NO_INPUT;
use super::decision::Decided;
use super::read::ParsedRequest;
use crate::answer::Answer;
use crate::credential::means::{Means, id};
use crate::jwt::jws::{Jws, Rejection};
use crate::jwt::trust::{Comparison, Trust};
use crate::operation::{MeansRow, NewMeans, ReadMeans, Render, Sample};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::command::{Act, Command, Key, MeansChange, Target};
use crate::store::idempotency::Made;
use crate::store::{Database, credential};

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    pub(super) async fn add_means(
        &self,
        means: Means,
        (read, render): (ReadMeans, Render<MeansRow>),
    ) -> Result<Decided<Answer>, Refusal> {
        let read = |request: &Request<'_>| read(request, self.settings);
        let ParsedRequest { input: NewMeans { mut members, sample, violations }, mut command } =
            self.read(read, (Target::Credential, Act::Change))?;
        let id = id(&members);
        let dry = self.route.dry_run.filter(|_| self.is_set("dry_run"));
        let sample = match sample.filter(|_| dry.is_some()) {
            Some(token) => Some(self.compare(&members, &token).await),
            None => None,
        };
        members.insert("created_at".to_owned(), self.now.0.into());
        command.invalid = !violations.is_empty();
        set(&mut command, means, id.to_string(), Some(members));
        if let Some(render) = dry {
            command.dry = true;
            let decided = self.judged(&command, credential::dry_run(&self.store, &command, violations).await?);
            return Ok(self.rendered(decided, |context, dry| render(context, dry, sample.as_ref())));
        }
        let outcome = credential::update(&self.store, &command, violations).await?;
        let decided = self.judged(&command, outcome).and_then(|_, Made { made, .. }| {
            let missing = || Refusal::Broken("a key or trust that was not stored".to_owned());
            let members = made.state.means(means).get(&id).cloned().ok_or_else(missing)?;
            Ok((MeansRow { id, members }, made.etag()))
        });
        let rendered = self.rendered(decided, |context, (row, etag)| render(context, row).with("etag", etag.clone()));
        Ok(self.located(Some(id), rendered))
    }

    /// Compares a token with a trust that has these members, as an exchange of it as a grant would.
    async fn compare(&self, members: &Map<String, Value>, token: &str) -> Sample {
        let (trust, service) = (Trust(members), self.settings.issuer.as_deref());
        match Jws::parse(token) {
            Ok(jws) => Sample {
                comparison: trust.compare(&jws, self.now, service),
                is_signed: trust.has_signed(&jws, self.signatures).await,
            },
            Err(Rejection { problem }) => {
                let comparison = Comparison { problem: Some(problem), ..Comparison::default() };
                Sample { comparison, is_signed: None }
            }
        }
    }

    pub(super) async fn remove_means(&self, means: Means) -> Result<Decided<Answer>, Refusal> {
        let ParsedRequest { mut command, .. } = self.read(NO_INPUT, (Target::Credential, Act::Change))?;
        let id = command.member.take().and_then(|Key(id)| id);
        // No means has the id `-`.
        set(&mut command, means, id.map_or_else(|| "-".to_owned(), |id| id.to_string()), None);
        let outcome = credential::update(&self.store, &command, Vec::new()).await?;
        let (status, body) = self.face.deleted;
        Ok(self.rendered(self.judged(&command, outcome), move |_, _| Answer::new(status, body.to_owned())))
    }

    pub(super) async fn list_means(
        &self,
        means: Means,
        render: Render<Vec<MeansRow>>,
    ) -> Result<Decided<Answer>, Refusal> {
        let ParsedRequest { command, .. } = self.read(NO_INPUT, (Target::Credential, Act::Read))?;
        let outcome = credential::find(&self.store, &command).await?;
        let decided = self.judged(&command, outcome).and_then(|_, found| {
            let row = |(id, members): (&_, &Map<_, _>)| MeansRow { id: *id, members: members.clone() };
            Ok(found.state.means(means).iter().map(row).collect())
        });
        Ok(self.rendered(decided, render))
    }
}

/// Makes the command add the means with this id, or remove it if it has no members.
fn set(command: &mut Command, means: Means, id: String, members: Option<Map<String, Value>>) {
    command.means = Some(MeansChange::new(means, &id, members.is_some()));
    let mut one = Map::new();
    one.insert(id, members.into());
    command.set.insert(means.member().to_owned(), one.into());
}
