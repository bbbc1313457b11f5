//! The first step: reads everything that the client said. What is wrong here is refused without a trip.

use serde_json::Map;
use zeroize::Zeroizing;

use super::context::{RequestContext, Service};
use crate::caller::Caller;
use crate::credential::field::{Draft, Noun, Verb};
use crate::credential::id::Id;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::Database;
use crate::store::question::{Key, TenantRef};

/// Everything that a client said.
pub(super) struct Given<I> {
    /// The operation's own input.
    pub input: I,
    /// The caller, and what the request is about.
    pub scope: Scope,
}

/// Who calls, and what the path and the headers name.
pub(super) struct Scope {
    /// Who calls. Not authenticated yet.
    pub caller: Caller,
    /// The tenant; the caller's own without it.
    pub tenant: Option<TenantRef>,
    /// The principal that the path names.
    pub principal: Option<Key>,
    /// The credential that the path names.
    pub credential: Option<Key>,
    /// The token that the path names: of the credential that has it.
    pub token: Option<Zeroizing<String>>,
}

impl Scope {
    /// The scope of a log in: only the caller.
    pub fn of_caller(caller: Caller) -> Self {
        Self { caller, tenant: None, principal: None, credential: None, token: None }
    }
}

/// What a write says.
pub(super) struct Body {
    /// Each field.
    pub draft: Draft,
    /// The `Idempotency-Key` of a creation.
    pub key: Option<String>,
}

impl<D: Database, R: Fn(&mut [u8])> Service<'_, D, R> {
    /// Reads the operation's input by `reader`, then the caller and the scope: of several errors, the first in this order is returned.
    pub(super) fn read<I>(
        &self,
        context: &RequestContext<'_>,
        reader: impl FnOnce(&Request<'_>) -> Result<I, Refusal>,
    ) -> Result<Given<I>, Refusal> {
        let input = reader(context.request)?;
        let RequestContext { request, face, settings, .. } = context;
        let caller = Caller::read(request.headers, face.token_header, settings, self.now)?;
        let mut scope = Scope::of_caller(caller);
        if let Some(header) = face.tenant_header.filter(|_| scope.caller.is_root()) {
            let named = request.headers.get(header).ok_or(Refusal::TenantNotNamed)?;
            scope.tenant = Some(tenant(Id::parse_either(&named), named));
        }
        for (name, text) in context.segments {
            // An id that cannot be read is no error: it is one that nothing has.
            let id = face.dialect.read_id(text);
            match *name {
                "tenant" if face.takes_labels => scope.tenant = Some(tenant(id, text.clone())),
                "tenant" => scope.tenant = Some(TenantRef::Id(Key(id))),
                "principal" => scope.principal = Some(Key(id)),
                "credential" => scope.credential = Some(Key(id)),
                "token" => scope.token = Some(Zeroizing::new(text.clone())),
                other => return Err(Refusal::Broken(format!("no meaning for the segment {other}"))),
            }
        }
        Ok(Given { input, scope })
    }
}

/// A tenant by its id or, if it is not one, by its label.
fn tenant(id: Option<Id>, text: String) -> TenantRef {
    id.map_or(TenantRef::Label(text), |id| TenantRef::Id(Key(Some(id))))
}

impl RequestContext<'_> {
    /// Checks what no operation has for itself: preconditions and the names of query parameters.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        self.request.check_tags()?;
        if self.face.refuses_unknown_parameters { self.request.check_query(self.route.query) } else { Ok(()) }
    }

    /// Whether a parameter that the route has is set: to anything but `false`.
    pub(super) fn is_set(&self, parameter: &str) -> bool {
        let set = |value: String| !value.eq_ignore_ascii_case("false");
        self.route.query.contains(&parameter) && self.request.query_value(&[parameter]).is_some_and(set)
    }

    /// Reads the body of a write.
    pub(super) fn body(&self, noun: Noun, verb: Verb) -> Result<Body, Refusal> {
        // A revocation without a reason needs no body.
        let bare = verb == Verb::Revoke && !self.request.has_body();
        let body = if bare { Map::new() } else { self.face.object(self.request, verb)? };
        let draft = (self.face.read_body)(noun, verb, body);
        let takes_key = verb == Verb::Create && self.face.takes_idempotency_keys;
        Ok(Body { draft, key: if takes_key { self.request.idempotency_key()? } else { None } })
    }
}
