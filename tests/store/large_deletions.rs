//! Deletions of more than a batch has: they take several batches, can be repeated, and are limited.

use postern::credential::id::Id;
use serde_json::{Value, json};

use crate::deleted::assert_whole;
use support::world::List;
use support::{ACME, ROOT, Reply, World, ZERO, text};

/// A tenant with a user, who has more credentials than two batches delete, and another 1,100 users and credentials.
struct Large {
    world: World,
    user: Id,
    /// An admin among the credentials of the user.
    admin: String,
}

const CREDENTIALS: u32 = 2500;

impl Large {
    fn new() -> Self {
        let world = World::new();
        let url = format!("/v1.0/tenants/{ZERO}");
        let (user, _) = world.put(&format!("{url}/users"), &json!({"FirstName": "the user"}));
        world.many_credentials(ACME, &user.to_string(), 1..CREDENTIALS);
        world.many_credentials(ACME, ACME, 5001..6001);
        world.many_principals(ACME, 1..1101);
        let body = json!({"Name": "admin", "UserGUID": user.guid()});
        let (admin, put) = world.put(&format!("{url}/credentials"), &body);
        world.db.execute(
            "UPDATE credentials SET state = json_set(state, '$.roles', json('[]'), '$.unrestricted', json('true'), '$.access', 'admin') WHERE id = ?1",
            &[&admin.to_string()],
        );
        Self { world, user, admin: text(&put, "BearerToken") }
    }

    /// Each way to delete many, by the admin where it may: the URL, the number of credentials that stay, and of batches.
    fn ways(&self) -> [(String, &str, i64, u64); 6] {
        let (user, admin) = (self.user, self.admin.as_str());
        [
            (format!("/v1.0/tenants/{ZERO}/credentials"), admin, 0, 4),
            (format!("/v1.0/tenants/{ZERO}/users/{}/credentials", user.guid()), admin, 1000, 3),
            (format!("/v1.0/tenants/{ZERO}/users/{}", user.guid()), admin, 1000, 3),
            (format!("/organizations/acme/service-accounts/{user}"), admin, 1000, 3),
            (format!("/v1/tenants/{ACME}?force=true"), ROOT, 0, 5),
            (format!("/v1.0/tenants/{ZERO}?force"), ROOT, 0, 5),
        ]
    }

    fn delete(&self, url: &str, by: &str) -> Reply {
        self.world.call("DELETE", url, by, &Value::Null)
    }

    fn count(&self) -> i64 {
        self.world.db.count("SELECT count(*) FROM credentials")
    }

    /// The caller, the user and the tenant.
    fn survivors(&self) -> i64 {
        self.world.db.count(&format!(
            "SELECT (SELECT count(*) FROM credentials WHERE name = 'admin') + (SELECT count(*) FROM principals WHERE id = '{}')
               + (SELECT count(*) FROM tenants)",
            self.user
        ))
    }
}

#[test]
fn deletion_of_many_takes_batches_of_a_thousand() {
    for number in 0..6 {
        let large = Large::new();
        let (url, by, stay, batches) = large.ways()[number].clone();
        let (before, events) =
            (large.count(), "SELECT count(*) FROM events WHERE noun = 'credential' AND action = 'deleted'");
        let reply = large.delete(&url, by);
        assert!([200, 204].contains(&reply.status), "{url}: {}", reply.text);
        assert_eq!((reply.cost.trips, large.count()), (batches, stay), "{url}");
        assert_eq!(large.world.db.count(events), before - stay, "{url}: an event each");
        assert_whole(&large.world);
        large.world.get(&format!("/v1.0/tenants/{ZERO}"), &large.admin).expect(401);
    }
}

/// Each batch is atomic. The caller, the principal and the tenant go with the last one.
#[test]
fn interrupted_deletion_of_many_continues_when_it_is_repeated() {
    for number in 0..6 {
        let large = Large::new();
        let (url, by, stay, batches) = large.ways()[number].clone();
        let before = large.count();
        for done in 0..i64::try_from(batches).unwrap() {
            // Fails in each batch in turn: when the first credential is deleted after so many batches, or the last user.
            let left = (before - 1000 * done - 1).max(stay);
            large.world.db.execute(
                &format!(
                    "CREATE TRIGGER fails AFTER DELETE ON {} BEGIN SELECT RAISE(ABORT, 'full'); END",
                    if done == 4 {
                        "principals WHEN (SELECT count(*) FROM principals WHERE NOT ending) = 0".to_owned()
                    } else {
                        format!("credentials WHEN (SELECT count(*) FROM credentials) = {left}")
                    }
                ),
                &[],
            );
            let authorization = format!("Bearer {by}");
            let headers = [("authorization", &*authorization)];
            let (answered, _) = large.world.answer(&large.world.db, "DELETE", &url, &List(&headers), b"");
            assert_eq!(answered.answer.status, 500, "{url}: batch {done}");
            assert!(answered.log.is_some_and(|log| log.ends_with("full")), "{url}: batch {done}");
            assert_whole(&large.world);
            assert_eq!(large.count(), (before - 1000 * done).max(0), "{url}: batch {done}");
            assert_eq!(large.survivors(), if done == 4 { 2 } else { 3 }, "{url}: batch {done}");
            large.world.db.execute("DROP TRIGGER fails", &[]);
        }
        assert!([200, 204].contains(&large.delete(&url, by).status), "{url}");
        assert_eq!(large.count(), stay, "{url}");
        assert_whole(&large.world);
    }
}

