//! The first step: reads everything that the client said. What is wrong here is refused without a trip.

use serde_json::Map;

use super::context::RequestContext;
use crate::caller::Caller;
use crate::credential::field::{Draft, Noun, Verb};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::operation::Operation;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::command::{Act, Command, Key, Target, TenantRef};

/// Everything that a client said.
pub(super) struct ParsedRequest<I> {
    /// The operation's own input.
    pub input: I,
    /// The rest: who calls, what the path and the headers name, preconditions. Nothing of the input is in it.
    pub command: Command,
}

/// What a write says.
pub(super) struct Body {
    /// Each field.
    pub draft: Draft,
    /// The `Idempotency-Key` of a creation.
    pub key: Option<String>,
}

impl<D, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    /// Reads the operation's input by `reader`, then the caller, then what the path names: the first error is returned.
    pub(super) fn read<I>(
        &self,
        reader: impl FnOnce(&Request<'_>) -> Result<I, Refusal>,
        target: (Target, Act),
    ) -> Result<ParsedRequest<I>, Refusal> {
        Ok(ParsedRequest { input: reader(self.request)?, command: self.rest(target)? })
    }

    /// Reads the rest. A function of its own, since the compiler makes one of [`Self::read`] for each kind of input.
    fn rest(&self, target: (Target, Act)) -> Result<Command, Refusal> {
        let Self { request, face, settings, .. } = self;
        let mut caller = Caller::read(request.headers, face.token_header, settings, self.now);
        if face.is_oauth {
            caller = Caller::oauth(&request.form()?, request.headers, settings, caller);
        }
        let caller = caller?;
        let mut command = self.command(caller, target);
        if let Some(header) = face.tenant_header.filter(|_| command.caller.is_root()) {
            let named = request.headers.get(header).ok_or(Refusal::TenantNotNamed)?;
            command.tenant = Some(tenant(Id::parse_either(&named), named));
        }
        for (name, text) in self.segments {
            // An id that cannot be read is no error: it is one that nothing has.
            let id = face.dialect.read_id(text);
            match *name {
                "tenant" if face.takes_labels => command.tenant = Some(tenant(id, text.clone())),
                "tenant" => command.tenant = Some(TenantRef::Id(Key(id))),
                "principal" => command.principal = Some(Key(id)),
                "credential" => command.credential = Some(Key(id)),
                "token" => {
                    // What cannot be a token is one that no credential has.
                    let token = Token::read(text, &settings.token_prefix).ok();
                    command.bearer = Some(token.map_or_else(Vec::new, |token| settings.keys.prove(&token)));
                }
                other => return Err(Refusal::Broken(format!("no meaning for the segment {other}"))),
            }
        }
        Ok(command)
    }

    /// The command of a caller who names nothing.
    pub(super) fn command(&self, caller: Caller, (target, act): (Target, Act)) -> Command {
        let target = (target, act, self.route.right);
        Command {
            if_match: self.request.if_match(),
            // A read is answered without it, and then told 304.
            if_none_match: if matches!(act, Act::Change | Act::Delete) { self.request.if_none_match() } else { None },
            merges: self.route.operation == Operation::Write(Noun::Credential, Verb::Merge),
            active: self.face.says_active,
            lists_secrets: self.face.lists_secrets,
            ..Command::new(self.now, caller, target, self.change, self.id.to_owned())
        }
    }

    /// Checks what no operation has for itself: preconditions and the names of query parameters.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        self.request.check_tags()?;
        if self.face.is_strict { self.request.check_query(self.route.query) } else { Ok(()) }
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

/// A tenant by its id or, if it is not one, by its label.
fn tenant(id: Option<Id>, text: String) -> TenantRef {
    id.map_or(TenantRef::Label(text), |id| TenantRef::Id(Key(Some(id))))
}
