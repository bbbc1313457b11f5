//! Data flow of secrets in the Rust source, function by function, and every comparison of one. A text counts as secret
//! by its origin (a type, a member, a method, a header), by its name, or if it is derived from such a text. This
//! over-approximates: comparisons that examine only the form of a token are listed in [`FORM`], with the reason.

use std::collections::{BTreeMap, BTreeSet};

use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{
    BinOp, Block, Expr, ExprMatch, FnArg, ImplItemFn, ItemFn, ItemImpl, Pat, ReturnType, Signature, Token, TraitItemFn,
    Type,
};

use crate::source::{self, text};

/// Types that may be or contain the text of a secret. Other types are Postern's own, which cannot be compared
/// (`types.rs`), or reveal nothing.
const TEXTS: [&str; 7] = ["str", "String", "u8", "Zeroizing", "Value", "Cow", "Output"];

/// Methods, functions and members that return a secret, and variables that are one.
const SOURCES: &str = "reveal checksum finalize into_bytes root_token digest sealed caller_sealed signature authorization \
    presented token bearer pair master access_token";

/// Functions whose first argument is a secret.
const TAKE: [&str; 4] = ["Token::read", "Zeroizing::new", "Caller::bearer", "same"];

/// Methods that report the length, presence or form of a text, not its contents.
const LENGTHS: &str = "len is_empty is_some is_none is_ok is_err is_ascii_graphic has_body parse ct_eq verify_slice";

/// Methods that compare.
const COMPARE: &str = "eq ne cmp partial_cmp lt le gt ge max min contains starts_with ends_with strip_prefix strip_suffix \
    eq_ignore_ascii_case find rfind matches match_indices position binary_search contains_key get get_mut entry \
    remove insert sort sort_unstable dedup replace";

/// Whether a name is one of a list.
fn is_in(names: &str, name: &str) -> bool {
    names.split(' ').any(|one| one == name)
}

/// Comparisons of texts that are not secret, or of only the form of a token: the file, the comparison, the reason.
const FORM: [(&str, &str, &str); 25] = [
    ("caller.rs", "Id::parse_client(id)!=Some(*client)", "the id of a client"),
    ("caller.rs", "scheme.eq_ignore_ascii_case(\"basic\")", "the word before the secret"),
    ("caller.rs", "scheme.eq_ignore_ascii_case(\"bearer\")", "the word before the secret"),
    ("caller.rs", "text.contains(':')", "whether it is an id and a secret: the prefix is public"),
    ("caller.rs", "text.starts_with(\"client_\")", "the same"),
    ("credential/id.rs", "*first>b'7'", "reads the id that a token carries"),
    ("credential/id.rs", "text.strip_prefix(CLIENT_PREFIX)", "reads a client's id"),
    ("credential/secret.rs", "given.strip_prefix(prefix)", "the prefix of all tokens"),
    ("credential/secret.rs", "given.strip_prefix(prefix)?.strip_prefix(ACCESS)", "the prefix of all access tokens"),
    ("credential/secret.rs", "text.strip_prefix(prefix)", "the prefix of all tokens"),
    ("credential/shape.rs", "given.contains(':')", "a token that the client itself chooses"),
    ("credential/shape.rs", "given.starts_with(\"client_\")", "the same"),
    ("face.rs", "seconds.to_string()==text", "a number of seconds"),
    (
        "jwt/jws.rs",
        "(0..=Micros::MAX.0/1_000_000).contains(&seconds)",
        "a name or a time in an assertion, not its signature",
    ),
    ("jwt/jws.rs", "self.claims.get(name)", "a name or a time in an assertion, not its signature"),
    ("jwt/trust.rs", "token.issuer()==issuer", "what an assertion says, not its signature"),
    ("jwt/trust.rs", "subject.matches(token.subject())", "the same"),
    ("jwt/trust.rs", "token.audience()==audience", "the same"),
    ("jwt/trust.rs", "token.audience().strip_prefix(audience)", "the same"),
    ("jwt/trust.rs", "token.audience().strip_prefix(audience)==Some(\"/oauth/token\")", "the same"),
    ("request.rs", "text.replace('+',\"\")", "decodes what was presented"),
    ("face/oauth.rs", "**kind==ASSERTION_TYPE", "another member of the form"),
    ("face/oauth.rs", "form.contains_key(\"client_assertion\")", "whether there is a second authentication"),
    ("face/oauth.rs", "form.contains_key(\"client_secret\")", "whether there is a second authentication"),
    ("face/oauth.rs", "match form.get(\"grant_type\").map(|grant|grant.as_str())", "another member of the form"),
];

