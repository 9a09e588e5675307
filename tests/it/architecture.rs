//! The rules of the house that a machine can hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sqlx::Row;

use crate::database::Database;

/// Which module may name which. The picture is in ARCHITECTURE.md.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("clock", &[]),
    ("config", &[]),
    ("postgres", &[]),
    ("vault", &[]),
    ("telemetry", &["config"]),
    ("outbound", &["config"]),
    ("files", &["clock", "config", "model"]),
    ("store", &["files", "model", "vault"]),
    ("flow", &["clock", "model", "outbound", "store"]),
    (
        "webhook",
        &["clock", "config", "model", "outbound", "store"],
    ),
    (
        "api",
        &[
            "clock", "config", "files", "flow", "model", "outbound", "store",
        ],
    ),
    (
        "app",
        &[
            "api",
            "clock",
            "config",
            "files",
            "flow",
            "outbound",
            "postgres",
            "store",
            "telemetry",
            "vault",
            "webhook",
        ],
    ),
    ("demo", &["flow", "model", "store"]),
    (
        "bench",
        &[
            "clock", "config", "flow", "model", "outbound", "postgres", "store", "vault",
        ],
    ),
    (
        "cli",
        &[
            "api",
            "app",
            "bench",
            "clock",
            "config",
            "demo",
            "flow",
            "model",
            "postgres",
            "store",
            "telemetry",
        ],
    ),
];

const APIS: &[&str] = &["admin", "bot_open", "chatlake", "imbox", "instabot"];

/// Tables that no account owns: people, how they sign in, the operator's own programs, and their bots for everybody.
const SHARED_TABLES: &[&str] = &[
    "_sqlx_migrations",
    "accounts",
    "platform_apps",
    "shared_bots",
    "sign_in_links",
    "user_sessions",
    "users",
];

pub(crate) struct Source {
    path: PathBuf,
    /// Lines without comments.
    pub(crate) code: String,
}

pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                let code = code.collect::<Vec<_>>().join("\n");
                found.push(Source { path, code });
            }
        }
    }
    found
}

/// The name after every `prefix` in the code.
fn named_after<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(prefix).map(move |(at, _)| {
        let rest = &code[at + prefix.len()..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        &rest[..end]
    })
}

