//! The documents that are generated from the code: docs/openapi/postern.json, docs/ERRORS.md, and tables of
//! docs/API.md and README.md. `make openapi` writes them; without it they are compared.

mod catalogue;
mod examples;
mod tables;

use std::path::Path;

use examples::Description;
use jsonschema::Validator;
use postern::face::postern::description::openapi;
use postern::settings::{Settings, name};
use serde_json::{Value, json};
use support::{ACME, ROOT, World};

/// The vendors, whose APIs have an OpenAPI document in docs/openapi.
const VENDORS: [&str; 3] = ["coactive", "litegraph", "keycard"];

/// Reads a file of the repository.
fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect(file)
}

/// Compares a file with its generated text, or writes the file on request.
fn keep(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("POSTERN_DESCRIBE").is_some() {
        std::fs::write(path, text).expect("written");
    } else {
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == text, "{file} differs from the code: run `make openapi`, and review the difference");
    }
}

#[test]
fn openapi_document_matches_the_code_and_the_executed_examples() {
    let described = Description::executed();
    keep("docs/openapi/postern.json", &format!("{:#}\n", described.document));
}

#[test]
fn documents_of_the_vendors_apis_have_the_version_of_the_crate() {
    for name in VENDORS {
        let file = format!("docs/openapi/{name}.json");
        let text = read(&file);
        let (before, rest) = text.split_once("\n    \"version\": \"").expect("the version of `info`");
        let (_, after) = rest.split_once('"').expect("the end of the version");
        keep(&file, &format!("{before}\n    \"version\": \"{}\"{after}", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn error_catalogue_matches_the_code() {
    keep("docs/ERRORS.md", &catalogue::text());
}

/// Compares, or writes, the parts of a document between `<!-- generated: NAME -->` and `<!-- end -->`.
fn keep_parts(file: &str, parts: &[(&str, String)]) {
    let mut text = read(file);
    for (name, part) in parts {
        let start = format!("<!-- generated: {name} -->\n");
        let (before, rest) = text.split_once(&start).expect(name);
        let (_, after) = rest.split_once("<!-- end -->").expect(name);
        text = format!("{before}{start}{part}<!-- end -->{after}");
    }
    keep(file, &text);
}

#[test]
fn generated_tables_match_the_code() {
    let tables = [("routes", tables::routes()), ("errors", tables::errors()), ("limits", tables::limits())];
    keep_parts("docs/API.md", &tables);
    keep_parts("README.md", &[("performance", tables::performance())]);
}

#[test]
fn settings_table_has_every_setting_and_its_default() {
    let document = read("docs/DEPLOY.md");
    let source = read("src/settings.rs");
    let names: Vec<_> = source.split('"').filter(|text| text.starts_with("POSTERN_") && !text.contains(' ')).collect();
    let row = |name: &str| document.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).expect(name);
    for name in &names {
        row(name);
    }
    assert_eq!(document.matches("| `POSTERN_").count(), names.len());
    let settings = Settings::read(|setting| match setting {
        name::ROOT_TOKEN => Some("x".repeat(32)),
        name::MASTER_KEY => Some("0".repeat(64)),
        _ => None,
    });
    let settings = settings.map_err(|wrong| wrong.words()).expect("settings");
    for (name, default) in [
        (name::TOKEN_PREFIX, settings.token_prefix),
        (name::DATABASE_WAIT, settings.database_wait.to_string()),
        (name::SHARD, settings.shard.to_string()),
        (name::NEAR, settings.near.map_or_else(|| "off".to_owned(), |margin| margin.to_string())),
    ] {
        assert!(row(name).contains(&format!("Default `{default}`")), "{name}");
    }
    let script = read("scripts/lib.sh");
    let (_, limit) = script.split_once("bundle_limit=").expect("a limit");
    let kilobytes = limit.split(' ').next().and_then(|limit| limit.strip_suffix("000")).expect("whole kilobytes");
    assert!(document.contains(&format!("larger than {kilobytes} kB")), "the limit on the bundle");
}

#[test]
fn every_operation_has_a_summary_and_executed_examples() {
    let described = Description::executed().document;
    for (path, item) in described["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item").iter().filter(|(name, _)| *name != "parameters") {
            let has = |member: &str| operation[member].as_str().is_some_and(|text| !text.is_empty());
            assert!(has("operationId") && has("summary") && has("description"), "{method} {path}");
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            assert!(
                parameters.filter(|one| one["in"] == "query").all(|one| one["description"] != ""),
                "{method} {path}"
            );
            let (_, done) = operation["responses"]
                .as_object()
                .expect("responses")
                .iter()
                .find(|(status, _)| status.starts_with('2'))
                .expect("a success");
            for (what, content) in [("request", &operation["requestBody"]["content"]), ("answer", &done["content"])] {
                for (media, content) in content.as_object().into_iter().flatten() {
                    let shown = content["examples"].as_object().is_some_and(|examples| !examples.is_empty());
                    assert!(shown, "{method} {path}: no example of its {what} as {media}");
                }
            }
        }
    }
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    let described = openapi();
    let text = described.to_string();
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once("\"$ref\":\"#") {
        let (pointer, left) = after.split_once('"').expect("its end");
        assert!(described.pointer(pointer).is_some(), "{pointer}");
        rest = left;
    }
    for kind in ["schemas", "parameters", "responses", "headers"] {
        for name in described["components"][kind].as_object().expect("components").keys() {
            assert!(text.contains(&format!("\"#/components/{kind}/{name}\"")), "{kind}/{name} is used nowhere");
        }
    }
}

#[test]
fn created_resources_link_to_every_operation_on_them() {
    let described = openapi();
    let operations = |id: &str| {
        let items = described["paths"].as_object().expect("paths").iter();
        let found =
            items.filter(|(_, item)| item.as_object().expect("an item").values().any(|one| one["operationId"] == id));
        found.map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    let mut followed = 0;
    for (path, names) in
        [("/v1/tenants", ["tenant"].as_slice()), ("/v1/tenants/{tenant}/credentials", &["tenant", "credential"])]
    {
        let links = described["paths"][path]["post"]["responses"]["201"]["links"].as_object().expect("links");
        for (id, link) in links {
            let found = operations(link["operationId"].as_str().expect("an id"));
            assert!(found.len() == 1 && found[0].starts_with(path), "{id}: {found:?}");
            let parameters: Vec<_> =
                link["parameters"].as_object().expect("parameters").keys().map(String::as_str).collect();
            assert!(
                names.iter().all(|name| parameters.contains(name)) && parameters.len() == names.len(),
                "{id}: {parameters:?}"
            );
            assert_eq!(link["parameters"][*names.last().expect("one")], "$response.body#/id");
            followed += 1;
        }
    }
    let of_paths = |expected: &[&str]| -> usize {
        let paths = described["paths"].as_object().expect("paths").iter();
        let about = paths.filter(|(path, _)| {
            let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
            path.starts_with("/v1/") && names.eq(expected.iter().copied())
        });
        about.map(|(_, item)| item.as_object().expect("an item").values().filter(|one| one.is_object()).count()).sum()
    };
    assert_eq!(followed, of_paths(&["tenant"]) + of_paths(&["tenant", "credential"]));
}

/// A schema accepts a body exactly if the rules do.
#[test]
#[expect(clippy::too_many_lines, reason = "two tables, and a loop over both")]
fn body_schemas_accept_exactly_what_validation_accepts() {
    let described = openapi();
    let long = |length: usize| "x".repeat(length);
    let roles =
        |many: usize| (0..many).map(|n| json!({ "role_id": "viewer", "resource": n.to_string() })).collect::<Value>();
    let metadata = |many: usize| Value::Object((0..many).map(|n| (n.to_string(), json!("x"))).collect());
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(7_776_000),
        json!(7_776_001),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("x"),
        json!(long(255)),
        json!(long(256)),
        json!(long(500)),
        json!(long(501)),
        json!("a\u{7}"),
        json!("a\u{85}"),
        json!("\u{1f600}".repeat(255)),
        json!("2027-01-01T00:00:00Z"),
        json!("soon"),
        json!(ACME),
        json!([]),
        json!({}),
        roles(1),
        roles(100),
        roles(101),
        metadata(16),
        metadata(17),
        json!({ "a": 1 }),
        json!({ "a": null }),
        json!({ "a": long(500) }),
        json!({ "a": long(501) }),
        json!({ "": "x" }),
        json!({ (long(255)): "x" }),
        json!({ (long(256)): "x" }),
        json!(["viewer"]),
        json!([1]),
        json!([{ "role_id": 1 }]),
        json!([{ "role_id": "" }]),
        json!([{ "resource": "r" }]),
        json!([{ "role_id": "viewer", "resource": null }]),
        json!([{ "role_id": "viewer", "resourse": "r" }]),
        json!([{ "role_id": "viewer", "resource": long(256) }]),
        json!([null]),
        json!([{ "token": "x", "needs": { "all": roles(16) } }]),
        json!([{ "token": "x" }, { "token": 5 }]),
        json!([{ "token": "x", "items": [] }]),
        json!(vec![json!({ "token": "x" }); 50]),
        json!(vec![json!({ "token": "x" }); 51]),
        json!({ "all": roles(1) }),
        json!({ "all": roles(16) }),
        json!({ "all": roles(17) }),
        json!({ "any": [{ "role_id": "viewer", "resource": null }] }),
        json!({ "any": [] }),
        json!({ "any": null }),
        json!({ "all": roles(1), "any": roles(1) }),
        json!({ "all": roles(1), "some": roles(1) }),
    ];
    let world = World::new();
    let credential = examples::made(
        &world,
        "/v1/tenants/00000000000000000000000000/credentials",
        &json!({ "name": "c", "roles": null }),
    );
    let principal =
        examples::made(&world, "/v1/tenants/00000000000000000000000000/principals", &json!({ "name": "p" }));
    let tenant = "/v1/tenants/00000000000000000000000000".to_owned();
    let (credentials, principals) = (format!("{tenant}/credentials"), format!("{tenant}/principals"));
    let mut judged = 0;
    for (schema, method, url, whole) in [
        ("NewCredential", "POST", &credentials, json!({ "name": "c", "roles": null })),
        (
            "WholeCredential",
            "PUT",
            &credential,
            json!({ "name": "c", "roles": null, "principal": ACME, "enabled": true, "access": "none", "expires_at": null }),
        ),
        ("CredentialPatch", "PATCH", &credential, json!({})),
        ("NewPrincipal", "POST", &principals, json!({ "name": "p" })),
        ("WholePrincipal", "PUT", &principal, json!({ "name": "p", "enabled": true })),
        ("PrincipalPatch", "PATCH", &principal, json!({})),
        ("Rotation", "POST", &format!("{credential}/rotate"), json!({ "grace_seconds": 60 })),
        ("Revocation", "POST", &format!("{credential}/revoke"), json!({})),
        ("Inquiry", "POST", &"/v1/verify".to_owned(), json!({ "token": "x", "needs": null })),
        ("InquiryBatch", "POST", &"/v1/verify/batch".to_owned(), json!({ "items": [{ "token": "x" }] })),
        ("NewTenant", "POST", &"/v1/tenants".to_owned(), json!({ "name": "t" })),
        (
            "WholeTenant",
            "PUT",
            &tenant,
            json!({ "name": "t", "enabled": true, "rbac": true, "require_if_match": false, "role_names": [] }),
        ),
        ("TenantPatch", "PATCH", &tenant, json!({})),
    ] {
        let validator = validator(&described, &format!("#/components/schemas/{schema}"));
        let properties = described["components"]["schemas"][schema]["properties"].as_object().expect("properties");
        let words =
            properties.iter().filter(|(_, property)| property["readOnly"] != true).map(|(name, _)| name.as_str());
        for name in words.chain(["no_such_member"]) {
            for value in values.iter().map(Some).chain([None]) {
                let mut body = whole.clone();
                match value {
                    Some(value) => body[name] = value.clone(),
                    None => drop(body.as_object_mut().expect("an object").remove(name)),
                }
                // A patch is valid if its result is.
                if schema == "CredentialPatch" {
                    assert_eq!(world.call(method, url, ROOT, &json!({ "metadata": null })).status, 200);
                }
                let reply = world.call(method, url, ROOT, &body);
                let response = reply.json();
                let refused = reply.status == 422 && response["code"] == "invalid";
                let violations = response["violations"].as_array().into_iter().flatten();
                let codes: Vec<_> = violations.filter_map(|one| one["code"].as_str()).collect();
                // Rules beyond the schemas: existing roles and principals, and the dependencies among a role's
                // members.
                let beyond_schema =
                    |code: &&str| ["unknown_role", "unknown_principal", "instance_alone"].contains(code);
                let refused = refused && !codes.iter().all(beyond_schema);
                assert_eq!(validator.is_valid(&body), !refused, "{schema} {name}: {body}\n{}", reply.text);
                judged += 1;
                if schema == "Rotation" && !refused {
                    world.call("POST", &format!("{credential}/rotate/finish"), ROOT, &Value::Null);
                }
            }
        }
    }
    assert!(judged > 1500, "{judged}");
}

#[test]
fn query_parameters_accept_exactly_what_the_description_allows() {
    let described = openapi();
    let world = World::new();
    let mut judged = 0;
    for (path, item) in described["paths"].as_object().expect("paths") {
        let url = path.replace("{tenant}", ACME).replace("{credential}", ACME).replace("{principal}", ACME);
        for (method, operation) in item.as_object().expect("an item").iter().filter(|(name, _)| *name != "parameters") {
            for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query")
            {
                let name = parameter["name"].as_str().expect("a name");
                let validator = jsonschema::draft202012::options()
                    .should_validate_formats(true)
                    .build(&parameter["schema"])
                    .expect("a schema");
                for (text, value) in [
                    ("1", json!(1)),
                    ("100", json!(100)),
                    ("101", json!(101)),
                    ("0", json!(0)),
                    ("x", json!("x")),
                    ("true", json!(true)),
                    ("false", json!(false)),
                    ("created", json!("created")),
                    ("-created", json!("-created")),
                    ("name", json!("name")),
                    ("-name", json!("-name")),
                    (ACME, json!(ACME)),
                    ("2027-01-01T00:00:00Z", json!("2027-01-01T00:00:00Z")),
                ] {
                    // A query parameter is always text.
                    let valid = [value, json!(text), json!([text])].iter().any(|value| validator.is_valid(value));
                    let reply = world.call(&method.to_uppercase(), &format!("{url}?{name}={text}"), ROOT, &json!({}));
                    let body = if reply.text.is_empty() { Value::Null } else { reply.json() };
                    let mut violations = body["violations"].as_array().into_iter().flatten();
                    let refused = reply.status == 400 && violations.any(|violation| violation["parameter"] == name);
                    // The schemas do not describe the contents of a cursor.
                    if name != "cursor" {
                        assert_eq!(refused, !valid, "{method} {path}?{name}={text}: {}", reply.text);
                    }
                    judged += 1;
                }
            }
        }
    }
    assert!(judged > 200, "{judged}");
}

/// A validator for a part of the description.
fn validator(described: &Value, pointer: &str) -> Validator {
    let schema = json!({ "$ref": pointer, "components": described["components"], "paths": described["paths"] });
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).expect("a schema")
}
