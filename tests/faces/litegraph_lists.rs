//! LiteGraph's lists of credentials: read many, enumerate, search.

use super::*;

const V1: &str = "/v1.0/tenants/00000000-0000-0000-0000-000000000000/credentials";
const V2: &str = "/v2.0/tenants/00000000-0000-0000-0000-000000000000/credentials";
const OTHER: &str = "00000000-0000-0000-0000-000000000001";

/// The ten names of the enumeration, and the names that the five credentials of [`five`] then come in.
const ORDERS: [(&str, &str); 10] = [
    ("CreatedAscending", "e a c B d"),
    ("CreatedDescending", "d B c a e"),
    ("NameAscending", "B a c d e"),
    ("NameDescending", "e d c a B"),
    ("GuidAscending", "a d e B c"),
    ("GuidDescending", "c B e d a"),
    // These order graphs: accepted, and the default.
    ("CostAscending", "d B c a e"),
    ("CostDescending", "d B c a e"),
    ("MostConnected", "d B c a e"),
    ("LeastConnected", "d B c a e"),
];

/// Five credentials whose ids, names and times each come in another order. Names are case-sensitive; two were made at one time.
fn five() -> World {
    let world = World::new();
    world.tenant("00000000000000000000000001", "other");
    for (name, guid, minute) in [("a", 1, 2), ("B", 4, 4), ("c", 5, 3), ("d", 2, 5), ("e", 3, 2)] {
        // `e` comes before `a`, of the same minute, by its microsecond alone.
        let micros = u8::from(name == "a");
        let body = json!({
            "GUID": guid_of(guid), "UserGUID": ZERO, "Name": name, "BearerToken": format!("token-{name}"),
            "CreatedUtc": format!("2024-12-27T18:0{minute}:00.00000{micros}Z"),
        });
        let made = world.call("PUT", V1, ROOT, &body);
        assert_eq!(made.status, 200, "{}", made.text);
        // Another tenant has the like of it.
        let mut theirs = body;
        theirs["BearerToken"] = json!(format!("their-{name}"));
        theirs["Name"] = json!(format!("their {name}"));
        assert_eq!(world.call("PUT", &V1.replace(ZERO, OTHER), ROOT, &theirs).status, 200);
    }
    world
}

fn guid_of(number: u8) -> String {
    format!("{number:0>8}-0000-4000-8000-000000000000")
}

fn names(list: &Value) -> String {
    list.as_array().expect("a list").iter().map(|one| text(one, "Name")).collect::<Vec<_>>().join(" ")
}

/// The names of an enumeration, by GET and by POST, which say the same.
fn enumerated(world: &World, query: &str, body: &Value) -> Value {
    let untimed = |reply: &Reply| {
        assert_eq!(reply.status, 200, "{query} {body}: {}", reply.text);
        let mut page = reply.json();
        page.as_object_mut().unwrap().remove("Timestamp");
        page
    };
    let got = world.get(&format!("{V2}?{query}"), ROOT);
    let found = world.call("POST", V2, ROOT, body);
    assert_eq!((got.cost.trips, found.cost.trips), (1, 1));
    assert_eq!(untimed(&got), untimed(&found), "{query} {body}");
    untimed(&got)
}

#[test]
fn read_many_shows_all_in_each_order() {
    let world = five();
    let many = world.get(V1, ROOT);
    assert_eq!((many.status, many.cost.trips), (200, 1));
    assert_eq!(names(&many.json()), "d B c a e", "a bare array, the youngest first");
    let shown: Vec<_> = many.json().as_array().unwrap().clone();
    for one in &shown {
        assert_eq!(
            *one,
            world.get(&format!("{V1}/{}", text(one, "GUID")), ROOT).json(),
            "as it is read, its token included"
        );
    }
    for (order, expected) in ORDERS {
        assert_eq!(names(&world.get(&format!("{V1}?order={order}"), ROOT).json()), expected, "{order}");
        let skipped: Vec<_> = expected.split(' ').skip(2).collect();
        let reply = world.get(&format!("{V1}?skip=2&order={order}"), ROOT);
        assert_eq!(names(&reply.json()), skipped.join(" "), "{order}");
    }
    for (skip, left) in [("0", 5), ("5", 0), ("1000", 0), ("", 5)] {
        let reply = world.get(&format!("{V1}?skip={skip}&order="), ROOT);
        assert_eq!((reply.status, reply.json().as_array().map(Vec::len)), (200, Some(left)), "{skip}");
    }
    assert_eq!(names(&world.get(&V1.replace(ZERO, OTHER), ROOT).json()), "their d their B their c their a their e");
    assert_eq!(world.get("/v1.0/tenants/nobody/credentials", ROOT).status, 404);
    assert_eq!(world.get(&V1.replace(ZERO, "11111111-0000-0000-0000-000000000000"), ROOT).status, 404);
}

