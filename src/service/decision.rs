//! What a decision returns: what there is to render, or the refusal, and what the verdict told of the caller.

use crate::answer::Answer;
use crate::caller::Rank;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::face::{Revealed, View};
use crate::operation::RenderContext;
use crate::refusal::Refusal;
use crate::store::after::After;

/// What the verdict told of the caller, whatever the response is.
#[derive(Default)]
pub(super) struct Known {
    /// The caller's rank.
    pub rank: Option<Rank>,
    /// Since when and until when the caller's secret is being replaced, if it is.
    pub retiring: Option<(Micros, Micros)>,
    /// Writes deferred until after the response.
    pub deferred: Option<After>,
    /// The credential or secret that the caller named: a failed authentication is counted against it.
    pub named: Option<Id>,
}

/// What the database decided.
pub(super) struct Decided<T> {
    pub known: Known,
    pub result: Result<T, Refusal>,
}

/// A decision whose result can be rendered.
pub(super) type Decision = Decided<Box<dyn FnOnce(&RenderContext<'_>) -> Answer>>;

impl<T: 'static> Decided<T> {
    /// Makes another result of this one.
    pub fn and_then<U>(self, next: impl FnOnce(&mut Known, T) -> Result<U, Refusal>) -> Decided<U> {
        let Self { mut known, result } = self;
        let result = result.and_then(|result| next(&mut known, result));
        Decided { known, result }
    }

    /// Lets the result be rendered.
    pub fn rendered(self, render: impl FnOnce(&RenderContext<'_>, &T) -> Answer + 'static) -> Decision {
        let Self { known, result } = self;
        let rendering = |result| -> Box<dyn FnOnce(&RenderContext<'_>) -> Answer> {
            Box::new(move |context| render(context, &result))
        };
        Decided { known, result: result.map(rendering) }
    }
}

impl Decided<Revealed> {
    /// Lets the credential be rendered, with its entity tag.
    pub fn revealed(self, by: Option<&'static View<Revealed>>) -> Result<Decision, Refusal> {
        let render = view(by)?.one;
        Ok(self.rendered(move |context, revealed| render(context, revealed).with("etag", revealed.credential.etag())))
    }
}

impl<T> From<Result<T, Refusal>> for Decided<T> {
    /// What needed no verdict.
    fn from(result: Result<T, Refusal>) -> Self {
        Self { known: Known::default(), result }
    }
}

/// A face's view, which it has of each noun of its routes (`src/route.rs`).
pub(super) fn view<T>(view: Option<&'static View<T>>) -> Result<&'static View<T>, Refusal> {
    view.ok_or_else(|| Refusal::Broken("a face without the view of its route".to_owned()))
}
