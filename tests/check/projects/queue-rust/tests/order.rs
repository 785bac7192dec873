use queue::{job::Urgency, Queue};

#[test]
fn urgent_jobs_come_first() {
    let mut queue = Queue::default();
    queue.push("later", Urgency::Later);
    queue.push("now", Urgency::Now);
    let first = queue.take_due();
    assert!(first.is_some());
    queue.wait_for(10);
    let second = queue.take_due();
    assert!(second.is_some());
}
