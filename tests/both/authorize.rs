//! Forward-auth: a proxy asks whether the request that it received may pass.

use postern::store::Cost;
use serde_json::{Value, json};

use support::face::Face;
use support::tenant::Tenant;
use support::{Call, Reply, call, client, get};

const PATH: &str = "/v1/authorize";

/// A question by a proxy with this credential.
fn ask(query: &str, verifier: &str) -> Call {
    get(format!("{PATH}?{query}")).header("postern-verifier", verifier)
}

/// The headers of an answer that tell whose request it is.
fn identity(reply: &Reply) -> [Option<&str>; 3] {
    ["postern-tenant", "postern-principal", "postern-credential"].map(|name| reply.header(name))
}

/// Asserts an answer without a body, which has no identity.
#[track_caller]
fn refused(reply: &Reply, status: u16, challenge: &str) {
    assert_eq!((reply.status, &*reply.text, identity(reply)), (status, "", [None; 3]), "{reply:?}");
    assert_eq!(reply.header("www-authenticate"), Some(challenge), "{reply:?}");
}

const LACKS: &str = "Bearer realm=\"postern\", error=\"insufficient_scope\"";
const INVALID: &str = "Bearer realm=\"postern\", error=\"invalid_token\"";
const MISSING: &str = "Bearer realm=\"postern\"";

#[test]
fn request_passes_if_its_token_has_all_and_any_of_the_needed_roles() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let on_instance = json!({ "role_id": "editor", "resource": "r", "resource_instance": "i j" });
    let some = tenant.own(json!({ "roles": [{ "role_id": "viewer" }, on_instance] }));
    let full = tenant.own(json!({ "roles": null }));
    let (id, principal) = (some.id.to_string(), tenant.account.to_string());
    for (query, passes) in [
        ("authenticated=1", true),
        ("all=viewer", true),
        ("all=viewer&authenticated=1", true),
        ("all=viewer%20r%20i", true),
        ("all=viewer+r", true),
        ("all=editor", false),
        ("authenticated=1&all=editor", false),
        ("all=editor%20r", false),
        ("all=editor%20r%20i", false),
        // The instance is the rest, spaces included.
        ("all=editor%20r%20i%20j", true),
        ("all=viewer&all=editor%20r%20i%20j", true),
        ("all=viewer&all=admin", false),
        ("any=admin&any=viewer", true),
        ("any=admin&any=editor", false),
        ("all=viewer&any=admin", false),
        ("all=admin&any=viewer", false),
        ("all=viewer&any=admin&any=editor%20r%20i%20j", true),
        // A role that no tenant has, and a name that is not UTF-8.
        ("all=nobody", false),
        ("all=%FF", false),
    ] {
        for token in
            [&some.secret, &tenant.access(some.id, &some.secret), &format!("{}:{}", some.id.client(), some.secret)]
        {
            let reply = ask(query, &tenant.admin).token(token).send(&*client);
            assert_eq!((reply.cost.trips, reply.cost.rows_written), (1, 0), "{query}");
            if passes {
                reply.expect(200);
                let told = ask(query, &tenant.admin).token(token).send(&*client);
                assert_eq!(identity(&told), [Some(&*tenant.id.to_string()), Some(&principal), Some(&id)], "{query}");
                assert_eq!((&*told.text, told.header("www-authenticate")), ("", None));
            } else {
                refused(&reply, 403, LACKS);
            }
        }
        ask(query, &tenant.admin).token(&full.secret).send(&*client).expect(200);
    }
    // By Basic too, and by HEAD.
    let pair = format!("{}:{}", some.id.client(), some.secret);
    ask("all=viewer", &tenant.admin).basic(&pair).send(&*client).expect(200);
    let head = |query: &str| call("HEAD", format!("{PATH}?{query}")).header("postern-verifier", tenant.admin.as_str());
    head("all=viewer").token(&some.secret).send(&*client).expect(200);
    refused(&head("all=admin").token(&some.secret).send(&*client), 403, LACKS);
    call("POST", format!("{PATH}?all=viewer")).token(&some.secret).send(&*client).expect(405);
}

