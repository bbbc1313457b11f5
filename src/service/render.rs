//! The third step: renders a result as the face, or the route, says.

use super::context::RequestContext;
use super::decision::Decided;
use crate::answer::Answer;
use crate::face::{Revealed, View};
use crate::operation::RenderContext;
use crate::refusal::Refusal;
use crate::route::required_right;

/// A face's view, which it has of each noun of its routes (`src/route.rs`).
pub(super) fn view<T>(view: Option<&'static View<T>>) -> Result<&'static View<T>, Refusal> {
    view.ok_or_else(|| Refusal::Broken("a face without the view of its route".to_owned()))
}

impl<D, R> RequestContext<'_, D, R> {
    pub(super) fn rendered<T>(
        &self,
        decided: Decided<T>,
        render: impl FnOnce(&RenderContext<'_>, &T) -> Answer,
    ) -> Decided<Answer> {
        decided.and_then(|known, result| {
            let context = RenderContext {
                request: self.request,
                operation: self.route.operation,
                rank: known.rank,
                required_right: &|operation| required_right(self.face, operation),
                began: self.now,
                ended: (self.clock)(),
            };
            Ok(render(&context, &result))
        })
    }

    /// Renders a credential, with its entity tag.
    pub(super) fn revealed(&self, decided: Decided<Revealed>) -> Result<Decided<Answer>, Refusal> {
        let render = view(self.face.credentials)?.one;
        Ok(self
            .rendered(decided, |context, revealed| render(context, revealed).with("etag", revealed.credential.etag())))
    }
}
