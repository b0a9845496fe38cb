//! Components that would cost the host its memory, its stack or minutes: refused before anything is compiled.

use std::time::Instant;

use expect_test::{Expect, expect};
use signalbox_build::embed_manifest;
use signalbox_sandbox::inspect::inspect;
use signalbox_tests::robots::HOSTILE;

use super::Bench;
use super::text;

/// What every component begins with.
const HEAD: &[u8] = b"\0asm\x0d\0\x01\0";

/// In a debug build on a busy machine. What is refused here would take minutes, or more memory than there is.
const SECONDS_MAX: u64 = 5;

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn section(id: u8, body: &[u8]) -> Vec<u8> {
    [&[id], leb(body.len()).as_slice(), body].concat()
}

fn name(text: &str) -> Vec<u8> {
    [leb(text.len()).as_slice(), text.as_bytes()].concat()
}

/// A good robot that has one more component in it.
fn with_component(component: &[u8]) -> Vec<u8> {
    [HOSTILE, section(4, component).as_slice()].concat()
}

/// A good robot with one more function, which has this body.
fn with_function(text: &str) -> Vec<u8> {
    let component = format!("(component (core module (func {text})))");
    with_component(&wat::parse_str(component).expect("well-formed text"))
}

/// The component is refused with these words, and soon.
#[track_caller]
fn refused(bytes: &[u8], expected: Expect) {
    let began = Instant::now();
    let error = inspect(bytes).expect_err("no robot");
    expected.assert_eq(&error.to_string());
    assert!(began.elapsed().as_secs() < SECONDS_MAX, "{:?}", began.elapsed());
}

#[test]
fn ten_thousand_imports_are_counted_and_not_listed() {
    let imports =
        (0..10_000).flat_map(|number| [&[0], name(&format!("a{number}")).as_slice(), &[1, 0]].concat());
    let imports = [leb(10_000), imports.collect()].concat();
    // Type 0 is a function without parameters and result.
    let types = section(7, &[1, 0x40, 0, 1, 0]);
    let component = [HEAD, types.as_slice(), section(10, &imports).as_slice()].concat();
    refused(
        &embed_manifest(&component, text::MANIFEST),
        expect!["the component has 10000 imports, at most 200 are allowed"],
    );
}

