//! How a client authenticates at the endpoints of OAuth, and the scope that it gets.

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postern::credential::id::Id;
use serde_json::{Value, json};
use support::client::{OAUTH_TOKEN, TOKEN};
use support::face::{Face, oauth_error, roles};
use support::tenant::{Tenant, read_id, text};
use support::{Call, ZERO, call, client, get};

const GRANT: &str = "grant_type=client_credentials";
const INTROSPECT: &str = "/oauth/introspect";

/// A form for an endpoint, with this in it, and with what else the endpoint needs.
fn form(path: &str, with: &str) -> Call {
    let own = if path == INTROSPECT { "token=x" } else { GRANT };
    call("POST", path).form(&format!("{with}&{own}"))
}

#[test]
fn client_authentication_is_the_same_at_every_oauth_endpoint() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let own = tenant.own(json!({}));
    let other = tenant.own(json!({})).id.client();
    let (id, secret, access) = (own.id.client(), &own.secret, tenant.access(own.id, &own.secret));
    let (pair, by_form) = (format!("{id}:{secret}"), format!("client_id={id}&client_secret={secret}"));
    for path in [TOKEN, OAUTH_TOKEN, INTROSPECT] {
        let send = |with: &str| form(path, with);
        let by_bearer = if path == INTROSPECT { (200, 1) } else { (401, 0) };
        for (call, (status, trips)) in [
            (send("").basic(&pair), (200, 1)),
            (send(&format!("client_id={id}")).basic(&pair), (200, 1)),
            (send("client_id=&client_secret=").basic(&pair), (200, 1)),
            (send(&by_form), (200, 1)),
            (send(&format!("client_id=&{by_form}&client_secret=&client_secret")), (200, 1)),
            (send("").token(secret), by_bearer),
            (send("").token(&access), by_bearer),
            (send("").token(&pair), by_bearer),
            // Two methods in one request, or two clients.
            (send(&by_form).basic(&pair), (400, 0)),
            (send(&by_form).token(secret), (400, 0)),
            (send(&format!("client_secret={secret}")).basic(&pair), (400, 0)),
            (send(&format!("client_id={other}")).basic(&pair), (400, 0)),
            (send(&format!("client_id={}", own.id)).basic(&pair), (400, 0)),
            // A parameter twice, the same or not.
            (send(&format!("{by_form}&client_id={id}")), (400, 0)),
            (send(&format!("{by_form}&client_secret={secret}")), (400, 0)),
            (send(&format!("client_id={id}&client_id={other}")).basic(&pair), (400, 0)),
            (send("a=1&a=2").basic(&pair), (400, 0)),
            // Not a client, or not its secret.
            (send(""), (401, 0)),
            (send(&format!("client_id={id}")), (401, 0)),
            (send(&format!("client_id={id}&client_secret=")), (401, 0)),
            (send(&format!("client_secret={secret}")), (401, 0)),
            (send(&format!("client_id={id}&client_secret={access}")), (401, 0)),
            (send(&format!("client_id={other}&client_secret={secret}")), (401, 1)),
            (send(&format!("client_id={id}&client_secret=of-nobody")), (401, 1)),
            (send("").basic(&format!("{other}:{secret}")), (401, 1)),
        ] {
            let reply = call.send(&*client);
            assert_eq!((reply.status, reply.cost.trips), (status, trips), "{path}: {reply:?}");
            let error = match status {
                400 => "invalid_request",
                401 => "invalid_client",
                _ => continue,
            };
            assert_eq!(oauth_error(&reply), error, "{path}");
        }
    }
}

/// A credential with this secret: its client id.
fn chosen(tenant: &Tenant, secret: &str) -> String {
    let body = json!({ "UserGUID": ZERO, "Name": "n", "BearerToken": secret });
    let made = call("PUT", tenant.all(Face::LiteGraph)).by_root().json(&body).send(tenant.client).expect(200).json();
    let id = read_id(&made["GUID"]);
    tenant.allow(id, "read");
    id.client()
}

/// The client whose secret an access token was issued for.
fn whose(tenant: &Tenant, access: &str) -> String {
    let told = call("POST", INTROSPECT).token(&tenant.admin).form(&format!("token={access}")).send(tenant.client);
    text(&told.expect(200).json()["client_id"])
}

