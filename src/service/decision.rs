//! What a decision returns: what there is to render, or the refusal, and what the verdict told of the caller.

use crate::answer::Answer;
use crate::caller::Rank;
use crate::credential::id::Id;
use crate::credential::time::Micros;
use crate::face::{Face, Revealed, View};
use crate::operation::RenderContext;
use crate::refusal::Refusal;
use crate::store::after::After;
use crate::store::principal::Principal;
use crate::store::tenant::Tenant;

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
pub(super) type Decision = Decided<Rendering>;

/// Renders a result.
pub(super) type Rendering = Box<dyn FnOnce(&RenderContext<'_>) -> Answer>;

impl<T: 'static> Decided<T> {
    /// Makes another result of this one.
    pub fn and_then<U>(self, next: impl FnOnce(&mut Known, T) -> Result<U, Refusal>) -> Decided<U> {
        let Self { mut known, result } = self;
        let result = result.and_then(|result| next(&mut known, result));
        Decided { known, result }
    }

    /// Lets the result be rendered.
    pub fn rendered(self, render: fn(&RenderContext<'_>, &T) -> Answer) -> Decision {
        self.and_then(
            |_, result| Ok(Box::new(move |context: &RenderContext<'_>| render(context, &result)) as Rendering),
        )
    }
}

impl Decided<Revealed> {
    /// Lets the credential be rendered, with its entity tag.
    pub fn revealed(self, face: &'static Face) -> Result<Decision, Refusal> {
        let render = view::<Revealed>(face)?.one;
        Ok(self.and_then(|_, revealed| {
            let etag = revealed.credential.etag();
            Ok(Box::new(move |context: &RenderContext<'_>| render(context, &revealed).with("etag", etag)) as Rendering)
        }))
    }
}

impl<T> From<Result<T, Refusal>> for Decided<T> {
    /// What needed no verdict.
    fn from(result: Result<T, Refusal>) -> Self {
        Self { known: Known::default(), result }
    }
}

/// What a face can render.
pub(super) trait Shown: Sized + 'static {
    /// The face's view of it. Each face has one of what its routes show (`src/route.rs`).
    fn view(face: &'static Face) -> Option<&'static View<Self>>;
}

impl Shown for Tenant {
    fn view(face: &'static Face) -> Option<&'static View<Self>> {
        face.tenants.as_ref()
    }
}

impl Shown for Principal {
    fn view(face: &'static Face) -> Option<&'static View<Self>> {
        face.principals.as_ref()
    }
}

impl Shown for Revealed {
    fn view(face: &'static Face) -> Option<&'static View<Self>> {
        face.credentials.as_ref()
    }
}

/// The face's view of it.
pub(super) fn view<T: Shown>(face: &'static Face) -> Result<&'static View<T>, Refusal> {
    T::view(face).ok_or_else(|| Refusal::Broken("a face without the view of its route".to_owned()))
}
