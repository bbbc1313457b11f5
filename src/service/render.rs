//! The third step: renders a result by the face's view or the route's renderer.

use super::context::RequestContext;
use super::decision::Decided;
use crate::answer::Answer;
use crate::caller::Rank;
use crate::credential::id::Id;
use crate::face::{Revealed, View};
use crate::operation::RenderContext;
use crate::refusal::Refusal;

/// Returns a face's view. A face has one for each noun of its routes (`src/route.rs`), so an error is a bug.
pub(super) fn view<T>(view: Option<&'static View<T>>) -> Result<&'static View<T>, Refusal> {
    view.ok_or_else(|| Refusal::Broken("a face without the view of its route".to_owned()))
}

impl<D, R> RequestContext<'_, D, R> {
    /// Renders a result; a refusal stays as it is.
    pub(super) fn rendered<T>(
        &self,
        Decided { known, result }: Decided<T>,
        render: impl FnOnce(&RenderContext<'_>, &T) -> Answer,
    ) -> Decided<Answer> {
        let result = result.map(|result| render(&self.render_context(known.rank), &result));
        Decided { known, result }
    }

    fn render_context(&self, rank: Option<Rank>) -> RenderContext<'_> {
        let Self { request, settings, route, required_right, service, .. } = self;
        let issuer = settings.issuer.as_deref().unwrap_or(request.origin);
        let (began, ended) = (service.now, (service.clock)());
        RenderContext {
            request,
            issuer,
            operation: route.operation,
            is_own: route.is_own(),
            rank,
            required_right,
            began,
            ended,
        }
    }

    /// Adds `Location` to the response to a creation (RFC 9110 §15.3.2): on every face, what is created is below the path of the
    /// request.
    pub(super) fn located(&self, id: Option<Id>, mut rendered: Decided<Answer>) -> Decided<Answer> {
        if let (Some(id), Ok(answer)) = (id, &mut rendered.result)
            && answer.status == 201
        {
            let location = format!("{}/{}", self.request.path, self.face.dialect.spell_id(id));
            answer.headers.push(("location", location));
        }
        rendered
    }

    /// Renders a credential, with its entity tag.
    pub(super) fn revealed(&self, decided: Decided<Revealed>) -> Result<Decided<Answer>, Refusal> {
        let render = view(self.face.credentials)?.one;
        let id = decided.result.as_ref().ok().map(|revealed| revealed.credential.id);
        let rendered = self
            .rendered(decided, |context, revealed| render(context, revealed).with("etag", revealed.credential.etag()));
        Ok(self.located(id, rendered))
    }
}