#[test]
fn parameters_that_are_wrong_are_told_all_at_once_and_cost_no_trip() {
    const ORDER: &str = "order has to be an order, such as CreatedDescending or NameAscending.";
    const SKIP: &str = "skip has to be a number from 0 to 1000.";
    const KEYS: &str = "max-keys has to be a number from 1 to 1000.";
    const TOKEN: &str = "token has to be the GUID that a page gave as its ContinuationToken.";
    const GUIDS: &str = "guids has to be one to a thousand GUIDs, with commas.";
    let world = five();
    let (of_v1, of_v2) = (format!("{ORDER} {SKIP} {GUIDS}"), format!("{ORDER} {SKIP} {KEYS} {TOKEN}"));
    // What it is called on read many and on enumerate; nothing where that does not know it, so that it says nothing.
    for (query, in_v1, in_v2) in [
        ("order=nameascending", ORDER, ORDER),
        ("order=5", ORDER, ORDER),
        ("skip=1001", SKIP, SKIP),
        ("skip=-1", SKIP, SKIP),
        ("skip=1.0", SKIP, SKIP),
        ("skip=x", SKIP, SKIP),
        ("skip=18446744073709551616", SKIP, SKIP),
        ("max-keys=0", "", KEYS),
        ("maxKeys=1001", "", KEYS),
        ("max-keys=ten", "", KEYS),
        ("token=x", "", TOKEN),
        ("token=client_00000000000000000000000000", "", TOKEN),
        ("guids=", GUIDS, ""),
        ("guids=x", GUIDS, ""),
        ("guids=,", GUIDS, ""),
        (&*format!("guids={ZERO},x"), GUIDS, ""),
        (&*format!("guids={ZERO}%2C"), GUIDS, ""),
        ("order=x&skip=x&max-keys=x&token=x&guids=x", &*of_v1, &*of_v2),
    ] {
        for (url, told) in [(V1, in_v1), (V2, in_v2)] {
            let reply = world.get(&format!("{url}?{query}"), ROOT);
            if told.is_empty() {
                let listed = if url == V1 { reply.json() } else { reply.json()["Objects"].clone() };
                assert_eq!(names(&listed), "d B c a e", "{url} {query}: all of it");
                continue;
            }
            assert_eq!(
                (reply.status, reply.cost.trips, text(&reply.json(), "Error"), text(&reply.json(), "Description")),
                (400, 0, "BadRequest".to_owned(), told.to_owned()),
                "{url} {query}"
            );
        }
    }
    // Nobody learns of it who is not let in; but what cannot be read is refused before that, without a trip.
    let stranger = world.get(&format!("{V1}?skip=x"), "no-such-token");
    assert_eq!((stranger.status, stranger.cost.trips), (400, 0));
}

