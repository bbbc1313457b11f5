//! The third step: renders a result as the face, or the route, says.

use super::context::RequestContext;
use super::decision::Decided;
use crate::answer::Answer;
use crate::caller::Rank;
use crate::credential::field::Noun;
use crate::credential::id::Id;
use crate::face::{Revealed, View};
use crate::operation::{Operation, RenderContext};
use crate::refusal::Refusal;
use crate::route::route_for;

/// A face's view, which it has of each noun of its routes (`src/route.rs`).
pub(super) fn view<T>(view: Option<&'static View<T>>) -> Result<&'static View<T>, Refusal> {
    view.ok_or_else(|| Refusal::Broken("a face without the view of its route".to_owned()))
}

impl<D, R> RequestContext<'_, D, R> {
    pub(super) fn rendered<T>(
        &self,
        Decided { known, result }: Decided<T>,
        render: impl FnOnce(&RenderContext<'_>, &T) -> Answer,
    ) -> Decided<Answer> {
        let result = result.map(|result| render(&self.render_context(known.rank), &result));
        Decided { known, result }
    }

    fn render_context(&self, rank: Option<Rank>) -> RenderContext<'_> {
        let Self { request, route, required_right, service, .. } = self;
        let (began, ended) = (service.now, (service.clock)());
        RenderContext { request, operation: route.operation, rank, required_right, began, ended }
    }

    /// Adds `Location` to the response to a creation (RFC 9110 §15.3.2): the path where the face reads what was created.
    pub(super) fn located(&self, noun: Noun, id: Id, answer: Answer) -> Answer {
        let Some(route) = route_for(self.face, Operation::Read(noun)).filter(|_| answer.status == 201) else {
            return answer;
        };
        let named = |name| self.segments.iter().find(|(segment, _)| *segment == name).map(|(_, text)| text.clone());
        let spelled = || self.face.dialect.spell_id(id);
        let url = route.url(|name| if name == noun.name() { spelled() } else { named(name).unwrap_or_default() });
        answer.with("location", url)
    }

    /// Renders a credential, with its entity tag.
    pub(super) fn revealed(&self, decided: Decided<Revealed>) -> Result<Decided<Answer>, Refusal> {
        let render = view(self.face.credentials)?.one;
        Ok(self.rendered(decided, |context, revealed| {
            let answer = render(context, revealed).with("etag", revealed.credential.etag());
            self.located(Noun::Credential, revealed.credential.id, answer)
        }))
    }
}
