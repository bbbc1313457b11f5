//! LiteGraph's lists of credentials: read many, enumerate, search.

use postern::credential::id::Id;
use serde_json::{Value, json};
use support::face::Face::LiteGraph;
use support::face::roles;
use support::tenant::{post_by_root, read_id, text};
use support::{CLIENTS, Client, Reply, ZERO, call, client, get};

use crate::in_process;

/// The ten values of `order`, and the order of the credentials of [`Five`] under each.
const ORDERS: [(&str, &str); 10] = [
    ("CreatedAscending", "e a c B d"),
    ("CreatedDescending", "d B c a e"),
    ("NameAscending", "B a c d e"),
    ("NameDescending", "e d c a B"),
    ("GuidAscending", "a d e B c"),
    ("GuidDescending", "c B e d a"),
    // These apply to graphs only: accepted, and treated as the default.
    ("CostAscending", "d B c a e"),
    ("CostDescending", "d B c a e"),
    ("MostConnected", "d B c a e"),
    ("LeastConnected", "d B c a e"),
];

/// Five credentials whose order differs by id, by name and by time, and five in another tenant. Names differ in case,
/// and two times differ by a microsecond.
struct Five {
    client: Box<dyn Client>,
    label: String,
    v1: String,
    v2: String,
    /// The list of the other tenant.
    theirs: String,
    /// What all GUIDs of the tenant's credentials, and of the other's, end in.
    endings: [String; 2],
}

impl Five {
    fn new() -> Self {
        let client = client();
        let [own, other] =
            [(); 2].map(|()| post_by_root(&*client, "/organizations", &json!({ "name": "Five" })).json());
        let url = |version, tenant: &Value| format!("/{version}/tenants/{}/credentials", read_id(&tenant["id"]).guid());
        let (v1, v2, theirs) = (url("v1.0", &own), url("v2.0", &own), url("v1.0", &other));
        let endings = [&own, &other].map(|tenant| read_id(&tenant["id"]).guid()[8..].to_owned());
        let five = Self { client, label: text(&own["label"]), v1, v2, theirs, endings };
        for (name, guid, minute) in [("a", 1, 2), ("B", 4, 4), ("c", 5, 3), ("d", 2, 5), ("e", 3, 2)] {
            // `e` is one microsecond older than `a`.
            let micros = u8::from(name == "a");
            let mut body = json!({
                "GUID": five.guid(guid), "UserGUID": ZERO, "Name": name, "BearerToken": five.token(name),
                "CreatedUtc": format!("2024-12-27T18:0{minute}:00.00000{micros}Z"),
            });
            five.call("PUT", &five.v1, &body).expect(200);
            body["BearerToken"] = json!(five.token(&format!("their-{name}")));
            body["Name"] = json!(format!("their {name}"));
            body["GUID"] = json!(five.their_guid(guid));
            five.call("PUT", &five.theirs, &body).expect(200);
        }
        five
    }

    /// The GUID of one of the tenant's credentials, ordered like the numbers. Each test has its own, because no id is
    /// reused.
    fn guid(&self, number: u8) -> String {
        format!("{number:0>8}{}", self.endings[0])
    }

    /// The GUID of one of the other tenant's credentials.
    fn their_guid(&self, number: u8) -> String {
        format!("{number:0>8}{}", self.endings[1])
    }

    /// A token that no other tenant uses.
    fn token(&self, name: &str) -> String {
        format!("token-{name}-{}", self.label)
    }

    fn get(&self, url: impl Into<String>) -> Reply {
        get(url).by_root().send(&*self.client)
    }

    fn call(&self, method: &str, url: &str, body: &Value) -> Reply {
        call(method, url).by_root().json(body).send(&*self.client)
    }

    fn delete(&self, url: &str) {
        call("DELETE", url).by_root().send(&*self.client).expect(200);
    }

    /// Reads a page by GET and by POST, and checks that both are equal.
    fn page(&self, query: &str, body: &Value) -> Value {
        let [got, found] = [self.get(format!("{}?{query}", self.v2)), self.call("POST", &self.v2, body)].map(|reply| {
            assert_eq!((reply.status, reply.cost.trips), (200, 1), "{query} {body}: {reply:?}");
            let mut page = reply.json();
            page.as_object_mut().unwrap().remove("Timestamp");
            page
        });
        assert_eq!(got, found, "{query} {body}");
        got
    }
}

