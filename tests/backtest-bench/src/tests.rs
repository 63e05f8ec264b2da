//! The whole measurement over series that are made here.

use crate::files;
use crate::measured::{Table, chosen, traffic};
use crate::part::{Servers, Span};
use crate::plot;
use crate::print;
use crate::setting::{self, Setting, Sweep};
use crate::sums::ATTACKS;
use crate::young;
use detection::sample::Sample;
use detection::thresholds::Thresholds;
use std::fs;
use std::path::{Path, PathBuf};

const DAY: i64 = 288;

/// Calm traffic in so many files; the files with an odd number have, after ten days, an hour that looks like an attack.
fn written(folder: &Path, files: i64, days: i64) -> Vec<PathBuf> {
    fs::create_dir_all(folder).unwrap();
    (0..files)
        .map(|file| {
            let mut text = "epoch_s,network_out_bytes,network_in_bytes\n".to_owned();
            for at in 0..days * DAY {
                let calm = 20_000 + 400 * ((at * 7919 + file * 104_729) % 101);
                let is_odd = file % 2 == 1 && (10 * DAY..10 * DAY + 12).contains(&at);
                let sent = if is_odd { 6_000_000 } else { calm };
                text.push_str(&format!("{},{},{}\n", at * 300, sent * 300, calm * 150));
            }
            let path = folder.join(format!("vm-{file:02}.csv"));
            fs::write(&path, text).unwrap();
            path
        })
        .collect()
}

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("backtest-bench-{}-{name}", std::process::id()))
}

/// The defaults and one other.
fn two() -> Vec<Setting> {
    setting::all().into_iter().filter(|one| one.sweep == Sweep::Defaults || one.name == "novelty 8").collect()
}

#[test]
fn what_is_false_and_what_is_found_is_counted_by_part() {
    let folder = scratch("parts");
    let paths = written(&folder, 6, 24);
    let (table, measured) = traffic(&paths, &two(), |_| ()).unwrap();
    let all = &measured.settings[0].all;
    assert_eq!((all.false_isolations, all.instance_days), (3, 6.0 * 24.0));
    assert_eq!(all.found.len(), ATTACKS.len());
    assert!(all.recall(1).unwrap() > 0.8 && all.found[1].median_delay_minutes == Some(10), "{all:?}");
    let odd_ones = paths.iter().skip(1).step_by(2).filter_map(|path| path.file_name()?.to_str());
    for half in [Servers::Even, Servers::Odd] {
        let expected = odd_ones.clone().filter(|name| Servers::of(name) == half).count();
        let sums = table.of(0, |part| part.servers == half && part.span == Span::Whole);
        assert_eq!(sums.wrong as usize, expected, "{half:?}");
    }
    assert_eq!(table.of(0, |part| part.span == Span::SecondHalf).wrong, 0, "it lies in the first half");
    assert_eq!(measured.held_out.len(), 4);
    let text = print::text(&measured);
    assert!(text.contains("novelty 8") && text.contains("servers A chose"), "{text}");
    let svg = plot::curve(&measured).unwrap();
    assert!(svg.starts_with("<svg") && svg.matches("<circle").count() >= 6, "{svg}");
    assert!(serde_json::to_string(&measured).unwrap().contains("\"false_per_1000_instance_days\""));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_defaults_stand_where_nothing_beats_them_and_only_what_is_swept_is_chosen() {
    let folder = scratch("chosen");
    let settings = two();
    let (table, _) = traffic(&written(&folder, 2, 20), &settings, |_| ()).unwrap();
    // Both find the same: the defaults stand. A setting of no sweep is never chosen.
    assert_eq!(chosen(&table, &settings, |_| true), Some(0));
    let unswept: Vec<_> = settings.iter().cloned().map(|one| Setting { sweep: Sweep::Without, ..one }).collect();
    assert_eq!(chosen(&table, &unswept, |_| true), None);
    assert_eq!(chosen(&Table::default(), &settings, |_| true), None);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_instance_of_an_hour_is_isolated_among_calm_peers_and_not_where_a_peer_did_the_same() {
    let calm = |seed: i64| -> Vec<Sample> {
        let of = |at: i64| {
            let bytes = 300.0 * (20_000.0 + 400.0 * ((at * 7919 + seed * 104_729) % 101) as f64);
            Sample { epoch_s: at * 300, network_out_bytes: Some(bytes), network_in_bytes: Some(bytes / 2.0) }
        };
        (0..20 * DAY).map(of).collect()
    };
    let mut group: Vec<_> = (0..8).map(|seed| (format!("vm-{seed}.csv"), calm(seed))).collect();
    let sums = young::sums(&group, &Thresholds::default());
    let found: usize = sums.iter().map(|sums| sums.tried[2].delays_s.len()).sum();
    let injected: u32 = sums.iter().map(|sums| sums.tried[2].injected).sum();
    assert!(injected >= 24 && found as f64 >= 0.8 * f64::from(injected), "{found} of {injected}");
    assert_eq!(sums.iter().map(|sums| sums.wrong).sum::<u32>(), 0);
    assert!((sums[0].days - 20.0).abs() < 1e-6);
    for sample in group[0].1.iter_mut().filter(|sample| (300..330).contains(&(sample.epoch_s / 300))) {
        sample.network_out_bytes = Some(300.0 * 40e6);
    }
    let after = young::sums(&group, &Thresholds::default());
    let later: usize = after.iter().skip(1).map(|sums| sums.tried[2].delays_s.len()).sum();
    assert!(later < found / 2, "a peer has sent more: {later} of {injected}");
}

#[test]
fn a_file_that_loses_lines_is_an_error_and_not_a_smaller_measurement() {
    let folder = scratch("lost");
    fs::create_dir_all(&folder).unwrap();
    assert!(files::of_folder(&folder).unwrap_err().to_string().contains("no .csv"));
    let path = folder.join("vm.csv");
    fs::write(&path, "epoch_s,network_out_bytes,network_in_bytes\n300,1,2\n600,x,2\n").unwrap();
    assert!(files::read(&path).unwrap_err().to_string().contains("not a number"));
    fs::remove_dir_all(folder).unwrap();
}