#[test]
fn request_without_a_valid_token_is_401() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let own = tenant.own(json!({}));
    let access = tenant.access(own.id, &own.secret);
    let ask = || ask("authenticated=1", &tenant.admin);
    // Without a trip.
    for (call, challenge) in [
        (ask(), MISSING),
        (ask().header("authorization", ""), MISSING),
        (ask().header("authorization", "Digest x"), MISSING),
        (ask().basic("x:y"), MISSING),
        (ask().token("pstn_x"), INVALID),
        (ask().token("two words"), INVALID),
        (ask().token(client.root_token()), INVALID),
    ] {
        let reply = call.send(&*client);
        refused(&reply, 401, challenge);
        assert_eq!(reply.cost, Cost::default());
    }
    for token in ["of-nobody", &other.admin] {
        refused(&ask().token(token).send(&*client), 401, INVALID);
    }
    let patch = |body: Value| drop(tenant.send("PATCH", &own.path, &body).expect(200));
    for (body, active) in [
        (json!({}), true),
        (json!({ "enabled": false }), false),
        (json!({ "enabled": true, "expires_at": "2020-01-01T00:00:00Z" }), false),
        (json!({ "expires_at": null }), true),
    ] {
        patch(body.clone());
        for token in [&own.secret, &access] {
            let reply = ask().token(token).send(&*client);
            if active { drop(reply.expect(200)) } else { refused(&reply, 401, INVALID) }
        }
    }
    tenant.step(&own, "revoke", &json!({})).expect(200);
    refused(&ask().token(&own.secret).send(&*client), 401, INVALID);
}

/// As a 401 or a 403, the proxy would pass it on as the client's.
#[test]
fn refused_verifier_is_503() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (viewer, own) = (tenant.caller(&["viewer"]), tenant.own(json!({})));
    let scoped = tenant.own(json!({ "roles": [{ "role_id": "admin", "resource": "r" }] }));
    let disabled = tenant.own(json!({ "roles": null, "enabled": false }));
    let asking = || get(format!("{PATH}?authenticated=1")).token(&own.secret);
    let by = |verifier: &str| asking().header("postern-verifier", verifier);
    by(&viewer).send(&*client).expect(200);
    by(&tenant.access(own.id, &own.secret)).send(&*client).expect(200);
    for (call, trips) in [
        (asking(), 0),
        (by(""), 0),
        (by("pstn_x"), 0),
        (by(&format!("Bearer {viewer}")), 0),
        (by(&viewer).header("postern-verifier", viewer.as_str()), 0),
        (by("x").header("postern-verifier", viewer.as_str()), 0),
        (by("of-nobody"), 1),
        (by(&scoped.secret), 1),
        (by(&disabled.secret), 1),
    ] {
        let reply = call.send(&*client).refused(503, "verifier");
        assert_eq!((reply.cost.trips, identity(&reply)), (trips, [None; 3]));
        assert_eq!((reply.header("www-authenticate"), reply.header("retry-after")), (None, None));
    }
    // The credential of the client is not the verifier's.
    get(format!("{PATH}?authenticated=1")).token(&tenant.admin).send(&*client).refused(503, "verifier");
}

