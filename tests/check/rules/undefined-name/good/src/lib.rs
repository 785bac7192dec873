pub fn f() -> u32 {
    twice(2)
}

fn twice(a: u32) -> u32 {
    2 * a
}

pub fn shown(name: &str) -> String {
    let width = 4;
    println!("{0} \u{41} {{gone}} {other:>width$}", name, other = name);
    format!("{name:>4}")
}

pub fn held(list: &[u32]) -> bool {
    assert!(matches!(list.len(), number if number > 1));
    debug!(now, ever => never);
    vec![list.len(), list.len()].is_empty()
}

macro_rules! debug {
    ($($word:ident),* => $last:ident) => {};
}
use debug;

pub fn kept() -> &'static u32 {
    lazy_static! {
        static ref KEPT: u32 = 1;
    }
    &KEPT
}

pub fn around(lines: &[usize]) -> Vec<std::ops::Range<usize>> {
    lines.iter().map(|line| line - 1..line + 1).collect()
}