#[test]
fn guids_shows_those_of_them_that_are_there_in_their_order() {
    let world = five();
    let get = |guids: &str| {
        let reply = world.get(&format!("{V1}?guids={guids}"), ROOT);
        assert_eq!((reply.status, reply.cost.trips), (200, 1), "{guids}: {}", reply.text);
        names(&reply.json())
    };
    let [a, b, c] = [1, 4, 5].map(guid_of);
    assert_eq!(get(&format!("{c},{a},{b}")), "c a B", "raw");
    assert_eq!(get(&format!("{c}%2C{a}%2c{b}")), "c a B", "encoded");
    assert_eq!(get(&format!("{b},{b},{a},{b}")), "B a", "each once");
    let forms = format!("{},{{{b}}},{}", a.to_uppercase(), c.replace('-', ""));
    assert_eq!(get(&forms), "a B c", "in any usual form");
    assert_eq!(get(&format!("{a},{ZERO}")), "a", "one that is not there is left out");
    assert_eq!(get(ZERO), "");
    // The same GUIDs are another tenant's, too; one of its own alone is not shown.
    let theirs = json!({"GUID": "99999999-0000-4000-8000-000000000000", "UserGUID": ZERO, "Name": "theirs alone"});
    assert_eq!(world.call("PUT", &V1.replace(ZERO, OTHER), ROOT, &theirs).status, 200);
    assert_eq!(get(&format!("99999999-0000-4000-8000-000000000000,{a}")), "a");
    // As many as a page may have, and one more.
    let many = |count: usize| vec![a.as_str(); count].join(",");
    assert_eq!(get(&many(1000)), "a");
    assert_eq!(world.get(&format!("{V1}?guids={}", many(1001)), ROOT).status, 400);
}