/// A function of the source.
struct Function {
    name: String,
    /// The type of a method.
    owner: String,
    file: String,
    /// For each parameter, its names, and whether it may be a text.
    parameters: Vec<(BTreeSet<String>, bool)>,
    /// The names in the return type.
    gives: BTreeSet<String>,
    body: Block,
}

/// The names within a pattern or a type.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.0.insert(ident.to_string());
    }
}

fn names_of_type(kind: &Type) -> BTreeSet<String> {
    let mut names = Names::default();
    names.visit_type(kind);
    names.0
}

/// The variables that a pattern binds.
#[derive(Default)]
struct Bound(BTreeSet<String>);

impl<'ast> Visit<'ast> for Bound {
    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.0.insert(pattern.ident.to_string());
        syn::visit::visit_pat_ident(self, pattern);
    }
}

fn bound(pattern: &Pat) -> BTreeSet<String> {
    let mut bound = Bound::default();
    bound.visit_pat(pattern);
    bound.0
}

fn may_hold(kind: &Type) -> bool {
    may_be(&names_of_type(kind))
}

fn may_be(names: &BTreeSet<String>) -> bool {
    names.iter().any(|name| TEXTS.contains(&name.as_str()))
}

#[derive(Default)]
struct Functions {
    file: String,
    owner: String,
    all: Vec<Function>,
}

impl Functions {
    fn add(&mut self, signature: &Signature, body: &Block) {
        let parameters = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some((bound(&typed.pat), may_hold(&typed.ty))),
            FnArg::Receiver(_) => None,
        });
        let gives = match &signature.output {
            ReturnType::Default => BTreeSet::new(),
            ReturnType::Type(_, kind) => names_of_type(kind),
        };
        self.all.push(Function {
            name: signature.ident.to_string(),
            owner: self.owner.clone(),
            file: self.file.clone(),
            parameters: parameters.collect(),
            gives,
            body: body.clone(),
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.add(&item.sig, &item.block);
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        self.owner = names_of_type(&item.self_ty).into_iter().next().unwrap_or_default();
        syn::visit::visit_item_impl(self, item);
        self.owner.clear();
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.add(&item.sig, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.add(&item.sig, body);
        }
        syn::visit::visit_trait_item_fn(self, item);
    }
}

/// A parameter: the function's name, the number of its parameters, and the index of the parameter.
type Given = (String, usize, usize);

/// What is known about all functions: which return the text of a secret, and which parameters receive one.
struct Known {
    /// By name and number of parameters: the return types of such functions.
    gives: BTreeMap<(String, usize), BTreeSet<String>>,
    given: BTreeSet<Given>,
}

/// One function, read.
struct Walk<'a> {
    known: &'a Known,
    /// The variables that contain a secret.
    secrets: BTreeSet<String>,
    /// The parameters of Postern's functions that receive a secret.
    passed: BTreeSet<Given>,
    /// The comparisons.
    compared: BTreeSet<String>,
}