/// The module of `src` that a file belongs to.
fn module_of(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let first = path
        .strip_prefix(root)
        .unwrap()
        .components()
        .next()
        .unwrap();
    let name = first.as_os_str().to_str().unwrap();
    name.trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_name_only_those_below_them() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_NAME.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources("src") {
        let module = module_of(&source.path);
        if module == "lib" || module == "main" {
            continue;
        }
        assert!(
            !source.code.contains("use crate::{"),
            "one `use` a module: {:?}",
            source.path
        );
        let allowed = allowed
            .get(module.as_str())
            .unwrap_or_else(|| panic!("{module} is not listed"));
        for named in named_after(&source.code, "crate::") {
            if named != module && !allowed.contains(&named) {
                wrong.push(format!("{} names {named}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_api_names_another() {
    let mut wrong = Vec::new();
    for api in APIS {
        for source in sources(&format!("src/api/{api}")) {
            let others = APIS.iter().filter(|other| *other != api);
            for other in others {
                let names = [
                    format!("crate::api::{other}"),
                    format!("super::super::{other}"),
                ];
                if names.iter().any(|name| source.code.contains(name)) {
                    wrong.push(format!("{} names {other}", source.path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a text may stand, and nowhere else below `src`.
fn stands_only_in(needles: &[&str], modules: &[&str]) {
    let mut wrong = Vec::new();
    for source in sources("src") {
        if modules.contains(&module_of(&source.path).as_str()) {
            continue;
        }
        for needle in needles {
            if source.code.contains(needle) {
                wrong.push(format!("{} has {needle}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sql_stands_only_in_the_store() {
    stands_only_in(
        &[
            "sqlx::query",
            "query!(",
            "query_as!(",
            "query_scalar!(",
            "raw_sql(",
        ],
        // A yardstick is SQL that no server runs.
        &["store", "bench"],
    );
}

#[test]
fn http_is_known_only_to_the_edge() {
    stands_only_in(&["axum::", "tower_http::", "hyper::"], &["api", "app"]);
}

#[test]
fn one_module_holds_the_http_client() {
    stands_only_in(&["reqwest::"], &["outbound"]);
}

#[test]
fn the_model_knows_no_wire_format() {
    for source in sources("src/model") {
        assert!(!source.code.contains("Serialize"), "{:?}", source.path);
    }
}

/// A contact is found by what `contact_search` says of it.
#[test]
fn whoever_writes_what_contacts_are_searched_by_writes_their_search_too() {
    let searched = ["name =", "email =", "phone_number =", "identifier ="];
    for source in sources("src/store") {
        let statements = source.code.split("update contacts").skip(1);
        let changes = statements
            .filter_map(|rest| rest.split("where account_id").next())
            .any(|set| searched.iter().any(|column| set.contains(column)));
        let inserts = source.code.contains("insert into contacts ");
        if changes || inserts {
            assert!(
                source.code.contains("contact_search::"),
                "{:?} leaves contacts unsearched",
                source.path
            );
        }
    }
}

/// Deleting a contact or a conversation must not fail for what hangs on it.
#[tokio::test]
async fn what_hangs_on_a_contact_goes_with_it() {
    let staying = rows(
        "select conrelid::regclass::text as of from pg_constraint
         where contype = 'f' and confdeltype <> 'c'
           and confrelid::regclass::text in ('contacts', 'contact_inboxes', 'conversations', 'messages')",
    )
    .await;
    let staying: Vec<String> = staying.iter().map(|row| row.get("of")).collect();
    assert!(staying.is_empty(), "{staying:?}");
}

async fn rows(sql: &'static str) -> Vec<sqlx::postgres::PgRow> {
    let database = Database::fresh().await;
    let mut conn = database.connect().await;
    sqlx::query(sql).fetch_all(&mut conn).await.unwrap()
}

#[tokio::test]
async fn every_tenant_table_carries_its_account_in_every_key() {
    let tables = rows(
        "select c.relname::text as name,
                exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'account_id'
                        and a.attnotnull and a.atttypid = 'bigint'::regtype) as carries
         from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace",
    )
    .await;
    let without: Vec<String> = tables
        .iter()
        .filter(|row| !row.get::<bool, _>("carries"))
        .map(|row| row.get::<String, _>("name"))
        .collect();
    let without: BTreeSet<&str> = without.iter().map(String::as_str).collect();
    assert_eq!(without, SHARED_TABLES.iter().copied().collect());

    let keys = rows(
        "select i.indexrelid::regclass::text as index
         from pg_index i join pg_class c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace
         where i.indisunique and c.relname not in ('_sqlx_migrations', 'accounts', 'platform_apps', 'shared_bots', 'sign_in_links', 'user_sessions',
                               'users')
           and not exists (select 1 from pg_attribute a where a.attrelid = i.indrelid
                           and a.attnum = any (i.indkey) and a.attname = 'account_id')",
    )
    .await;
    let keys: Vec<String> = keys.iter().map(|row| row.get("index")).collect();
    assert!(keys.is_empty(), "unique without account_id: {keys:?}");
}

#[tokio::test]
async fn every_reference_between_tenant_tables_carries_the_account() {
    let references = rows(
        "select k.conname::text as name, k.conrelid::regclass::text as of
         from pg_constraint k join pg_class target on target.oid = k.confrelid
         where k.contype = 'f' and k.connamespace = 'public'::regnamespace
           and target.relname not in ('accounts', 'platform_apps', 'shared_bots', 'users')
           and not exists (
               select 1 from unnest(k.conkey, k.confkey) as pair (ours, theirs)
               join pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.ours and a.attname = 'account_id'
               join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.theirs and b.attname = 'account_id')",
    )
    .await;
    let references: Vec<String> = references.iter().map(|row| row.get("name")).collect();
    assert!(references.is_empty(), "{references:?}");

    let mixed = rows(
        "select a.attname::text as column, count(distinct a.atttypid) as types
         from pg_attribute a join pg_class c on c.oid = a.attrelid
         where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attnum > 0
           and (a.attname like '%\\_id' or a.attname = 'id') and a.attname not in ('source_id', 'app_id', 'data_id')
           and c.relname <> '_sqlx_migrations' and a.atttypid <> 'bigint'::regtype
         group by 1",
    )
    .await;
    let mixed: Vec<String> = mixed.iter().map(|row| row.get("column")).collect();
    assert!(mixed.is_empty(), "ids that are not bigint: {mixed:?}");
}

#[tokio::test]
async fn no_extension_is_needed() {
    let extensions = rows("select extname::text as name from pg_extension").await;
    let extensions: Vec<String> = extensions.iter().map(|row| row.get("name")).collect();
    assert_eq!(extensions, ["plpgsql"]);
}
