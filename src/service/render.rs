//! The third step: renders a result as the face, or the route, says.

use super::context::RequestContext;
use super::decision::Decided;
use crate::answer::Answer;
use crate::caller::Rank;
use crate::face::{Revealed, View};
use crate::operation::RenderContext;
use crate::refusal::Refusal;

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
        let Self { request, settings, route, required_right, service, .. } = self;
        let issuer = settings.issuer.as_deref().unwrap_or(request.origin);
        let (began, ended) = (service.now, (service.clock)());
        RenderContext { request, issuer, operation: route.operation, rank, required_right, began, ended }
    }

    /// Renders a credential, with its entity tag.
    pub(super) fn revealed(&self, decided: Decided<Revealed>) -> Result<Decided<Answer>, Refusal> {
        let render = view(self.face.credentials)?.one;
        Ok(self
            .rendered(decided, |context, revealed| render(context, revealed).with("etag", revealed.credential.etag())))
    }
}
