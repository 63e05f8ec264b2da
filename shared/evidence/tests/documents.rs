//! Signed documents and keys: one spelling, and nothing else passes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use evidence::public_key::{KeyFault, PublicKey};
use evidence::signed::{DocumentFault, MAX_BYTES, SignedDocument, signing_digest};
use evidence::statement::{Statement, StatementFault};
use p256::ecdsa::Signature;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::{EncodePublicKey, LineEnding};
use proptest::prelude::*;
use std::sync::LazyLock;
use support::*;

/// Made once: signing takes its time.
static STATEMENT: LazyLock<Statement> = LazyLock::new(|| scene().head_statement("Contained"));
static SIGNED: LazyLock<Vec<u8>> = LazyLock::new(|| signed(&signing_key(7), &STATEMENT));

fn statement() -> Statement {
    STATEMENT.clone()
}

fn stated(bytes: &[u8]) -> Result<Statement, DocumentFault> {
    SignedDocument::parse(bytes)?.verify(&public_key(&signing_key(7)))
}

/// `statement`'s document, altered and then signed with the right key.
fn signed_with(from: &str, to: &str) -> Result<Statement, DocumentFault> {
    let document = statement().document().unwrap();
    assert!(document.contains(from), "{document}");
    stated(&signed_text(&signing_key(7), document.replacen(from, to, 1)))
}

#[test]
fn what_was_signed_comes_out() {
    assert_eq!(stated(&SIGNED.clone()).unwrap(), statement());
}

#[test]
fn a_signature_over_the_digest_is_the_signature_over_the_document() {
    let document = statement().document().unwrap();
    let signature: Signature = signing_key(7).sign_prehash(&signing_digest(&document)).unwrap();
    let signed = SignedDocument::new(document, signature.to_der().as_bytes().to_vec());
    assert_eq!(signed.verify(&public_key(&signing_key(7))).unwrap(), statement());
}

#[test]
fn the_document_has_the_form_that_is_on_record() {
    let expected = r#"{"kind":"cordon-evidence-head","schema":1,"incident":"inc-20260921-140000-0123456789","signing_key":"arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555","journal":{"sequence":6,"hash":"HASH"},"state":"Contained","at":"2026-09-21T14:13:20Z"}"#;
    let hash = scene().head().hash;
    assert_eq!(statement().document().unwrap(), expected.replace("HASH", &hash));
}

#[test]
fn another_kind_schema_field_or_spelling_is_refused_though_it_is_signed() {
    let fault = |from, to| match signed_with(from, to).unwrap_err() {
        DocumentFault::Statement(fault) => fault,
        other => panic!("{other}"),
    };
    assert_eq!(fault("\"schema\":1", "\"schema\":2"), StatementFault::UnknownSchema { found: 2 });
    for (from, to) in [
        ("cordon-evidence-head", "cordon-evidence-manifest"),
        ("\"kind\":\"cordon-evidence-head\",", ""),
        ("\"state\"", "\"more\":1,\"state\""),
        ("\"state\"", "\"state\":\"x\",\"state\""),
        ("\"kind\"", "\"kind\":\"cordon-evidence-manifest\",\"kind\""),
        ("Z\"}", "Z\"} x"),
        ("\"sequence\":6", "\"sequence\":-6"),
        ("\"sequence\":6", "\"sequence\":4294967296"),
    ] {
        assert!(matches!(fault(from, to), StatementFault::Unreadable { .. }), "{to}");
    }
    for (from, to) in
        [("\"schema\"", " \"schema\""), ("Contained", "\\u0043ontained"), (":20Z", ":20+00:00"), (":20Z", ":20.0Z")]
    {
        assert_eq!(fault(from, to), StatementFault::Misspelled, "{to}");
    }
}

#[test]
fn other_than_two_lines_or_another_signature_line_is_refused() {
    let good = String::from_utf8(SIGNED.clone()).unwrap();
    let parse = |text: String| SignedDocument::parse(text.as_bytes()).unwrap_err();
    for bad in ["".to_owned(), "\n".to_owned(), good.trim_end().to_owned(), good.replace('\n', " ")] {
        assert_eq!(parse(bad), DocumentFault::NotTwoLines);
    }
    for (from, to) in [
        ("ECDSA_SHA_256", "ECDSA_SHA_384"),
        ("{\"algorithm\"", "{ \"algorithm\""),
        ("\"}\n", "\"}\n\n"),
        ("\"}\n", "=\"}\n"),
        ("\"}\n", "\u{1b}\"}\n"),
        ("\"signature\"", "\"key\":1,\"signature\""),
    ] {
        let (document, line) = good.split_once('\n').unwrap();
        assert!(line.contains(from), "{line}");
        let fault = parse(format!("{document}\n{}", line.replacen(from, to, 1)));
        assert!(matches!(fault, DocumentFault::NoSignature { .. }), "{to}: {fault}");
        assert!(!fault.to_string().contains('\u{1b}'));
    }
    let bytes = MAX_BYTES + 1;
    assert_eq!(parse("x".repeat(bytes)), DocumentFault::TooLong { bytes });
    assert_eq!(SignedDocument::parse(b"\xff\n\n").unwrap_err(), DocumentFault::NotTwoLines);
}

#[test]
fn a_key_has_one_fingerprint_however_it_is_written() {
    let key = signing_key(7);
    let key = key.verifying_key();
    let der = key.to_public_key_der().unwrap();
    let fingerprint = evidence::content::Content::of(der.as_bytes()).sha256;
    let pem = |ending| key.to_public_key_pem(ending).unwrap();
    let unix = pem(LineEnding::LF);
    for written in [der.as_bytes(), unix.as_bytes(), pem(LineEnding::CRLF).as_bytes(), format!("\n{unix}\n").as_bytes()]
    {
        let parsed = PublicKey::parse(written).unwrap();
        assert_eq!(parsed.fingerprint(), fingerprint);
        assert_eq!(parsed.pem(), unix);
    }
    for bad in [b"".as_slice(), b"-----BEGIN PUBLIC KEY-----", &der.as_bytes()[1..], &[der.as_bytes(), b"x"].concat()] {
        assert!(matches!(PublicKey::parse(bad), Err(KeyFault::Unreadable { .. })));
    }
}

proptest! {
    #[test]
    fn no_altered_byte_of_a_signed_document_passes(position in any::<usize>(), flip in 1u8..) {
        let mut bytes = SIGNED.clone();
        let at = position % bytes.len();
        bytes[at] ^= flip;
        prop_assert!(stated(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(stated(&bytes).is_err());
        prop_assert!(PublicKey::parse(&bytes).is_err());
    }
}