/// RFC 6749 §2.3.1 form-encodes the id and the secret of Basic; many clients do not.
#[test]
fn basic_is_accepted_raw_and_form_encoded() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut secrets: Vec<_> = ["a+b", "a%2Bb", "100%", "%41", "%zz", "p:q", ":", "=&?#", "%C3%A9", "%25", "a%20b", "%"]
        .map(|secret| format!("{secret}-{}", tenant.id))
        .into();
    let own = tenant.own(json!({}));
    let mut clients: Vec<_> = secrets.iter().map(|secret| chosen(&tenant, secret)).collect();
    clients.push(own.id.client());
    secrets.push(own.secret.clone());
    for (id, secret) in clients.iter().zip(&secrets) {
        for pair in [
            format!("{id}:{secret}"),
            format!("{}:{}", encoded(id), encoded(secret)),
            format!("{id}:{}", encoded(secret)),
            // Only what has to be, as most libraries do.
            format!("{id}:{}", encoded(secret).replace("%2D", "-").replace("%5F", "_")),
        ] {
            for path in [TOKEN, OAUTH_TOKEN] {
                let reply = form(path, "").basic(&pair).send(&*client).expect(200);
                assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0), "{pair}");
                assert_eq!(whose(&tenant, &text(&reply.json()["access_token"])), *id, "{pair}");
            }
            let reply = form(INTROSPECT, "").basic(&pair).send(&*client).expect(200);
            assert_eq!(reply.cost.trips, 1, "{pair}");
            get(tenant.one(Face::Postern, own.id)).basic(&pair).send(&*client).expect(200);
        }
        // Bearer has no such encoding.
        let bearer = format!("{}:{}", encoded(id), encoded(secret));
        get(tenant.one(Face::Postern, own.id)).token(&bearer).send(&*client).expect(401);
    }
    // Neither reading is a client of this id.
    for wrong in ["%2B", "a%252Bb", "%61%62"] {
        let reply = form(OAUTH_TOKEN, "").basic(&format!("{}:{wrong}-{}", clients[0], tenant.id)).send(&*client);
        assert_eq!((reply.expect(401).cost.trips), 1, "{wrong}");
    }
    // A text that is a token in neither reading costs no trip.
    for wrong in ["a%20b c", "a b%", "\u{e9}", "pstn_%41", ""] {
        let reply = form(OAUTH_TOKEN, "").basic(&format!("{}:{wrong}", clients[0])).send(&*client);
        assert_eq!((reply.expect(401).cost.trips), 0, "{wrong}");
    }
}

/// The roles that are asked for, and whether that is the scope of a credential with these roles.
#[test]
fn log_in_returns_its_scope_and_rejects_any_other() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let on = |role: &str, resource: &str| json!({ "role_id": role, "resource": resource });
    let on_one = json!([{ "role_id": "admin", "resource": "r", "resource_instance": "i" }, on("viewer", "r")]);
    let requests = [
        "",
        "viewer",
        "editor",
        "viewer editor",
        "editor viewer",
        "editor  editor viewer ",
        "admin editor viewer",
        "Viewer",
        "none",
        "a\"b",
    ];
    for (held, scope) in [
        (Value::Null, "admin editor viewer"),
        (roles(&["viewer"]), "viewer"),
        (roles(&["viewer", "editor"]), "editor viewer"),
        (json!([on("admin", "r"), { "role_id": "editor" }]), "editor"),
        (on_one, ""),
    ] {
        let own = tenant.own(json!({ "roles": held }));
        let pair = format!("{}:{}", own.id.client(), own.secret);
        let set =
            |scope: &str| scope.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect::<BTreeSet<_>>();
        for path in [TOKEN, OAUTH_TOKEN] {
            let asks = requests.map(|asked| Some(asked.replace(' ', "+"))).into_iter().chain([None]);
            for asked in asks {
                let with = asked.as_ref().map_or_else(String::new, |asked| format!("scope={asked}"));
                let reply = form(path, &with).basic(&pair).send(&*client);
                let wanted = set(&asked.unwrap_or_default().replace('+', " "));
                assert_eq!(reply.cost.trips, 1);
                if !wanted.is_empty() && wanted != set(scope) {
                    assert_eq!(oauth_error(&reply.expect(400)), "invalid_scope", "{scope}: {with}");
                    continue;
                }
                let told = reply.expect(200).json();
                let expected = Some(json!(scope)).filter(|_| !scope.is_empty());
                assert_eq!(told.get("scope"), expected.as_ref(), "{scope}: {with}");
                let access = text(&told["access_token"]);
                let told =
                    call("POST", INTROSPECT).token(&tenant.admin).form(&format!("token={access}")).send(&*client);
                assert_eq!(told.expect(200).json().get("scope"), expected.as_ref(), "{scope}: {with}");
            }
            // Who it is comes first.
            let wrong = format!("{}:of-nobody", own.id.client());
            assert_eq!(oauth_error(&form(path, "scope=x").basic(&wrong).send(&*client).expect(401)), "invalid_client");
        }
    }
}

/// Ids may be chosen by clients: what tells two credentials apart is in the answer.
#[test]
fn introspection_identifies_a_token_across_tenants() {
    let client = client();
    let tenants = [Tenant::new(&*client), Tenant::new(&*client)];
    for tenant in &tenants {
        let account: Id = tenant.account;
        let own = tenant.own(json!({}));
        let told = call("POST", INTROSPECT).by_root().form(&format!("token={}", own.secret)).send(&*client).expect(200);
        let told = told.json();
        let said = ["tenant", "principal", "client_id", "sub"].map(|member| told[member].clone());
        let (tenant, id) = (json!(tenant.id), json!(own.id.client()));
        assert_eq!(said, [tenant, json!(account), id.clone(), id]);
        let metadata = get("/.well-known/oauth-authorization-server").send(&*client).expect(200).json();
        assert_eq!(told["iss"], metadata["issuer"]);
    }
}