impl Walk<'_> {
    /// Whether an expression is, or is derived from, the text of a secret.
    fn is_secret(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Path(path) => path.path.get_ident().is_some_and(|name| {
                let name = name.to_string();
                self.secrets.contains(&name) || is_in(SOURCES, &name)
            }),
            Expr::Field(field) => {
                let name = text(&field.member);
                // The parts of a pair, and the text of a sealed value.
                let part = matches!(field.member, syn::Member::Unnamed(_)) || name == "text";
                is_in(SOURCES, &name) || part && self.is_secret(&field.base)
            }
            Expr::MethodCall(call) => {
                let name = call.method.to_string();
                if is_in(LENGTHS, &name) {
                    return false;
                }
                if let Some(known) = self.gives(&name, call.args.len()) {
                    return known;
                }
                let presented =
                    name == "get" && call.args.iter().any(|argument| text(argument).contains("\"authorization\""));
                presented
                    || is_in(SOURCES, &name)
                    || self.is_secret(&call.receiver)
                    || call.args.iter().any(|argument| self.is_secret(argument))
            }
            Expr::Call(call) => {
                let name = last(&call.func);
                if let Some(known) = self.gives(&name, call.args.len()) {
                    return known;
                }
                is_in(SOURCES, &name)
                    || self.is_secret(&call.func)
                    || call.args.iter().any(|argument| self.is_secret(argument))
            }
            Expr::Macro(call) => arguments(&call.mac).iter().any(|argument| self.is_secret(argument)),
            Expr::Reference(inner) => self.is_secret(&inner.expr),
            Expr::Unary(inner) => self.is_secret(&inner.expr),
            Expr::Paren(inner) => self.is_secret(&inner.expr),
            Expr::Try(inner) => self.is_secret(&inner.expr),
            Expr::Await(inner) => self.is_secret(&inner.base),
            Expr::Cast(inner) => self.is_secret(&inner.expr),
            Expr::Index(inner) => self.is_secret(&inner.expr),
            Expr::Closure(closure) => self.is_secret(&closure.body),
            Expr::Array(items) => items.elems.iter().any(|item| self.is_secret(item)),
            Expr::Tuple(items) => items.elems.iter().any(|item| self.is_secret(item)),
            Expr::Struct(made) => made.fields.iter().any(|field| self.is_secret(&field.expr)),
            Expr::Block(block) => self.ends_in(&block.block),
            Expr::If(branches) => {
                self.ends_in(&branches.then_branch)
                    || branches.else_branch.as_ref().is_some_and(|(_, other)| self.is_secret(other))
            }
            Expr::Match(found) => found.arms.iter().any(|arm| self.is_secret(&arm.body)),
            _ => false,
        }
    }

    /// Whether a function of Postern returns a secret, as far as its type shows.
    fn gives(&self, name: &str, parameters: usize) -> Option<bool> {
        let names = self.known.gives.get(&(name.to_owned(), parameters))?;
        if names.contains("Zeroizing") { Some(true) } else { Some(false).filter(|_| !may_be(names)) }
    }

    fn ends_in(&self, block: &Block) -> bool {
        matches!(block.stmts.last(), Some(syn::Stmt::Expr(last, None)) if self.is_secret(last))
    }

    fn hold(&mut self, pattern: &Pat, expr: &Expr) {
        if self.is_secret(expr) {
            self.secrets.append(&mut bound(pattern));
        }
    }

    fn hand_on(&mut self, name: &str, arguments: &Punctuated<Expr, Token![,]>) {
        for (place, argument) in arguments.iter().enumerate() {
            if self.is_secret(argument) && !is_in(COMPARE, name) {
                self.passed.insert((name.to_owned(), arguments.len(), place));
            }
        }
    }
}

/// The name of a called function, with its type if the call names one.
fn called(function: &Expr) -> String {
    let name = last(function);
    let path = text(function);
    let owner = path.rsplit("::").nth(1).filter(|owner| owner.starts_with(char::is_uppercase) && *owner != "Self");
    owner.map_or(name.clone(), |owner| format!("{owner}::{name}"))
}

/// The last segment of a function's path.
fn last(function: &Expr) -> String {
    match function {
        Expr::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default(),
        _ => String::new(),
    }
}

/// The arguments of a macro that are expressions; for a format string, also the names in it.
fn arguments(call: &syn::Macro) -> Vec<Expr> {
    let all = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
    let mut all: Vec<Expr> = all.map(|all| all.into_iter().collect()).unwrap_or_default();
    if let Some(Expr::Lit(first)) = all.first() {
        let format = text(first);
        let named = format.split('{').skip(1).filter_map(|rest| rest.split(['}', ':']).next().map(str::to_owned));
        all.extend(named.collect::<Vec<_>>().iter().filter_map(|name| syn::parse_str(name).ok()));
    }
    all
}