#[track_caller]
fn not_found(reply: Reply) {
    assert_eq!(LiteGraph.error(&reply.expect(404)), "NotFound");
}

fn names(list: &Value) -> String {
    list.as_array().expect("a list").iter().map(|one| text(&one["Name"])).collect::<Vec<_>>().join(" ")
}

#[test]
fn read_many_returns_all_credentials_in_every_order() {
    let five = Five::new();
    let v1 = &five.v1;
    let many = five.get(v1);
    assert_eq!((many.status, many.cost.trips), (200, 1));
    assert_eq!(names(&many.json()), "d B c a e", "a bare array, the youngest first");
    for one in many.json().as_array().unwrap() {
        let read = five.get(format!("{v1}/{}", text(&one["GUID"]))).json();
        assert_eq!(*one, read, "as it is read, its token included");
    }
    for (order, expected) in ORDERS {
        assert_eq!(names(&five.get(format!("{v1}?order={order}")).json()), expected, "{order}");
        let skipped: Vec<_> = expected.split(' ').skip(2).collect();
        let reply = five.get(format!("{v1}/?skip=2&order={order}"));
        assert_eq!(names(&reply.json()), skipped.join(" "), "{order}");
    }
    for (skip, left) in [("0", 5), ("5", 0), ("1000", 0), ("", 5)] {
        let reply = five.get(format!("{v1}?skip={skip}&order=")).expect(200);
        assert_eq!(reply.json().as_array().map(Vec::len), Some(left), "{skip}");
    }
    let theirs = "their d their B their c their a their e";
    assert_eq!(names(&five.get(&five.theirs).json()), theirs);
    five.get("/v1.0/tenants/nobody/credentials").expect(404);
    five.get("/v1.0/tenants/11111111-0000-0000-0000-000000000000/credentials").expect(404);
}

#[test]
fn invalid_parameters_are_all_reported_without_a_trip() {
    const ORDER: &str = "order must be an ordering, such as CreatedDescending or NameAscending.";
    const SKIP: &str = "skip must be a whole number from 0 to 1000.";
    const KEYS: &str = "max-keys must be a whole number from 1 to 1000.";
    const TOKEN: &str = "token must be the ContinuationToken of a page.";
    const GUIDS: &str = "guids must be 1 to 1000 GUIDs, separated by commas.";
    let five = Five::new();
    let (of_v1, of_v2) = (format!("{ORDER} {SKIP} {GUIDS}"), format!("{ORDER} {SKIP} {KEYS} {TOKEN}"));
    let base32 = format!("token={}", Id::from_bits(9));
    // The error on read many and on enumerate; empty where the parameter is unknown and so ignored.
    for (query, in_v1, in_v2) in [
        ("order=nameascending", ORDER, ORDER),
        ("order=5", ORDER, ORDER),
        ("skip=1001", SKIP, SKIP),
        ("skip=-1", SKIP, SKIP),
        ("skip=1.0", SKIP, SKIP),
        ("skip=x", SKIP, SKIP),
        ("skip=18446744073709551616", SKIP, SKIP),
        ("skip=9999999999999999999999999999999999999999", SKIP, SKIP),
        ("max-keys=0", "", KEYS),
        ("max-keys=-1", "", KEYS),
        ("maxKeys=1001", "", KEYS),
        ("maxKeys=9999999999999999999999999999999999999999", "", KEYS),
        ("max-keys=ten", "", KEYS),
        ("token=x", "", TOKEN),
        ("token=%00", "", TOKEN),
        ("token=null", "", TOKEN),
        (&*format!("token={ZERO}0"), "", TOKEN),
        (&*base32, "", TOKEN),
        ("token=client_00000000000000000000000000", "", TOKEN),
        ("guids=", GUIDS, ""),
        ("guids=x", GUIDS, ""),
        ("guids=,", GUIDS, ""),
        ("guids=%00", GUIDS, ""),
        ("guids=%ff", GUIDS, ""),
        (&*format!("guids={ZERO},"), GUIDS, ""),
        (&*format!("guids={ZERO},x"), GUIDS, ""),
        (&*format!("guids={ZERO}%2C"), GUIDS, ""),
        (&*format!("guids={}", [ZERO; 1001].join(",")), GUIDS, ""),
        ("order=x&skip=x&max-keys=x&token=x&guids=x", &*of_v1, &*of_v2),
    ] {
        for (url, expected) in [(&five.v1, in_v1), (&five.v2, in_v2)] {
            if expected.is_empty() {
                let reply = five.get(format!("{url}?{query}"));
                let listed = if *url == five.v1 { reply.json() } else { reply.json()["Objects"].clone() };
                assert_eq!(names(&listed), "d B c a e", "{url} {query}: all of it");
                continue;
            }
            // An unreadable request is rejected before authentication.
            for call in [get(format!("{url}?{query}")).by_root(), get(format!("{url}?{query}")).token("of-nobody")] {
                let reply = call.send(&*five.client).expect(400);
                assert_eq!((&*LiteGraph.error(&reply), reply.cost.trips), ("BadRequest", 0), "{url} {query}");
                assert_eq!(reply.json()["Description"], expected, "{url} {query}");
            }
        }
    }
}