#[test]
fn functions_that_the_contract_does_not_have_are_named_and_the_rest_is_counted() {
    let functions = (0..100).map(|number| format!(r#"(export "f{number}" (func))"#));
    let component = wat::parse_str(format!(
        r#"(component (import "signalbox:robot/items@0.9.0" (instance {})))"#,
        functions.collect::<String>()
    ));
    refused(
        &embed_manifest(&component.expect("well-formed text"), text::MANIFEST),
        expect![
            "the component uses items.f0, items.f1, items.f2, items.f3, items.f4, items.f5, items.f6, items.f7, items.f8, items.f9 and 90 more, which the contract of this host (0.9) does not have; `signalbox wit` prints what it has; the component imports `items`, but its manifest asks for no permission `items`; the component does not export `signalbox:robot/entry@0.9.1` with its function `run`"
        ],
    );
}

#[test]
fn types_in_types_do_not_overflow_the_stack() {
    let mut nested = vec![0x41, 0];
    for _ in 0..20_000 {
        nested = [[0x41, 1, 1].as_slice(), &nested].concat();
    }
    let types = section(7, &[[1].as_slice(), &nested].concat());
    let component = [HEAD, types.as_slice()].concat();
    let refusal = || expect!["the component has 17 types in types, at most 16 are allowed"];
    refused(&embed_manifest(&component, text::MANIFEST), refusal());
    refused(&with_component(&component), refusal());
}

#[test]
fn components_in_components_end_at_some_depth() {
    let component = (0..900).fold(HEAD.to_vec(), |inner, _| [HEAD, &section(4, &inner)].concat());
    refused(
        &with_component(&component),
        expect!["the component has 17 components in components, at most 16 are allowed"],
    );
}

/// 2 to the power of `depth` instances of one module.
fn doubled(depth: usize) -> Vec<u8> {
    let mut text = "(component (component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
    for level in 1..=depth {
        text += &format!(
            "(component $c{level} (alias outer 1 {} (component $p)) (instance (instantiate $p)) (instance (instantiate $p)))",
            level - 1
        );
    }
    text += &format!("(instance (instantiate $c{depth})))");
    let component = wat::parse_str(text).expect("well-formed text");
    // Of the robot's components it is the second.
    [with_component(&component), section(5, &[1, 0, 1, 0])].concat()
}

#[tokio::test]
async fn instances_that_double_thirty_times_are_never_made() {
    refused(
        &doubled(30),
        expect!["the component has 128 core instances, at most 64 are allowed"],
    );
    // So many may be there.
    let bench = Bench::get().await;
    bench.sandbox.load(doubled(3)).await.expect("a robot");
}

#[test]
fn component_that_is_handed_over_is_refused() {
    for text in [
        "(component (import \"c\" (component)))",
        "(component (component $c (component $d) (export \"d\" (component $d)))
            (instance $i (instantiate $c)) (alias export $i \"d\" (component)))",
    ] {
        let component = wat::parse_str(text).expect("well-formed text");
        refused(
            &with_component(&component),
            expect![
                "the component is not valid: a component in it is imported or taken from an instance; let each be where it is instantiated"
            ],
        );
    }
}

#[test]
fn declarations_have_a_bound_too() {
    let types = format!("(component {})", "(type (func))".repeat(300_000));
    let component = wat::parse_str(types).expect("well-formed text");
    refused(
        &with_component(&component),
        expect!["the component has 1200003 bytes of declarations, at most 1048576 are allowed"],
    );
}

#[test]
fn functions_that_take_the_compiler_minutes_are_refused() {
    refused(
        &with_function(&"(block)".repeat(20_001)),
        expect!["the component has 20001 blocks in one function, at most 20000 are allowed"],
    );
    refused(
        &with_function(&format!("{}{}", "block ".repeat(4_001), "end ".repeat(4_001))),
        expect!["the component has 4001 blocks in blocks, at most 4000 are allowed"],
    );
    refused(
        &with_function(&"(local i32)".repeat(2_001)),
        expect!["the component has 2001 local variables in one function, at most 2000 are allowed"],
    );
    refused(
        &with_function(&"nop ".repeat(2 * 1024 * 1024)),
        expect!["the component has 2097154 bytes in one function, at most 2097152 are allowed"],
    );
    let many = format!("(component (core module {}))", "(func)".repeat(100_001));
    let many = wat::parse_str(many).expect("well-formed text");
    refused(
        &with_component(&many),
        expect!["the component has 100001 functions, at most 100000 are allowed"],
    );
}

#[test]
fn component_for_threads_says_so() {
    let told = "the component is compiled for threads, and a robot has one; build it without them (thread";
    for module in [
        "(memory 1 2 shared)",
        "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
    ] {
        let component = wat::parse_str(format!("(component (core module {module}))"));
        let error = inspect(&with_component(&component.expect("well-formed text"))).expect_err(module);
        assert!(error.to_string().starts_with(told), "{error}");
    }
}

#[tokio::test]
async fn what_the_inspection_lets_pass_the_compiler_takes() {
    let bench = Bench::get().await;
    for module in [
        "(memory i64 1)",
        "(func (result v128) (v128.const i32x4 0 0 0 0))",
        "(func $f (return_call $f))",
        "(type $t (func)) (func (param (ref $t)))",
    ] {
        let component = wat::parse_str(format!("(component (core module {module}))")).expect(module);
        bench
            .sandbox
            .load(with_component(&component))
            .await
            .expect(module);
    }
    for (module, words) in [
        ("(type (struct (field i32)))", "gc"),
        ("(tag $t) (func (throw $t))", "exceptions"),
    ] {
        let component = wat::parse_str(format!("(component (core module {module}))")).expect(module);
        let error = inspect(&with_component(&component))
            .expect_err(module)
            .to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// Numbers that only look random: Marsaglia, "Xorshift RNGs", section 4.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 33).expect("31 bits")
}

#[test]
fn whatever_is_damaged_is_read_to_an_end() {
    let seed = std::env::var("SIGNALBOX_SEED").ok();
    let seed = seed.and_then(|text| text.parse().ok()).unwrap_or(2_026_u64);
    eprintln!("SIGNALBOX_SEED={seed}");
    let (mut state, mut refused_count) = (seed.max(1), 0);
    // The outer component's own sections, where most of the structure is, lie behind its modules.
    for round in 0..400 {
        let mut damaged = HOSTILE.to_vec();
        let from = if round % 2 == 0 { 0 } else { damaged.len() - 4_000 };
        for _ in 0..=next(&mut state) % 4 {
            let at = from + next(&mut state) % (damaged.len() - from);
            damaged[at] = next(&mut state) as u8;
        }
        refused_count += usize::from(inspect(&damaged).is_err());
    }
    assert!(refused_count > 200, "{refused_count}");
}