#[test]
fn a_page_has_its_members_in_the_order_of_the_contract() {
    let world = five();
    let page = world.get(&format!("{V2}?max-keys=2"), ROOT);
    assert_eq!(
        page.members(),
        [
            "Success",
            "Timestamp",
            "MaxResults",
            "ContinuationToken",
            "EndOfResults",
            "TotalRecords",
            "RecordsRemaining",
            "Objects"
        ]
    );
    let body = page.json();
    assert_eq!(
        (
            &body["Success"],
            &body["MaxResults"],
            &body["EndOfResults"],
            &body["TotalRecords"],
            &body["RecordsRemaining"]
        ),
        (&json!(true), &json!(2), &json!(false), &json!(5), &json!(3))
    );
    assert_eq!(body["ContinuationToken"], body["Objects"][1]["GUID"], "the last object's");
    let timestamp = body["Timestamp"].as_object().unwrap();
    assert_eq!(timestamp.keys().collect::<Vec<_>>(), ["End", "Messages", "Start", "TotalMs"]);
    assert!(
        page.text.contains(r#""Timestamp":{"Start":""#) && page.text.contains(r#""Messages":{}}"#),
        "{}",
        page.text
    );
    assert_eq!((text(&body["Timestamp"], "Start").len(), text(&body["Timestamp"], "End").len()), (27, 27));
    assert!(body["Timestamp"]["TotalMs"].as_f64() >= Some(0.0));

    let last = world.get(&format!("{V2}?max-keys=5"), ROOT);
    assert_eq!(
        last.members(),
        ["Success", "Timestamp", "MaxResults", "EndOfResults", "TotalRecords", "RecordsRemaining", "Objects"],
        "at the end there is no token"
    );
    assert_eq!(world.get(V2, ROOT).json()["MaxResults"], 1000, "the default");
    assert_eq!(world.get(&format!("{V2}?maxKeys=3"), ROOT).json()["MaxResults"], 3);
    assert_eq!(world.call("POST", V2, ROOT, &json!({})).json()["MaxResults"], 1000);
}

/// Each order, each size of a page, and each number that is passed over first: each object once, and each count exact.
#[test]
fn the_pages_of_each_order_are_the_list_and_their_counts_are_exact() {
    let world = five();
    for (order, expected) in ORDERS {
        let expected: Vec<_> = expected.split(' ').collect();
        for (size, skip) in (1..=6).flat_map(|size| (0..=6).map(move |skip| (size, skip))) {
            // All sizes in one order, and one size in all orders.
            if order != "NameAscending" && (size, skip) != (2, 0) {
                continue;
            }
            let mut seen = expected[..skip.min(5)].to_vec();
            let (mut token, mut skip_first) = (None::<String>, skip);
            loop {
                let mut query = format!("order={order}&max-keys={size}");
                let mut body = json!({"Ordering": order, "MaxResults": size, "Labels": [], "Tags": {}, "Expr": null, "IncludeData": true});
                if skip_first > 0 {
                    query = format!("{query}&skip={skip_first}");
                    body["Skip"] = skip_first.into();
                }
                if let Some(token) = &token {
                    query = format!("{query}&token={token}");
                    body["ContinuationToken"] = token.as_str().into();
                }
                let page = enumerated(&world, &query, &body);
                let objects = names(&page["Objects"]);
                seen.extend(
                    objects.split(' ').filter(|name| !name.is_empty()).map(|name| {
                        *expected.iter().find(|expected| *expected == &name).expect("one of this tenant's")
                    }),
                );
                let left = 5 - seen.len().min(5);
                assert_eq!(page["TotalRecords"], 5, "{query}");
                assert_eq!(page["RecordsRemaining"], left, "{query}");
                assert_eq!(page["EndOfResults"], left == 0, "{query}");
                assert_eq!(page.get("ContinuationToken").is_some(), left > 0, "{query}");
                skip_first = 0;
                match page["ContinuationToken"].as_str() {
                    Some(next) => token = Some(next.to_owned()),
                    None => break,
                }
            }
            assert_eq!(seen, expected, "{order} {size} {skip}");
        }
    }
}

/// A page that goes on from a token and passes over some more.
#[test]
fn skip_counts_from_the_token() {
    let world = five();
    let b = guid_of(4);
    for (skip, shown, left) in [(0, "c a", 1), (1, "a e", 0), (2, "e", 0), (3, "", 0), (1000, "", 0)] {
        let page = enumerated(
            &world,
            &format!("max-keys=2&token={b}&skip={skip}"),
            &json!({"MaxResults": 2, "ContinuationToken": b, "Skip": skip}),
        );
        assert_eq!(
            (names(&page["Objects"]), &page["RecordsRemaining"], &page["TotalRecords"]),
            (shown.to_owned(), &json!(left), &json!(5))
        );
        assert_eq!(page["EndOfResults"], left == 0);
    }
}

#[test]
fn a_token_unknown_here_is_404_and_that_of_a_deleted_credential_goes_on() {
    let world = five();
    let theirs = json!({"GUID": "99999999-0000-4000-8000-000000000000", "UserGUID": ZERO});
    assert_eq!(world.call("PUT", &V1.replace(ZERO, OTHER), ROOT, &theirs).status, 200);
    for unknown in [ZERO, "99999999-0000-4000-8000-000000000000"] {
        for reply in [
            world.get(&format!("{V2}?token={unknown}"), ROOT),
            world.call("POST", V2, ROOT, &json!({"ContinuationToken": unknown})),
        ] {
            assert_eq!((reply.status, text(&reply.json(), "Error")), (404, "NotFound".to_owned()), "{unknown}");
        }
    }
    // Of one that another tenant deleted, too.
    assert_eq!(
        world
            .call(
                "DELETE",
                &format!("{}/{}", V1.replace(ZERO, OTHER), "99999999-0000-4000-8000-000000000000"),
                ROOT,
                &Value::Null
            )
            .status,
        200
    );
    assert_eq!(world.get(&format!("{V2}?token=99999999-0000-4000-8000-000000000000"), ROOT).status, 404);

    // `c`, and then all of them from the middle on.
    assert_eq!(world.call("DELETE", &format!("{V1}/{}", guid_of(5)), ROOT, &Value::Null).status, 200);
    for (order, expected) in ORDERS {
        let (_, rest) = expected.split_once('c').unwrap();
        let page = enumerated(
            &world,
            &format!("order={order}&token={}", guid_of(5)),
            &json!({"Ordering": order, "ContinuationToken": guid_of(5)}),
        );
        assert_eq!(names(&page["Objects"]), rest.trim(), "{order}");
        assert_eq!(
            (&page["TotalRecords"], &page["RecordsRemaining"], &page["EndOfResults"]),
            (&json!(4), &json!(0), &json!(true))
        );
    }
    assert_eq!(world.call("DELETE", V1, ROOT, &Value::Null).status, 200);
    let page = enumerated(&world, &format!("token={}", guid_of(5)), &json!({"ContinuationToken": guid_of(5)}));
    assert_eq!(
        (names(&page["Objects"]), &page["TotalRecords"], &page["EndOfResults"]),
        (String::new(), &json!(0), &json!(true))
    );
}

/// A token is a GUID and nothing else, so where a list is by name it goes on from the name that its credential has now.
#[test]
fn a_token_whose_credential_was_renamed_goes_on_from_its_new_name() {
    let world = five();
    let page = || names(&world.get(&format!("{V2}?order=NameAscending&token={}", guid_of(1)), ROOT).json()["Objects"]);
    assert_eq!(page(), "c d e");
    let body = json!({"UserGUID": ZERO, "Name": "cc"});
    assert_eq!(world.call("PUT", &format!("{V1}/{}", guid_of(1)), ROOT, &body).status, 200);
    assert_eq!(page(), "d e");
    // The name that it had last, once it is deleted.
    assert_eq!(world.call("DELETE", &format!("{V1}/{}", guid_of(1)), ROOT, &Value::Null).status, 200);
    assert_eq!(page(), "d e");
}

#[test]
fn a_search_tells_every_wrong_member_at_once() {
    const MAX: &str = "MaxResults has to be a number from 1 to 1000.";
    const SKIP: &str = "Skip has to be a number from 0 to 1000.";
    const TOKEN: &str = "ContinuationToken has to be the GUID that a page gave as its ContinuationToken.";
    let world = five();
    let refused = |body: &Value| {
        let reply = world.call("POST", V2, ROOT, body);
        assert_eq!(
            (reply.status, reply.cost.trips, text(&reply.json(), "Error")),
            (400, 0, "BadRequest".to_owned()),
            "{body}"
        );
        text(&reply.json(), "Description")
    };
    assert_eq!(
        refused(&json!({"Ordering": 5, "MaxResults": "2", "Skip": [], "ContinuationToken": {}})),
        format!("Ordering has to be an order, such as CreatedDescending or NameAscending. {MAX} {SKIP} {TOKEN}")
    );
    for wrong in [json!(0), json!(1001), json!(1.5), json!(-1), json!("x"), json!(true)] {
        assert_eq!(refused(&json!({"MaxResults": wrong})), MAX);
    }
    for wrong in [json!(1001), json!(1.5), json!(-1), json!("1"), json!(false)] {
        assert_eq!(refused(&json!({"Skip": wrong})), SKIP);
    }
    for wrong in [json!(""), json!("x"), json!(5)] {
        assert_eq!(refused(&json!({"ContinuationToken": wrong})), TOKEN);
    }
    assert_eq!(
        refused(&json!({"Ordering": "Created"})),
        "Ordering has to be an order, such as CreatedDescending or NameAscending."
    );
    let unreadable = |body: &[u8]| world.send("POST", V2, &[("authorization", &format!("Bearer {ROOT}"))], body);
    for body in [&b""[..], b"[]", b"{\"Skip\":1,\"Skip\":1}", b"{"] {
        assert_eq!((unreadable(body).status, unreadable(body).cost.trips), (400, 0));
    }
    // Null is as absent, and what orders graphs or filters data is passed over, whatever it holds.
    let nothing = json!({
        "Ordering": null, "IncludeData": null, "IncludeSubordinates": false, "MaxResults": null, "Skip": null, "ContinuationToken": null,
        "Labels": ["x"], "Tags": {"a": "b"}, "Expr": {"Left": 1, "Operator": "Equals", "Right": 2}, "Other": [],
    });
    assert_eq!(names(&world.call("POST", V2, ROOT, &nothing).json()["Objects"]), "d B c a e");
}

#[test]
fn by_bearer_token() {
    let world = five();
    let get = |token: &str, by: &str| world.get(&format!("/v1.0/credentials/bearer/{token}"), by);
    let (_, admin) = world.client(&json!({"name": "admin", "roles": [{"role_id": "admin"}]}));
    let found = get("token-c", &admin);
    assert_eq!((found.status, found.cost.trips), (200, 1));
    assert_eq!(found.json(), world.get(&format!("{V1}/{}", guid_of(5)), ROOT).json());
    assert!(found.etag().ends_with(".1\""));
    // Root finds anyone's, anyone else their own tenant's.
    assert_eq!(get("their-c", ROOT).json()["TenantGUID"], OTHER);
    assert_eq!((get("token-c", ROOT).json()["TenantGUID"].as_str(), get("their-c", &admin).status), (Some(ZERO), 404));
    // One made here; percent-encoded; and by a HEAD.
    let issued = text(&world.call("PUT", V1, ROOT, &json!({"UserGUID": ZERO, "Name": "issued"})).json(), "BearerToken");
    assert_eq!(get(&issued, &admin).json()["Name"], "issued");
    let own = json!({"UserGUID": ZERO, "Name": "own", "BearerToken": "a/b?c#d%41+e"});
    assert_eq!(world.call("PUT", V1, ROOT, &own).status, 200);
    assert_eq!(get("a%2Fb%3Fc%23d%2541%2Be", &admin).json()["Name"], "own");
    assert_eq!(get("a%2Fb%3Fc%23d%2541+e", &admin).json()["Name"], "own", "a plus in a path is one");
    assert_eq!(world.send("HEAD", "/v1.0/credentials/bearer/token-c", &[("x-token", &admin)], b"").status, 200);
    // The caller's own, which no face seals: it is found, and not shown.
    assert_eq!(
        (get(&admin, &admin).json()["Name"].as_str(), get(&admin, &admin).json()["BearerToken"].as_str()),
        (Some("admin"), Some(""))
    );
    let at = postern::credential::time::Micros(support::START);
    let keys = &world.settings.as_ref().unwrap().keys;
    let access = keys.current.issue_access("pstn_", Id::ZERO, at, at);
    for missing in [
        "no-such-token",
        // Ours, with a broken checksum; and what cannot be a token.
        &format!("{issued}x"),
        "pstn_",
        &"x".repeat(513),
        "%C3%A9",
        // An access token is nobody's BearerToken, nor is root's own.
        access.reveal(),
        ROOT,
    ] {
        for by in [&*admin, ROOT] {
            let reply = get(missing, by);
            assert_eq!((reply.status, text(&reply.json(), "Error")), (404, "NotFound".to_owned()), "{missing}");
        }
    }
    // What has expired is no token any more; what is disabled is.
    world.db.execute("UPDATE credentials SET enabled = 0 WHERE name = 'c'", &[]);
    assert_eq!(get("token-c", &admin).json()["Active"], false);
    world.db.execute(
        "UPDATE secrets SET expires_at = ?1 WHERE credential = (SELECT id FROM credentials WHERE name = 'c')",
        &[&world.now.get()],
    );
    assert_eq!((get("token-c", &admin).status, get("token-c", ROOT).status), (404, 404));
    // And one that was replaced, or went with its credential.
    let body = json!({"UserGUID": ZERO, "Name": "d", "BearerToken": "new-d"});
    assert_eq!(world.call("PUT", &format!("{V1}/{}", guid_of(2)), ROOT, &body).status, 200);
    assert_eq!((get("token-d", &admin).status, get("new-d", &admin).status), (404, 200));
    assert_eq!(world.call("DELETE", &format!("{V1}/{}", guid_of(2)), ROOT, &Value::Null).status, 200);
    assert_eq!(get("new-d", &admin).status, 404);
    // Admins alone.
    for token in [&*world.caller(&["editor"]), "token-e"] {
        assert_eq!(text(&get("token-e", token).json(), "Error"), "AuthorizationFailed");
    }
}

/// No body, and the same status, headers and work as a GET: whether something is there.
#[test]
fn exists() {
    let world = five();
    let head = |url: &str| world.send("HEAD", url, &[("authorization", &format!("Bearer {ROOT}"))], b"");
    for (url, status) in [
        (format!("{V1}/{}", guid_of(1)), 200),
        (format!("{V1}/{ZERO}"), 404),
        (format!("{V1}/x"), 404),
        (format!("/v1.0/tenants/{ZERO}"), 200),
        ("/v1.0/tenants/99999999-0000-4000-8000-000000000000".to_owned(), 404),
        (format!("/v1.0/tenants/{ZERO}/users/{ZERO}"), 200),
        (format!("/v1.0/tenants/{ZERO}/users/{}", guid_of(1)), 404),
        (V1.to_owned(), 200),
        (V2.to_owned(), 200),
    ] {
        assert_eq!((head(&url).status, head(&url).cost.trips), (status, 1), "{url}");
    }
}
