//! The order in which jobs are served, and that none is lost.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::*;

struct Steps3 {
    name: char,
    class: Class,
    left: u32,
    told: SyncSender<char>,
}

impl Job for Steps3 {
    fn step(&mut self) -> Outcome {
        self.told.send(self.name).expect("the test listens");
        self.left -= 1;
        if self.left == 0 {
            Outcome::Done
        } else {
            Outcome::Again
        }
    }
    fn class(&self) -> Class {
        self.class
    }
}

/// Holds the only worker until the test lets go, so that the queue fills in a known order.
struct Hold(Receiver<()>);
impl Job for Hold {
    fn step(&mut self) -> Outcome {
        self.0.recv().expect("the test lets go");
        Outcome::Done
    }
    fn class(&self) -> Class {
        Class::FirstSound
    }
}

fn quiet() -> Arc<dyn Fn() + Send + Sync> {
    Arc::new(|| {})
}

const SOON: Duration = Duration::from_secs(1);

#[test]
fn a_better_class_goes_first_and_deadlines_decide_within_a_class() {
    let arbiter = Arbiter::start(1).expect("threads start");
    let submit = arbiter.submitter();
    let (go, wait) = sync_channel(1);
    let (told, heard) = sync_channel(64);
    submit
        .submit(Box::new(Hold(wait)), SOON, quiet())
        .expect("room");
    let job = |name, class| {
        Box::new(Steps3 {
            name,
            class,
            left: 2,
            told: told.clone(),
        }) as Box<dyn Job>
    };
    submit
        .submit(job('p', Class::Partial), SOON, quiet())
        .expect("room");
    submit
        .submit(job('t', Class::Token), SOON * 2, quiet())
        .expect("room");
    submit
        .submit(job('u', Class::Token), SOON, quiet())
        .expect("room");
    submit
        .submit(job('f', Class::Final), SOON, quiet())
        .expect("room");
    go.send(()).expect("the worker waits");
    let order: String = (0..8).map(|_| heard.recv().expect("a step")).collect();
    assert_eq!(order, "ffuuttpp");
}

#[test]
fn a_cancelled_job_is_dropped_before_its_next_step_and_says_so() {
    let arbiter = Arbiter::start(1).expect("threads start");
    let submit = arbiter.submitter();
    let (go, wait) = sync_channel(1);
    let (told, heard) = sync_channel(64);
    let (woken, gone) = sync_channel(1);
    submit
        .submit(Box::new(Hold(wait)), SOON, quiet())
        .expect("room");
    let ticket = submit
        .submit(
            Box::new(Steps3 {
                name: 'x',
                class: Class::Token,
                left: 3,
                told,
            }),
            SOON,
            Arc::new(move || woken.send(()).expect("the test listens")),
        )
        .expect("room");
    ticket.cancel();
    assert!(!ticket.has_ended());
    go.send(()).expect("the worker waits");
    gone.recv().expect("told when gone");
    assert!(ticket.has_ended());
    assert!(heard.try_recv().is_err(), "no step was taken");
}

struct Panics;
impl Job for Panics {
    fn step(&mut self) -> Outcome {
        panic!("a model with a fault");
    }
    fn class(&self) -> Class {
        Class::Final
    }
}

#[test]
fn a_panicking_step_ends_its_job_and_nothing_else() {
    let arbiter = Arbiter::start(1).expect("threads start");
    let submit = arbiter.submitter();
    let (told, heard) = sync_channel(4);
    submit
        .submit(Box::new(Panics), SOON, quiet())
        .expect("room");
    submit
        .submit(
            Box::new(Steps3 {
                name: 'a',
                class: Class::Token,
                left: 1,
                told,
            }),
            SOON,
            quiet(),
        )
        .expect("room");
    assert_eq!(heard.recv(), Ok('a'));
}

#[test]
fn a_full_queue_refuses_instead_of_growing() {
    let arbiter = Arbiter::start(1).expect("threads start");
    let submit = arbiter.submitter();
    let (go, wait) = sync_channel(1);
    let (told, _heard) = sync_channel(1024);
    submit
        .submit(Box::new(Hold(wait)), SOON, quiet())
        .expect("room");
    let mut refused = 0;
    for _ in 0..QUEUE_JOBS + 10 {
        let job = Steps3 {
            name: 'q',
            class: Class::Partial,
            left: 1,
            told: told.clone(),
        };
        refused += usize::from(submit.submit(Box::new(job), SOON, quiet()).is_err());
    }
    assert!((10..=11).contains(&refused), "{refused} refused");
    go.send(()).expect("the worker waits");
}

#[test]
fn the_longest_step_is_known_with_its_class() {
    let steps = Steps::default();
    for _ in 0..990 {
        steps.record(Class::Token, Duration::from_millis(7));
    }
    for _ in 0..10 {
        steps.record(Class::Final, Duration::from_millis(40));
    }
    let stats = steps.stats();
    assert_eq!(stats.count, 1000);
    assert_eq!(stats.p99_ms, 8.0);
    assert_eq!((stats.longest_ms, stats.longest_class), (40.0, "final"));
}
