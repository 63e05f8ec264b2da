//! Whatever text outsiders choose, the page stays the page, and the terminal stays the reader's.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

mod page;
#[path = "../examples/sample_report/scene.rs"]
mod scene;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use containment::ids::GroupName;
use containment::incident::StepStatus;
use containment::journal::EventBody;
use containment::step::Step;
use page::elements;
use proptest::prelude::*;
use report::{EvidenceItem, MissingEvidence};
use scene::{Scene, opening, partly_contained};
use sha2::{Digest, Sha256};
use signal::OneLine;

/// All that the page consists of; anything else came from a value.
const ELEMENTS: &str = "html head meta title style body header main footer section p h1 h2 h3 div span bdi ul ol li dl \
    dt dd table thead tbody tr th td a time small strong code pre figure figcaption svg desc rect line polyline polygon \
    circle text";
const ATTRIBUTES: &str = "lang charset http-equiv content name class aria-label aria-labelledby role id href rel scope \
    datetime viewBox width height xmlns x y x1 x2 y1 y2 cx cy r dy points fill stroke stroke-width opacity text-anchor \
    font-family font-size";

fn is_among(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|known| known == name)
}

/// What must hold of every page.
fn check(page: &str) -> Result<(), String> {
    if page.to_lowercase().contains("<script") {
        return Err("has a script".to_owned());
    }
    for element in elements(page) {
        let name = &element.name;
        if !is_among(ELEMENTS, name) {
            return Err(format!("has the element {name}"));
        }
        for (attribute, value) in &element.attributes {
            if !is_among(ATTRIBUTES, attribute) {
                return Err(format!("{name} has the attribute {attribute}"));
            }
            let leads = attribute == "href" && !value.starts_with("https://eu-central-1.console.aws.amazon.com/");
            if leads || value.to_lowercase().contains("url(") {
                return Err(format!("{name} leads to {value}"));
            }
        }
        let loads = ["url(", "@import", "@font-face", "image-set("];
        if let Some(load) = loads.iter().find(|load| name == "style" && element.text.contains(**load)) {
            return Err(format!("the style has {load}"));
        }
    }
    Ok(())
}

/// The sample with `texts` in every place that outsiders can write to.
fn with(texts: &[String]) -> Scene {
    let mut texts = texts.iter().cycle().cloned();
    let mut text = move || texts.next().unwrap();
    let mut opening = opening();
    opening["received"]["via"] = text().into();
    opening["plan"]["warnings"][0] = text().into();
    opening["plan"]["not_needed"][0]["why"] = text().into();
    opening["prior"]["profile_arn"] = text().into();
    opening["prior"]["public_ipv4"] = text().into();
    let alarm: String = text().chars().filter(|c| !c.is_ascii_control()).take(200).collect();
    opening["alarm"] = format!("arn:aws:cloudwatch:eu-central-1:123456789012:alarm:x{alarm}").into();
    let report = EventBody::reported;
    let bodies = [
        (1.0, report(Step::QuarantineNetwork, StepStatus::failed(text()), Some(text()))),
        (2.0, report(Step::DetachFromGroup, StepStatus::waiting(text()), Some(text()))),
    ];
    let mut scene = scene::scene(opening, &bodies);
    let mut traffic = scene::traffic();
    (traffic.metric, traffic.unit, traffic.peers[0].instance) = (text(), text(), text());
    scene.traffic = Some(traffic);
    scene.name = text();
    scene.incident.group = Some(GroupName::new(text()));
    scene.head.hash = text();
    scene.events[0].actor = text();
    let base = partly_contained().evidence[0].clone();
    scene.evidence = vec![
        EvidenceItem { what: text(), location: text(), version: Some(text()), sha256: Some(text()), ..base.clone() },
        EvidenceItem { location: format!("s3://{}/{}", text(), text()), ..base },
    ];
    scene.missing = vec![MissingEvidence { what: text(), why: text() }];
    scene
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "<script>alert(1)</script>",
            "</style><script>alert(1)</script>",
            "</title><img src=x onerror=alert(1)>",
            "\"><svg/onload=alert(1)>",
            "' onmouseover='alert(1)",
            "--><iframe srcdoc='<script>1</script>'>",
            "]]></desc></svg><link rel=stylesheet href=//evil.example/x.css>",
            "javascript:alert(1)",
            "https://evil.example/\" style=\"background:url(//evil.example)",
            "{{ 7 * 7 }}{% raw %}",
            "&lt;script&gt;&#60;script&#62;",
            "\u{202e}\u{2066}\u{0}\u{1b}[2J\r\n\u{2028}",
            "@import url(//evil.example/x.css);",
        ])
        .prop_map(ToOwned::to_owned),
        "[<>\"'&/=a-z \\\\{}%!-]{0,40}",
    ]
}

