//! The first step: reads everything that the client sent. An error here costs no trip.

use serde_json::Map;

use super::context::RequestContext;
use crate::caller::Caller;
use crate::credential::field::{Draft, Noun, Verb};
use crate::credential::id::Id;
use crate::credential::secret::Token;
use crate::operation::Operation;
use crate::refusal::{Refusal, Unreadable};
use crate::request::Request;
use crate::route::Route;
use crate::store::command::{Act, Command, Key, Target, TenantRef};

/// A request, parsed.
pub(super) struct ParsedRequest<I> {
    /// The operation's own input.
    pub input: I,
    /// The caller, what the path and headers name, and preconditions. The input is not in it yet.
    pub command: Command,
}

/// The input of a write.
pub(super) struct Body {
    /// Each field of the body: absent, null or a value.
    pub draft: Draft,
    /// The `Idempotency-Key` of a request that makes a secret or another resource.
    pub key: Option<String>,
}

impl<D, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    /// Reads the operation's input by `reader`, then the caller, then what the path names. Returns the first error.
    pub(super) fn read<I>(
        &self,
        reader: impl FnOnce(&Request<'_>) -> Result<I, Refusal>,
        target: (Target, Act),
    ) -> Result<ParsedRequest<I>, Refusal> {
        Ok(ParsedRequest { input: reader(self.request)?, command: self.rest(target)? })
    }

    /// Reads everything but the input. It is not part of [`Self::read`], which is compiled for each kind of input.
    fn rest(&self, target: (Target, Act)) -> Result<Command, Refusal> {
        let Self { request, face, settings, .. } = self;
        let mut caller = Caller::read(request.headers, face.token_header, settings, self.now);
        if face.is_oauth {
            caller = Caller::oauth(&request.form()?, request.headers, settings, caller);
        }
        let caller = caller?;
        if self.route.is_own() && caller.is_root() {
            return Err(Refusal::Forbidden);
        }
        let mut command = self.command(caller, target);
        if let Some(header) = face.tenant_header.filter(|_| command.caller.is_root()) {
            let named = request.headers.get(header).ok_or(Refusal::TenantNotNamed)?;
            command.tenant = Some(tenant(Id::parse_either(&named), named));
        }
        for (name, text) in self.segments {
            // An id that cannot be parsed is not an error here: nothing has it, so the verdict is 404.
            let id = face.dialect.read_id(text);
            match *name {
                "tenant" if face.takes_labels => command.tenant = Some(tenant(id, text.clone())),
                "tenant" => command.tenant = Some(TenantRef::Id(Key(id))),
                "principal" => command.principal = Some(Key(id)),
                "credential" => command.credential = Some(Key(id)),
                "key" | "trust" => command.member = Some(Key(id)),
                "token" => {
                    // A text that is not a token matches no credential.
                    let token = Token::read(text, &settings.token_prefix).ok();
                    command.bearer = Some(token.map_or_else(Vec::new, |token| settings.keys.prove(&token)));
                }
                other => return Err(Refusal::Broken(format!("no meaning for the segment {other}"))),
            }
        }
        Ok(command)
    }

    /// Returns a command that names no resource yet.
    pub(super) fn command(&self, caller: Caller, (target, act): (Target, Act)) -> Command {
        let target = (target, act, self.route.right);
        Command {
            if_match: self.request.if_match(),
            // For a read, If-None-Match is compared with the response.
            if_none_match: if matches!(act, Act::Change | Act::Delete) { self.request.if_none_match() } else { None },
            merges: self.route.operation == Operation::Write(Noun::Credential, Verb::Merge),
            active: self.face.says_active,
            access_of_roles: self.face.access_of_roles,
            lists_secrets: self.face.lists_secrets,
            ..Command::new(self.now, caller, target, self.change, self.id.to_owned())
        }
    }

    /// Returns whether the route has this query parameter and the request sets it to anything but `false`.
    pub(super) fn is_set(&self, parameter: &str) -> bool {
        self.route.query.contains(&parameter) && self.request.is_set(parameter)
    }

    /// Returns the target for one resource of a noun that the request is about.
    pub(super) fn one(&self, noun: Noun) -> Target {
        match noun {
            Noun::Credential if self.route.is_own() => Target::Own,
            Noun::Tenant => Target::Tenant,
            Noun::Principal => Target::Principal,
            Noun::Credential => Target::Credential,
        }
    }

    /// Reads the body of a write.
    pub(super) fn body(&self, noun: Noun, verb: Verb) -> Result<Body, Refusal> {
        // A revocation without a reason needs no body.
        let bare = verb == Verb::Revoke && !self.request.has_body();
        let body = if bare { Map::new() } else { self.face.object(self.request, verb)? };
        let draft = (self.face.read_body)(noun, verb, body);
        let takes_key = matches!(verb, Verb::Create | Verb::Rotate) && self.face.takes_idempotency_keys;
        let key = if takes_key { self.request.idempotency_key()? } else { None };
        // A credential that loses the answer to its own rotation could lock itself out.
        if key.is_none() && verb == Verb::Rotate && self.route.is_own() {
            return Err(Refusal::Unreadable(Unreadable::IdempotencyKey));
        }
        Ok(Body { draft, key })
    }
}

/// Checks the syntax of preconditions and, on a strict face, the names of query parameters, and that the body came whole.
pub(super) fn check(request: &Request<'_>, route: &Route) -> Result<(), Refusal> {
    request.check_tags()?;
    if route.face.is_strict {
        request.check_query(route.query)?;
    }
    request.check_whole()
}

/// Refers to a tenant by id or, if the text is not an id, by label.
fn tenant(id: Option<Id>, text: String) -> TenantRef {
    id.map_or(TenantRef::Label(text), |id| TenantRef::Id(Key(Some(id))))
}
