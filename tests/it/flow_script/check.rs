//! Sources are checked before they are kept, and no source harms the server that does it.

use std::time::Instant;

use proptest::prelude::*;
use quartet::flow::script::{Syntax, check};

use super::BOUND;

#[test]
fn a_check_tells_the_line_of_what_does_not_parse() {
    let syntax = |line, message: &str| {
        Err(Syntax {
            line,
            message: message.to_owned(),
        })
    };
    assert_eq!(check(""), Ok(()));
    assert_eq!(check("const a = await 1;\nnext(a)"), Ok(()));
    assert_eq!(check("throw 1; next(context.get('x'))"), Ok(()));
    assert_eq!(check("for (;;) {}"), Ok(()));
    assert_eq!(check("next(\n'a'\n"), syntax(3, "Unexpected end of input"));
    assert_eq!(check("\n\nreturn 1"), syntax(3, "return not in a function"));
    assert_eq!(
        check("undeclared = 1; with (x) {}"),
        syntax(1, "invalid keyword: with")
    );
    assert_eq!(check("a\nb\0c"), syntax(2, "holds a NUL"));
    assert_eq!(check(&" ".repeat(33_000)), syntax(1, "longer than 32 KiB"));
}

#[test]
fn no_source_harms_the_server_that_checks_it() {
    let begun = Instant::now();
    let pieces = [
        "(",
        "[",
        "{",
        "{a:",
        "`${",
        "!",
        "-",
        "a?",
        "a?b:",
        "new ",
        "()=>",
        "(a,",
        "async()=>",
        "x=>{",
        "function f(){",
        "class A{static{",
        "class A extends(",
        "a:",
        "if(1)",
        "for(;;)",
        "await ",
        "[...",
        "a=",
        "a**",
        "a.b",
        "a[",
        "a(",
        "a`",
        "/(/",
        "typeof ",
        "do ",
        "switch(1){case ",
        "try{",
        "({get a(){",
        "/((((",
    ];
    for piece in pieces {
        let _ = check(&piece.repeat(32_000 / piece.len()));
        let closed = piece.repeat(300);
        let _ = check(&format!("{closed}1{}", "})]}".repeat(300)));
    }
    for pattern in [
        "(",
        "(?:",
        "(?=",
        "[",
        "a{1000}{1000}",
        "(a|",
        "(?<n>",
        "a|",
        "\\1",
        "[a-z",
    ] {
        let _ = check(&format!("/{}/", pattern.repeat(32_000 / pattern.len())));
        let closed = format!("/{}a{}/", pattern.repeat(5000), ")".repeat(5000));
        let _ = check(&closed);
    }
    assert!(begun.elapsed() < 6 * BOUND, "took {:?}", begun.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_checked(source in "(?s).{0,200}") {
        let _ = check(&source);
    }
}