#[test]
fn the_sample_page_is_what_it_should_be() {
    assert_eq!(check(&report::html(&partly_contained().report()).unwrap()), Ok(()));
}

#[test]
fn what_a_page_must_not_have_is_found() {
    let page = report::html(&partly_contained().report()).unwrap();
    for broken in [
        page.replace("<main>", "<main><script>1</script>"),
        page.replace("<main>", "<main onload=x>"),
        page.replace("<main>", "<main><img>"),
        page.replace("<main>", "<main><a href='//evil.example'>x</a>"),
        page.replace("<style>", "<style>@import 'x';"),
    ] {
        assert!(check(&broken).is_err());
    }
}

#[test]
fn the_policy_allows_the_one_style_and_nothing_else() {
    let elements = elements(&report::html(&partly_contained().report()).unwrap());
    let styles: Vec<_> = elements.iter().filter(|element| element.name == "style").collect();
    let policy = elements.iter().find(|element| element.attribute("http-equiv").is_some()).unwrap();
    let hash = BASE64_STANDARD.encode(Sha256::digest(styles[0].text.as_bytes()));
    assert_eq!(policy.attribute("http-equiv"), Some("Content-Security-Policy"));
    assert_eq!(
        policy.attribute("content").unwrap(),
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
    );
    assert_eq!(styles.len(), 1);
}

#[test]
fn a_hostile_name_is_shown_as_it_is_written() {
    let scene = partly_contained();
    let elements = elements(&report::html(&scene.report()).unwrap());
    let name = &elements.iter().find(|element| element.is("bdi", "name")).unwrap().text;
    assert_eq!(*name, OneLine(&scene.name).to_string());
    assert!(name.contains("<script>alert('web-7')</script>") && name.contains("\\u{202e}"));
}

#[test]
fn a_value_of_five_megabytes_is_cut_on_the_page_and_whole_in_json() {
    let mut scene = partly_contained();
    scene.name = "<b>".repeat(5 * 1024 * 1024 / 3);
    let page = report::html(&scene.report()).unwrap();
    assert!(page.len() < 200_000, "{}", page.len());
    assert!(page.contains("the JSON form has them"));
    assert!(report::json(&scene.report()).unwrap().contains(&scene.name));
    assert!(report::text(&scene.report()).len() < 20_000);
}

/// The style colours the drawing by its keys; a key without a rule would stay as it is at night.
#[test]
fn every_colour_of_the_drawing_has_a_rule_in_the_style() {
    let elements = elements(&report::html(&partly_contained().report()).unwrap());
    let style = &elements.iter().find(|element| element.name == "style").unwrap().text;
    let mut seen = 0;
    for (element, key) in elements.iter().flat_map(|element| ["fill", "stroke"].map(|key| (element, key))) {
        let Some(color) = element.attribute(key).filter(|color| color.starts_with('#')) else { continue };
        seen += 1;
        assert!(style.contains(&format!("[{key}=\"{color}\"]")), "{} {key} {color}", element.name);
    }
    assert!(seen > 20, "{seen}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_text_becomes_markup_or_leads_elsewhere(texts in prop::collection::vec(hostile(), 1..12)) {
        let page = report::html(&with(&texts).report()).unwrap();
        prop_assert_eq!(check(&page), Ok(()));
    }

    #[test]
    fn no_text_widens_the_terminals_lines_or_steers_it(texts in prop::collection::vec(hostile(), 1..12)) {
        let text = report::text(&with(&texts).report());
        for line in text.lines() {
            prop_assert!(textwrap::core::display_width(line) <= 80, "{line:?}");
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }

    #[test]
    fn any_text_gives_json_that_can_be_read(texts in prop::collection::vec(hostile(), 1..12)) {
        let scene = with(&texts);
        for document in [report::json(&scene.report()).unwrap(), report::ocsf(&scene.report()).unwrap()] {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&document).is_ok());
        }
    }
}