/// A proxy that passes on the query of its client fails, whatever it is.
#[test]
fn query_that_is_not_the_proxys_own_is_400_without_a_trip() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let (admin, own) = (&tenant.admin, tenant.own(json!({})));
    let roles = |name: &str, many: usize| vec![format!("{name}=viewer"); many].join("&");
    let long = format!("all={}", "r".repeat(256));
    for (query, word) in [
        ("", "bad_parameters all"),
        ("tenant=acme", "bad_parameters all"),
        ("page=2", "unknown_parameter"),
        ("authenticated=1&page=2", "unknown_parameter"),
        ("all=viewer&All=viewer", "unknown_parameter"),
        ("authenticated=0", "bad_parameters authenticated"),
        ("authenticated", "bad_parameters authenticated"),
        ("authenticated=1&authenticated=1", "bad_parameters authenticated"),
        ("all=", "bad_parameters all"),
        ("all=viewer&all=", "bad_parameters all"),
        ("any=viewer%20", "bad_parameters any"),
        ("any=viewer%20%20i", "bad_parameters any"),
        ("any=%20viewer", "bad_parameters any"),
        ("any=viewer%20r%0A", "bad_parameters any"),
        (&long, "bad_parameters all"),
        (&roles("all", 17), "bad_parameters all"),
        (&roles("any", 17), "bad_parameters any"),
        ("all=&any=&authenticated=x&tenant=", "bad_parameters all, any, authenticated, tenant"),
        ("authenticated=1&tenant=a&tenant=b", "bad_parameters tenant"),
    ] {
        // Also to a proxy whose credential is refused: no caller is needed to see that the query is wrong.
        for verifier in [admin.as_str(), "of-nobody", ""] {
            let reply = ask(query, verifier).token(&own.secret).send(&*client).expect(400);
            let told = reply.json();
            let violations = told["violations"].as_array().into_iter().flatten();
            let names: Vec<_> = violations.map(|violation| violation["parameter"].as_str().expect("a name")).collect();
            let code = told["code"].as_str().expect("a code");
            assert_eq!(format!("{code} {}", names.join(", ")).trim(), word, "{query}");
            assert_eq!(reply.cost, Cost::default(), "{query}");
        }
    }
    for query in [roles("all", 16), roles("any", 16), format!("{}&{}", roles("all", 16), roles("any", 16))] {
        let own = tenant.caller(&["viewer"]);
        ask(&query, admin).token(&own).send(&*client).expect(200);
    }
}

#[test]
fn token_of_another_tenant_than_the_named_one_does_not_pass() {
    let client = client();
    let (tenant, other) = (Tenant::new(&*client), Tenant::new(&*client));
    let tokens = [&tenant, &other].map(|tenant| tenant.caller(&["viewer"]));
    let root = client.root_token();
    let names = [&tenant, &other].map(|tenant| [tenant.id.to_string(), tenant.label.clone()]);
    for (named, passes) in names.iter().zip([0, 1]) {
        for name in named {
            let query = format!("authenticated=1&tenant={name}");
            for (which, token) in tokens.iter().enumerate() {
                let reply = ask(&query, root).token(token).send(&*client);
                if which == passes { drop(reply.expect(200)) } else { refused(&reply, 403, LACKS) }
            }
        }
    }
    // A verifier of one tenant sees no token of another, whatever it names.
    for (query, own) in [
        ("authenticated=1".to_owned(), 200),
        (format!("authenticated=1&tenant={}", tenant.id), 200),
        (format!("authenticated=1&tenant={}", tenant.label), 200),
        (format!("authenticated=1&tenant={}", other.id), 403),
        ("authenticated=1&tenant=nobody".to_owned(), 403),
    ] {
        ask(&query, &tenant.admin).token(&tokens[0]).send(&*client).expect(own);
        refused(&ask(&query, &tenant.admin).token(&tokens[1]).send(&*client), 401, INVALID);
    }
    // Root is valid in every tenant, so that a query without a tenant would let every tenant's tokens pass.
    for query in ["authenticated=1", "all=viewer", "all=nobody"] {
        let reply = ask(query, root).token(&tokens[0]).send(&*client).expect(400);
        assert_eq!(reply.json()["violations"][0]["parameter"], "tenant");
        assert_eq!(identity(&reply), [None; 3]);
    }
}

#[test]
fn authorizing_a_request_records_the_use_of_both_tokens() {
    let client = client();
    let tenant = Tenant::new(&*client);
    let [verifier, own] = [(); 2].map(|()| tenant.own(json!({ "roles": [{ "role_id": "viewer" }] })));
    ask("authenticated=1", &verifier.secret).token(&own.secret).send(&*client).expect(200);
    for used in [verifier, own] {
        let read = || tenant.read(Face::Postern, used.id).json()["last_used_at"].is_string();
        assert!((0..500).any(|_| read()), "{}", used.id);
    }
}