#[test]
fn guids_returns_the_existing_credentials_in_the_given_order() {
    let five = Five::new();
    let get = |guids: &str| {
        let reply = five.get(format!("{}?guids={guids}", five.v1));
        assert_eq!((reply.status, reply.cost.trips), (200, 1), "{guids}: {reply:?}");
        names(&reply.json())
    };
    let [a, b, c] = [1, 4, 5].map(|number| five.guid(number));
    for (guids, shown) in [
        (format!("{c},{a},{b}"), "c a B"),
        (format!("{c}%2C{a}%2c{b}"), "c a B"),
        (format!("{b},{b},{a},{b}"), "B a"),
        // In any usual spelling.
        (format!("{},{{{b}}},{}", a.to_uppercase(), c.replace('-', "")), "a B c"),
        // Missing credentials and those of another tenant are left out.
        (format!("{a},{ZERO}"), "a"),
        (ZERO.to_owned(), ""),
        (format!("{},{a}", five.their_guid(1)), "a"),
        // The maximum.
        (vec![a.as_str(); 1000].join(","), "a"),
    ] {
        assert_eq!(get(&guids.replace('{', "%7B").replace('}', "%7D")), shown, "{guids}");
    }
}

#[test]
fn page_members_are_in_the_order_of_the_contract() {
    let five = Five::new();
    let v2 = &five.v2;
    let members = |token: &[&'static str]| {
        let after = ["EndOfResults", "TotalRecords", "RecordsRemaining", "Objects"];
        [&["Success", "Timestamp", "MaxResults"], token, &after].concat()
    };
    let page = five.get(format!("{v2}?max-keys=2"));
    page.expect_members(&members(&["ContinuationToken"]));
    let body = page.json();
    let counts = ["Success", "MaxResults", "EndOfResults", "TotalRecords", "RecordsRemaining"].map(|name| &body[name]);
    assert_eq!(counts, [&json!(true), &json!(2), &json!(false), &json!(5), &json!(3)]);
    assert_eq!(body["ContinuationToken"], body["Objects"][1]["GUID"], "the last object's");
    let timestamp = body["Timestamp"].as_object().unwrap();
    assert_eq!(timestamp.keys().collect::<Vec<_>>(), ["End", "Messages", "Start", "TotalMs"]);
    assert!(page.text.contains(r#""Timestamp":{"Start":""#) && page.text.contains(r#""Messages":{}}"#), "{page:?}");
    assert_eq!(["Start", "End"].map(|name| text(&timestamp[name]).len()), [27, 27]);
    assert!(timestamp["TotalMs"].as_f64() >= Some(0.0));

    // The last page has no token.
    five.get(format!("{v2}?max-keys=5")).expect_members(&members(&[]));
    assert_eq!(five.get(v2).json()["MaxResults"], 1000, "the default");
    assert_eq!(five.get(format!("{v2}?maxKeys=3")).json()["MaxResults"], 3);
    assert_eq!(five.call("POST", v2, &json!({})).json()["MaxResults"], 1000);
}

/// Every order, page size and `skip`: each object is returned once, and each count is exact.
#[test]
fn pages_in_every_order_cover_the_list_with_exact_counts() {
    let five = Five::new();
    for (order, expected) in ORDERS {
        let expected: Vec<_> = expected.split(' ').collect();
        for (size, skip) in (1..=6).flat_map(|size| (0..=6).map(move |skip| (size, skip))) {
            // All sizes in one order, and one size in all orders.
            if order != "NameAscending" && (size, skip) != (2, 0) {
                continue;
            }
            let mut seen: Vec<_> = expected[..skip.min(5)].iter().map(|name| (*name).to_owned()).collect();
            let mut query = format!("order={order}&max-keys={size}&skip={skip}");
            let mut body = json!({
                "Ordering": order, "MaxResults": size, "Skip": skip, "Labels": [], "Tags": {}, "Expr": null,
                "IncludeData": true,
            });
            loop {
                let page = five.page(&query, &body);
                seen.extend(names(&page["Objects"]).split_whitespace().map(str::to_owned));
                let left = 5 - seen.len().min(5);
                let counts = ["TotalRecords", "RecordsRemaining", "EndOfResults"].map(|name| &page[name]);
                assert_eq!(counts, [&json!(5), &json!(left), &json!(left == 0)], "{query}");
                assert_eq!(page.get("ContinuationToken").is_some(), left > 0, "{query}");
                let Some(token) = page["ContinuationToken"].as_str() else { break };
                query = format!("order={order}&max-keys={size}&token={token}");
                (body["Skip"], body["ContinuationToken"]) = (json!(null), json!(token));
            }
            assert_eq!(seen, expected, "{order} {size} {skip}");
        }
    }
}

/// A page with both a token and `skip`.
#[test]
fn skip_counts_from_the_token() {
    let five = Five::new();
    let b = five.guid(4);
    for (skip, shown, left) in [(0, "c a", 1), (1, "a e", 0), (2, "e", 0), (3, "", 0), (1000, "", 0)] {
        let body = json!({ "MaxResults": 2, "ContinuationToken": b, "Skip": skip });
        let page = five.page(&format!("max-keys=2&token={b}&skip={skip}"), &body);
        let counts = ["RecordsRemaining", "TotalRecords", "EndOfResults"].map(|name| &page[name]);
        assert_eq!((&*names(&page["Objects"]), counts), (shown, [&json!(left), &json!(5), &json!(left == 0)]));
    }
}

#[test]
fn unknown_continuation_token_is_404_but_one_of_a_deleted_credential_continues() {
    let five = Five::new();
    // A token of another tenant, existing or deleted, looks like an unknown one, down to the rows read.
    let unknown = |guid: &str| {
        let search = five.call("POST", &five.v2, &json!({ "ContinuationToken": guid }));
        [five.get(format!("{}?token={guid}", five.v2)), search].map(|reply| {
            let (text, cost) = (reply.text.clone(), reply.cost);
            not_found(reply);
            (text, in_process().then_some(cost))
        })
    };
    let missing = unknown("88888888-0000-4000-8000-000000000000");
    let theirs = five.their_guid(1);
    assert_eq!(unknown(&theirs), missing);
    five.delete(&format!("{}/{theirs}", five.theirs));
    assert_eq!(unknown(&theirs), missing);

    // Delete `c`, then all.
    let c = five.guid(5);
    let from_c = |order: &str| {
        let body = json!({ "Ordering": order, "ContinuationToken": c });
        let page = five.page(&format!("order={order}&token={c}"), &body);
        assert_eq!((&page["RecordsRemaining"], &page["EndOfResults"]), (&json!(0), &json!(true)));
        (names(&page["Objects"]), page["TotalRecords"].clone())
    };
    five.delete(&format!("{}/{c}", five.v1));
    for (order, expected) in ORDERS {
        let (_, rest) = expected.split_once('c').unwrap();
        assert_eq!(from_c(order), (rest.trim().to_owned(), json!(4)), "{order}");
    }
    five.delete(&five.v1);
    assert_eq!(from_c("CreatedDescending"), (String::new(), json!(0)));
}

/// A token is only a GUID, so a list by name continues from the current name of its credential.
#[test]
fn continuation_token_of_a_renamed_credential_continues_from_its_new_name() {
    let five = Five::new();
    let (a, one) = (five.guid(1), format!("{}/{}", five.v1, five.guid(1)));
    let page = || names(&five.get(format!("{}?order=NameAscending&token={a}", five.v2)).json()["Objects"]);
    assert_eq!(page(), "c d e");
    five.call("PUT", &one, &json!({ "UserGUID": ZERO, "Name": "cc" })).expect(200);
    assert_eq!(page(), "d e");
    // After deletion, from its last name.
    five.delete(&one);
    assert_eq!(page(), "d e");
}

#[test]
fn search_reports_every_invalid_member() {
    const ORDER: &str = "Ordering must be an ordering, such as CreatedDescending or NameAscending.";
    const MAX: &str = "MaxResults must be a whole number from 1 to 1000.";
    const SKIP: &str = "Skip must be a whole number from 0 to 1000.";
    const TOKEN: &str = "ContinuationToken must be the ContinuationToken of a page.";
    let five = Five::new();
    let (v2, all) = (&five.v2, format!("{ORDER} {MAX} {SKIP} {TOKEN}"));
    let of = |member: &'static str, values: &[Value]| -> Vec<Value> {
        values.iter().map(|value| json!({ member: value })).collect()
    };
    for (bodies, expected) in [
        (vec![json!({ "Ordering": 5, "MaxResults": "2", "Skip": [], "ContinuationToken": {} })], &*all),
        (of("MaxResults", &[json!(0), json!(1001), json!(1.5), json!(-1), json!("x"), json!("5"), json!(true)]), MAX),
        (of("Skip", &[json!(1001), json!(1.5), json!(-1), json!("1"), json!(false)]), SKIP),
        (of("ContinuationToken", &[json!(""), json!("x"), json!(5), json!({})]), TOKEN),
        (of("Ordering", &[json!("Created"), json!("Sideways"), json!(5)]), ORDER),
    ] {
        for body in bodies {
            for call in [call("POST", v2).by_root().json(&body), call("POST", v2).json(&body)] {
                let reply = call.send(&*five.client).expect(400);
                assert_eq!((&*LiteGraph.error(&reply), reply.cost.trips), ("BadRequest", 0), "{body}");
                assert_eq!(reply.json()["Description"], expected, "{body}");
            }
        }
    }
    for body in ["", "[]", "{\"Skip\":1,\"Skip\":1}", "{"] {
        assert_eq!(call("POST", v2).by_root().bytes(body).send(&*five.client).expect(400).cost.trips, 0);
    }
    // Null means absent, and members that filter graphs or data are ignored, whatever their value.
    let nothing = json!({
        "Ordering": null, "IncludeData": null, "IncludeSubordinates": false, "MaxResults": null, "Skip": null,
        "ContinuationToken": null, "Labels": ["x"], "Tags": {"a": "b"},
        "Expr": {"Left": 1, "Operator": "Equals", "Right": 2}, "Other": [],
    });
    assert_eq!(names(&five.call("POST", v2, &nothing).json()["Objects"]), "d B c a e");
}

#[test]
fn credential_is_found_by_its_bearer_token() {
    let five = Five::new();
    let get = |token: &str, by: &str| get(format!("/v1.0/credentials/bearer/{token}")).token(by).send(&*five.client);
    let caller = |role: &str| {
        let body = json!({ "name": role, "roles": roles(&[role]) });
        let made = call("POST", CLIENTS).root(&five.label).json(&body).send(&*five.client).expect(201).json();
        (text(&made["client_id"]), text(&made["client_secret"]))
    };
    let ((id, admin), root) = (caller("admin"), five.client.root_token());
    let found = get(&five.token("c"), &admin);
    assert_eq!((found.status, found.cost.trips), (200, 1));
    let c = five.get(format!("{}/{}", five.v1, five.guid(5))).json();
    assert_eq!(found.json(), c);
    assert!(found.etag().ends_with(".1\""));
    // Root finds tokens of every tenant, other callers only of their own.
    let theirs = get(&five.token("their-c"), root).json();
    assert_eq!((&theirs["Name"], &get(&five.token("c"), root).json()), (&json!("their c"), &c));
    get(&five.token("their-c"), &admin).expect(404);
    // A generated token; percent-encoded tokens; and by HEAD.
    let issued =
        text(&five.call("PUT", &five.v1, &json!({ "UserGUID": ZERO, "Name": "issued" })).json()["BearerToken"]);
    assert_eq!(get(&issued, &admin).json()["Name"], "issued");
    let own = json!({ "UserGUID": ZERO, "Name": "own", "BearerToken": format!("a/b?c#d%41+e{}", five.label) });
    five.call("PUT", &five.v1, &own).expect(200);
    for encoded in ["a%2Fb%3Fc%23d%2541%2Be", "a%2Fb%3Fc%23d%2541+e"] {
        assert_eq!(get(&format!("{encoded}{}", five.label), &admin).json()["Name"], "own", "a plus in a path is one");
    }
    let head = call("HEAD", format!("/v1.0/credentials/bearer/{}", five.token("c")));
    head.header("x-token", admin.as_str()).send(&*five.client).expect(200);
    // The caller's own secret is found, but not shown because it is not sealed.
    let shown = get(&admin, &admin).json();
    assert_eq!((&shown["Name"], &shown["BearerToken"]), (&json!("admin"), &json!("")));
    let access = call("POST", "/api/v1/login").basic(&format!("{id}:{admin}")).send(&*five.client).expect(200).json();
    for missing in [
        "no-such-token",
        // A generated token with a wrong checksum, and texts that cannot be a token.
        &format!("{issued}x"),
        "pstn_",
        "pstn_garbage",
        "two%20words",
        "client_x:y",
        "%00",
        "%ff",
        "%E6%97%A5",
        "%C3%A9",
        &"x".repeat(513),
        // Neither an access token nor the root token is a BearerToken.
        &text(&access["access_token"]),
        root,
    ] {
        for by in [&*admin, root] {
            let reply = get(missing, by);
            assert_eq!(reply.cost.trips, 1, "{missing}");
            not_found(reply);
        }
    }
    // The token of a disabled credential is found; a replaced or deleted one is not.
    let body = |name: &str| json!({ "UserGUID": ZERO, "Name": name, "Active": name != "c" });
    five.call("PUT", &format!("{}/{}", five.v1, five.guid(5)), &body("c")).expect(200);
    assert_eq!(get(&five.token("c"), &admin).json()["Active"], false);
    let d = format!("{}/{}", five.v1, five.guid(2));
    let mut replaced = body("d");
    replaced["BearerToken"] = json!(five.token("new-d"));
    five.call("PUT", &d, &replaced).expect(200);
    get(&five.token("d"), &admin).expect(404);
    get(&five.token("new-d"), &admin).expect(200);
    five.delete(&d);
    get(&five.token("new-d"), &admin).expect(404);
    // Requires an admin.
    for token in [caller("editor").1, five.token("e")] {
        assert_eq!(LiteGraph.error(&get(&five.token("e"), &token).expect(401)), "AuthorizationFailed");
    }
}

/// HEAD has the status and the cost of GET.
#[test]
fn head_reports_whether_a_resource_exists() {
    let five = Five::new();
    let tenant = five.v1.trim_end_matches("/credentials");
    for (url, status) in [
        (format!("{}/{}", five.v1, five.guid(1)), 200),
        (format!("{}/{ZERO}", five.v1), 404),
        (format!("{}/x", five.v1), 404),
        (tenant.to_owned(), 200),
        (format!("/v1.0/tenants/{}", five.guid(1)), 404),
        (format!("{tenant}/users/{ZERO}"), 200),
        (format!("{tenant}/users/{}", five.guid(1)), 404),
        (five.v1.clone(), 200),
        (five.v2.clone(), 200),
    ] {
        let reply = call("HEAD", &*url).by_root().send(&*five.client);
        assert_eq!((reply.status, reply.cost.trips), (status, 1), "{url}");
    }
}
