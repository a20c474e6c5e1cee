//! Results that are damaged or gone after their job has ended.

use crate::program::Home;

/// A job of six images that has ended; its results by name.
fn done_job(home: &Home, option: &[&str]) -> Vec<(String, Vec<u8>)> {
    for n in 0..6 {
        home.sample("orange-slice.png", &format!("in/{n}.png"));
    }
    let args = ["run", "in", "-s", "resize:long_edge=40", "-o", "out", "--catalog", "c.sqlite"];
    home.run(&[&args[..], option].concat()).expect(0);
    let names = home.files("out").into_iter();
    names.map(|name| (name.clone(), std::fs::read(home.path("out").join(name)).unwrap())).collect()
}

#[test]
fn a_resume_of_a_finished_fast_job_verifies_its_results_and_makes_damaged_ones_again() {
    let home = Home::new();
    let results = done_job(&home, &["--fast"]);
    assert_eq!(results.len(), 6);
    let output = home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(0);
    assert!(output.err.contains("All 6 earlier results are intact"), "{output:?}");
    // What a power failure leaves: an empty file, one of zeros, and none.
    for (name, bytes) in [(&results[0].0, &b""[..]), (&results[1].0, &[0; 40])] {
        let path = home.path("out").join(name);
        std::fs::write(&path, bytes).unwrap();
        filetime::set_file_mtime(&path, filetime::FileTime::from_unix_time(1_000_000, 0)).unwrap();
    }
    std::fs::remove_file(home.path("out").join(&results[2].0)).unwrap();
    let output = home.run(&["resume", "1", "--json", "--catalog", "c.sqlite"]).expect(0);
    assert!(output.err.contains("3 earlier results are missing or damaged"), "{output:?}");
    let end = output.events().pop().unwrap();
    assert_eq!((&end["done"], &end["failed"]), (&6.into(), &0.into()));
    for (name, bytes) in &results {
        assert_eq!(&std::fs::read(home.path("out").join(name)).unwrap(), bytes, "{name}");
    }
    assert_eq!(home.files("out").len(), 6);
}

#[test]
fn a_finished_job_whose_results_were_synced_is_not_verified() {
    let home = Home::new();
    done_job(&home, &[]);
    let output = home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(0);
    assert!(output.err.contains("already done"), "{output:?}");
}

#[test]
fn a_resume_without_the_folder_of_earlier_results_is_refused_until_it_is_back() {
    for option in [&[][..], &["--fast"]] {
        let home = Home::new();
        done_job(&home, option);
        if option.is_empty() {
            // It was stopped after its last item.
            let sql = rusqlite::Connection::open(home.path("c.sqlite")).unwrap();
            sql.execute("UPDATE job SET state = 'paused'", ()).unwrap();
        }
        std::fs::rename(home.path("out"), home.path("elsewhere")).unwrap();
        let output = home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(3);
        assert!(output.err.contains("moved or deleted"), "{output:?}");
        assert!(!home.path("out").exists(), "no empty folder takes its place");
        let jobs = home.run(&["jobs", "1", "--catalog", "c.sqlite"]).expect(0);
        assert!(jobs.out.contains("Job 1: paused"), "{jobs:?}");
        std::fs::rename(home.path("elsewhere"), home.path("out")).unwrap();
        home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(0);
        assert_eq!(home.files("out").len(), 6);
    }
}
