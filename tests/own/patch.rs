//! PATCH by RFC 7396.

use serde_json::{Value, json};

use crate::stage::*;

fn full(world: &World) -> Made {
    make(
        world,
        &json!({ "name": "n", "description": "d", "enabled": false, "roles": [{ "role_id": "viewer" }],
            "expires_at": "2027-01-01T00:00:00Z", "metadata": { "a": "1", "b": "2" } }),
    )
}

#[test]
fn an_absent_member_keeps_and_null_clears() {
    let world = World::new();
    for (member, value) in [
        ("name", json!("m")),
        ("description", json!("e")),
        ("description", Value::Null),
        ("enabled", json!(true)),
        ("roles", json!([{ "role_id": "editor" }])),
        ("roles", Value::Null),
        ("expires_at", json!("2028-01-01T00:00:00.000000Z")),
        ("expires_at", Value::Null),
    ] {
        let made = full(&world);
        let patched = world.call("PATCH", &made.url, ROOT, &json!({ member: value }));
        let mut expected = without(&made.body, "secret");
        expected[member] = value.clone();
        expected["revision"] = json!(2);
        expected["updated_at"] = patched.json()["updated_at"].clone();
        assert_eq!((patched.status, patched.json()), (200, expected), "{member}: {value}");
        // Twice is once.
        let again = world.call("PATCH", &made.url, ROOT, &json!({ member: value }));
        assert_eq!((again.json(), again.etag()), (patched.json(), patched.etag()));
    }
    let made = full(&world);
    for member in ["name", "enabled", "principal"] {
        let reply = world.call("PATCH", &made.url, ROOT, &json!({ member: null }));
        assert_eq!(violations(&reply), pairs(&[(&format!("/{member}"), "not_null")]));
    }
}

#[test]
fn an_empty_patch_changes_nothing() {
    let world = World::new();
    let made = full(&world);
    let before = world.stored();
    let reply = world.call("PATCH", &made.url, ROOT, &json!({}));
    assert_eq!((reply.status, reply.json(), reply.etag()), (200, without(&made.body, "secret"), made.etag.as_str()));
    assert_eq!(world.stored(), before);
    let principal = format!("{PRINCIPALS}/{ACME}");
    for url in [TENANT, &principal] {
        let tag = world.get(url, ROOT).etag().to_owned();
        assert_eq!(world.call("PATCH", url, ROOT, &json!({})).etag(), tag);
    }
    assert_eq!(world.stored(), before);
}

#[test]
fn metadata_is_merged_member_by_member() {
    let world = World::new();
    let made = full(&world);
    let merge = |patch: Value| {
        let reply = world.call("PATCH", &made.url, ROOT, &json!({ "metadata": patch }));
        assert_eq!(reply.status, 200, "{}", reply.text);
        (reply.json()["metadata"].clone(), reply.json()["revision"].clone())
    };
    assert_eq!(merge(json!({ "c": "3" })), (json!({ "a": "1", "b": "2", "c": "3" }), json!(2)));
    assert_eq!(merge(json!({ "a": null, "b": "9" })), (json!({ "b": "9", "c": "3" }), json!(3)));
    // What is not there cannot be taken away; what is said again is no change.
    assert_eq!(merge(json!({ "zzz": null, "b": "9" })), (json!({ "b": "9", "c": "3" }), json!(3)));
    assert_eq!(merge(json!({})), (json!({ "b": "9", "c": "3" }), json!(3)));
    assert_eq!(world.history(&made.id).len(), 4, "made, its secret, and two changes");
    // PUT replaces it.
    let put = world.call("PUT", &made.url, ROOT, &whole(json!({ "metadata": { "d": "4" } })));
    assert_eq!(put.json()["metadata"], json!({ "d": "4" }));
}

/// RFC 7396 §2: a member of the patch that is null takes the whole member away, metadata like any other.
#[test]
fn metadata_that_is_null_is_cleared() {
    let world = World::new();
    let made = full(&world);
    let reply = world.call("PATCH", &made.url, ROOT, &json!({ "metadata": null }));
    assert_eq!((reply.status, &reply.json()["metadata"]), (200, &json!({})));
}