/// Whether a pattern contains a value, not only a shape.
fn has_a_value(pattern: &Pat) -> bool {
    struct Values(bool);
    impl<'ast> Visit<'ast> for Values {
        fn visit_expr_lit(&mut self, _: &'ast syn::ExprLit) {
            self.0 = true;
        }
        // A pattern's guard is an expression of its own.
        fn visit_pat_guard(&mut self, guard: &'ast syn::PatGuard) {
            self.visit_pat(&guard.pat);
        }
        fn visit_expr_range(&mut self, _: &'ast syn::ExprRange) {
            self.0 = true;
        }
    }
    let mut values = Values(false);
    values.visit_pat(pattern);
    values.0
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        let typed = matches!(&local.pat, Pat::Type(typed) if !may_hold(&typed.ty));
        if let Some(init) = local.init.as_ref().filter(|_| !typed) {
            self.hold(&local.pat, &init.expr);
        }
        syn::visit::visit_local(self, local);
    }

    fn visit_expr_let(&mut self, found: &'ast syn::ExprLet) {
        self.hold(&found.pat, &found.expr);
        if has_a_value(&found.pat) && self.is_secret(&found.expr) {
            self.compared.insert(text(found));
        }
        syn::visit::visit_expr_let(self, found);
    }

    fn visit_expr_for_loop(&mut self, each: &'ast syn::ExprForLoop) {
        self.hold(&each.pat, &each.expr);
        syn::visit::visit_expr_for_loop(self, each);
    }

    fn visit_expr_match(&mut self, found: &'ast ExprMatch) {
        for arm in &found.arms {
            self.hold(&arm.pat, &found.expr);
        }
        if self.is_secret(&found.expr) && found.arms.iter().any(|arm| has_a_value(&arm.pat)) {
            self.compared.insert(format!("match {}", text(&found.expr)));
        }
        syn::visit::visit_expr_match(self, found);
    }

    fn visit_expr_binary(&mut self, both: &'ast syn::ExprBinary) {
        let compares =
            matches!(both.op, BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_));
        if compares && (self.is_secret(&both.left) || self.is_secret(&both.right)) {
            self.compared.insert(text(both));
        }
        syn::visit::visit_expr_binary(self, both);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        let receiver = self.is_secret(&call.receiver);
        // The parameter of the closure of a `map` or a `filter`.
        for argument in &call.args {
            if let (true, Expr::Closure(closure)) = (receiver, argument) {
                closure.inputs.iter().for_each(|input| self.secrets.append(&mut bound(input)));
            }
        }
        let given = call.args.iter().any(|argument| !matches!(argument, Expr::Closure(_)) && self.is_secret(argument));
        let looks_up = ["get", "get_mut", "entry", "remove", "insert", "max", "min"].contains(&name.as_str());
        let by_closure = matches!(call.args.first(), Some(Expr::Closure(_)));
        if is_in(COMPARE, &name) && (given || receiver && !looks_up && !by_closure) {
            self.compared.insert(text(call));
        }
        self.hand_on(&name, &call.args);
        syn::visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        // The first argument of these functions is a secret.
        if let Some(first) = call.args.first().filter(|_| TAKE.contains(&text(&call.func).as_str())) {
            let mut names = Names::default();
            names.visit_expr(first);
            self.secrets.append(&mut names.0);
        }
        self.hand_on(&called(&call.func), &call.args);
        syn::visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let all = arguments(call);
        if call.path.is_ident("matches") {
            let parts = text(&call.tokens);
            let subject = parts.split(',').next().and_then(|subject| syn::parse_str::<Expr>(subject).ok());
            let says = parts.split_once(',').is_some_and(|(_, pattern)| pattern.contains('"'));
            if subject.is_some_and(|subject| self.is_secret(&subject)) && says {
                self.compared.insert(format!("matches!({parts})"));
            }
        } else if ["assert_eq", "assert_ne", "debug_assert_eq"].iter().any(|name| call.path.is_ident(name))
            && all.iter().any(|argument| self.is_secret(argument))
        {
            self.compared.insert(text(call));
        }
        for argument in &all {
            self.visit_expr(argument);
        }
    }

    // A nested function is read on its own.
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// Every comparison of a secret's text, with its file.
fn compared(files: &[(String, String)]) -> BTreeSet<(String, String)> {
    let mut functions = Functions::default();
    for (file, text) in files {
        functions.file.clone_from(file);
        functions.visit_file(&source::read(text));
    }
    let mut gives = BTreeMap::<_, BTreeSet<String>>::new();
    for function in &functions.all {
        gives.entry((function.name.clone(), function.parameters.len())).or_default().extend(function.gives.clone());
    }
    let mut known = Known { gives, given: BTreeSet::new() };
    loop {
        let (mut passed, mut found) = (BTreeSet::new(), BTreeSet::new());
        for function in &functions.all {
            let parameters = function.parameters.iter().enumerate().filter(|(place, (_, text))| {
                let takes = |name: String| known.given.contains(&(name, function.parameters.len(), *place));
                *text && (takes(function.name.clone()) || takes(format!("{}::{}", function.owner, function.name)))
            });
            let mut walk = Walk {
                known: &known,
                secrets: parameters.flat_map(|(_, (names, _))| names.clone()).collect(),
                passed: BTreeSet::new(),
                compared: BTreeSet::new(),
            };
            // Until no more variables are found.
            loop {
                let before = walk.secrets.len();
                walk.visit_block(&function.body);
                if walk.secrets.len() == before {
                    break;
                }
            }
            passed.append(&mut walk.passed);
            found.extend(walk.compared.into_iter().map(|comparison| (function.file.clone(), comparison)));
        }
        let before = known.given.len();
        known.given.append(&mut passed);
        if known.given.len() == before {
            return found;
        }
    }
}