/// Each batch has its own verdict.
#[test]
fn deletion_of_many_ends_when_its_caller_loses_the_right() {
    for number in 0..4 {
        let large = Large::new();
        let (url, by, ..) = large.ways()[number].clone();
        let before = large.count();
        large.world.db.execute(
            &format!(
                "CREATE TRIGGER disables AFTER DELETE ON credentials WHEN (SELECT count(*) FROM credentials) = {}
                 BEGIN UPDATE credentials SET state = json_set(state, '$.enabled', json('false')) WHERE name = 'admin'; END",
                before - 1500
            ),
            &[],
        );
        assert_eq!(large.delete(&url, by).status, 401, "{url}");
        assert_eq!((large.count(), large.survivors()), (before - 2000, 3), "{url}");
        assert_whole(&large.world);
    }
}

/// The error says how many credentials there are, and nothing was deleted.
fn is_refused(world: &World, method: &str, url: &str) {
    let before = world.db.count("SELECT count(*) FROM credentials");
    let changes = world.db.count("SELECT total_changes()");
    let reply = world.call(method, url, ROOT, &Value::Null);
    assert_eq!(reply.status, 400, "{url}: {}", reply.text);
    assert!(reply.text.contains("10,000"), "{url}: {}", reply.text);
    assert_eq!(world.db.count("SELECT total_changes()"), changes, "{url}: nothing was written");
    assert_eq!(world.db.count("SELECT count(*) FROM credentials"), before);
}

/// Deletions that are limited by the tenant's count.
#[test]
fn deleting_a_tenants_credentials_is_limited_to_ten_thousand() {
    let world = World::new();
    let (account, credentials) = world.service_account();
    world.many_credentials(ACME, ACME, 1..10_000);
    world.many_credentials(ACME, &account, 10_000..10_002);
    let tenant = format!("/v1.0/tenants/{ZERO}");
    for way in ["/credentials", "?force"] {
        is_refused(&world, "DELETE", &format!("{tenant}{way}"));
    }
    // Deletions of single credentials are not limited.
    world.call("DELETE", &format!("{credentials}/{:0>26}", 10_001), ROOT, &Value::Null).expect(204);
    let all = world.call("DELETE", &format!("{tenant}/credentials"), ROOT, &Value::Null).expect(200);
    assert_eq!((all.cost.trips, world.db.count("SELECT count(*) FROM credentials")), (10, 0), "the limit is allowed");
}

/// Deletions that are limited by the user's count.
#[test]
fn deleting_a_users_credentials_is_limited_to_ten_thousand() {
    let world = World::new();
    let (account, credentials) = world.service_account();
    world.many_credentials(ACME, &account, 1..10_002);
    let user = Id::parse(&account).unwrap().guid();
    is_refused(&world, "DELETE", &format!("/v1.0/tenants/{ZERO}/users/{user}/credentials"));
    is_refused(&world, "DELETE", &format!("/v1.0/tenants/{ZERO}/credentials/{user}/credentials"));
    is_refused(&world, "DELETE", &format!("/v1.0/tenants/{ZERO}/users/{user}"));
    is_refused(&world, "DELETE", &format!("/organizations/acme/service-accounts/{account}"));
    is_refused(&world, "DELETE", &format!("/v1.0/tenants/{ZERO}/credentials"));
    is_refused(&world, "DELETE", &format!("/v1.0/tenants/{ZERO}?force"));
    // Another user of the same tenant has few credentials.
    world.call("DELETE", &format!("/v1.0/tenants/{ZERO}/users/{ZERO}/credentials"), ROOT, &Value::Null).expect(200);
    // With one credential less, the deletions succeed, although the tenant has one more than that.
    world.many_credentials(ACME, ACME, 20_000..20_001);
    let one = format!("{credentials}/{:0>26}", 1);
    assert_eq!(world.call("DELETE", &one, ROOT, &Value::Null).status, 204);
    let gone = world.call("DELETE", &format!("/organizations/acme/service-accounts/{account}"), ROOT, &Value::Null);
    assert_eq!((gone.status, gone.cost.trips), (204, 10));
    assert_eq!(world.db.count("SELECT count(*) FROM credentials"), 1);
    assert_eq!(world.db.count("SELECT count(*) FROM events WHERE action = 'deleted' AND by = 'root'"), 10_002);
    assert_whole(&world);
}

/// Deletions that are limited by the number of users.
#[test]
fn deleting_a_tenant_is_limited_to_ten_thousand_users() {
    let world = World::new();
    world.many_principals(ACME, 1..10_000);
    let url = format!("/v1.0/tenants/{ZERO}?force");
    world.many_principals(ACME, 10_000..10_001);
    is_refused(&world, "DELETE", &url);
    let one = format!("/organizations/acme/service-accounts/{:0>26}", 10_000);
    world.call("DELETE", &one, ROOT, &Value::Null).expect(204);
    assert_eq!(world.call("DELETE", &url, ROOT, &Value::Null).expect(200).cost.trips, 10);
    assert_eq!(world.db.count("SELECT count(*) FROM principals"), 0);
}