#[test]
fn metadatas_bounds_are_judged_on_the_merged_whole() {
    let world = World::new();
    let made = plain(&world);
    let patch = |metadata: Value| world.call("PATCH", &made.url, ROOT, &json!({ "metadata": metadata }));
    let some =
        |from: u32, to: u32| (from..to).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>();
    assert_eq!(patch(some(0, 16).into()).status, 200);
    let before = world.stored();
    assert_eq!(violations(&patch(json!({ "one more": "v" }))), pairs(&[("/metadata", "too_many")]));
    assert_eq!(world.stored(), before);
    assert_eq!(patch(json!({ "one more": "v", "k0": null })).status, 200, "as many as there were");
    // 4096 bytes of JSON text, bytes and not characters: eight members of 500 and a last one.
    let put = |last: String| {
        let mut metadata: serde_json::Map<_, _> = (0..8).map(|n| (format!("k{n}"), json!("v".repeat(500)))).collect();
        metadata.insert("z".to_owned(), json!(last));
        world.call("PUT", &made.url, ROOT, &whole(json!({ "metadata": metadata })))
    };
    // {"k0":"…",…,"z":"…"}: 8 × (500 + 8) and 4096 - 4064 - 8 = 24 bytes left, minus the braces.
    let left = 4096 - (r#"{"z":""}"#.len() + 8 * (500 + r#""k0":"","#.len()));
    assert_eq!(put("v".repeat(left)).status, 200);
    assert_eq!(violations(&put("v".repeat(left + 1))), pairs(&[("/metadata", "too_large")]));
    assert_eq!(put("é".repeat(left / 2)).status, 200);
    assert_eq!(violations(&put("é".repeat(left / 2 + 1))), pairs(&[("/metadata", "too_large")]));
    assert_eq!(violations(&patch(json!({ "zz": "" }))), pairs(&[("/metadata", "too_large")]));
    assert_eq!(patch(json!({ "k0": "", "zz": "" })).json()["metadata"]["zz"], "");
    for (metadata, code) in [
        (json!({ "a": "v".repeat(501) }), "too_long"),
        (json!({ "a": "é".repeat(500), "k1": null, "k2": null, "k3": null }), ""),
        (json!({ "n".repeat(256): "" }), "too_long"),
        (json!({ "n".repeat(255): "", "k4": null }), ""),
    ] {
        let reply = patch(metadata);
        if code.is_empty() {
            assert_eq!(reply.status, 200, "{}", reply.text);
        } else {
            assert_eq!(violations(&reply)[0].1, code);
        }
    }
    // Flat, string to string.
    for (metadata, pointer, code) in [
        (json!([]), "/metadata", "type"),
        (json!("x"), "/metadata", "type"),
        (json!({ "a": { "b": "c" } }), "/metadata/a", "type"),
        (json!({ "a/b": 1 }), "/metadata/a~1b", "type"),
        (json!({ "a": "\u{7}" }), "/metadata/a", "control_character"),
        (json!({ "a\n": "" }), "/metadata/a\n", "control_character"),
        (json!({ "": "" }), "/metadata/", "too_short"),
    ] {
        assert_eq!(violations(&patch(metadata.clone())), pairs(&[(pointer, code)]), "{metadata}");
    }
}

#[test]
fn only_merge_patches_are_patches() {
    let world = World::new();
    let made = plain(&world);
    let as_type = |method: &str, url: &str, essence: &str, body: &Value| {
        send(&world, method, url, ROOT, &[("content-type", essence)], body)
    };
    for essence in ["application/merge-patch+json", "application/json", "Application/Merge-Patch+JSON; charset=utf-8"] {
        let reply = as_type("PATCH", &made.url, essence, &json!({ "name": essence }));
        assert_eq!((reply.status, &reply.json()["name"]), (200, &json!(essence)));
    }
    let before = world.stored();
    for essence in ["application/json-patch+json", "text/plain", "application/x-www-form-urlencoded"] {
        for url in [made.url.as_str(), TENANT] {
            let reply = as_type("PATCH", url, essence, &json!({ "name": "no" }));
            is(&reply, 415, "unsupported_media_type");
            assert_eq!(reply.header("accept-patch"), Some("application/merge-patch+json, application/json"));
            assert_eq!(reply.cost.trips, 0);
        }
    }
    // A merge patch is no whole: PUT and POST do not take it for one.
    is(&as_type("PUT", &made.url, "application/merge-patch+json", &whole(json!({}))), 415, "unsupported_media_type");
    let posted = as_type("POST", CREDENTIALS, "application/merge-patch+json", &json!({ "name": "n", "roles": null }));
    is(&posted, 415, "unsupported_media_type");
    for body in ["[]", "7", "null", "{", ""] {
        let authorization = format!("Bearer {ROOT}");
        let reply = world.send("PATCH", &made.url, &[("authorization", &authorization)], body.as_bytes());
        is(&reply, 400, "unreadable");
        assert_eq!(reply.cost.trips, 0);
    }
    assert_eq!(world.stored(), before);
}