#[test]
fn secrets_are_compared_only_in_constant_time() {
    let found = compared(&source::files("rs"));
    let known: BTreeSet<_> =
        FORM.iter().map(|(file, comparison, _)| ((*file).to_owned(), (*comparison).to_owned())).collect();
    let new: Vec<_> = found.difference(&known).collect();
    assert!(
        new.is_empty(),
        "a secret is compared, or what looks like one. Compare it by `same`, or write down in FORM why it \
        tells nothing of it: {new:#?}"
    );
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "in FORM, but not in the source: {gone:#?}");
}

/// Each of these comparisons is detected.
#[test]
fn every_form_of_secret_comparison_is_detected() {
    for body in [
        "if text == settings.root_token.as_str() { return true; }",
        "settings.root_token.as_str().eq(text)",
        "keys.digest(\"purpose\", b\"x\") == stored",
        "let proof = keys.prove(&token); proof.digest != stored.digest",
        "let mine = token.reveal().to_owned(); let (first, _) = mine.split_at(4); first == text",
        "match token.reveal() { \"default\" => true, _ => false }",
        "if let \"default\" = token.reveal() { return true; }",
        "matches!(token.reveal(), \"default\")",
        "known.contains(&token.reveal().to_owned())",
        "let cache = seen(); cache.get(token.reveal())",
        "let bytes = mac.finalize().into_bytes(); for (a, b) in bytes.iter().zip(given) { if a != b { return false; } }",
        "headers.get(\"authorization\").is_some_and(|said| said == expected)",
        "let name = format!(\"{signature}\"); name.cmp(&given)",
        "let read = Token::read(said, \"pstn_\"); said == expected",
        "passes_on(token.reveal())",
        "stored.sealed.starts_with(text)",
    ] {
        let source = format!(
            "fn passed(given: &str) -> bool {{ given == OTHER }} fn passes_on(x: &str) -> bool {{ passed(x) }} fn f() {{ {body} }}"
        );
        assert_ne!(compared(&[("a.rs".to_owned(), source)]), BTreeSet::new(), "{body}");
    }
    for body in [
        "token.reveal().len() == 4",
        "let id = Id::parse(text); id == other",
        "same(text, &settings.root_token)",
        "name == \"on\"",
    ] {
        let source = format!("fn f() {{ {body}; }}");
        assert_eq!(compared(&[("a.rs".to_owned(), source)]), BTreeSet::new(), "{body}");
    }
}

/// The crate that compares in constant time, and the function that verifies a MAC with it.
#[test]
fn constant_time_comparison_is_in_one_file() {
    for (file, text) in source::files("rs") {
        let mut names = Names::default();
        names.visit_file(&source::read(&text));
        for name in ["subtle", "ct_eq", "verify_slice"] {
            assert_eq!(names.0.contains(name), file == "credential/secret.rs", "src/{file} names {name}");
        }
    }
}
