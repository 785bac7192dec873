pub fn f() -> u32 {
    twice(2)
}

pub fn shown(name: &str) -> String {
    format!("{naem:>4} {name}")
}

pub fn held(list: &[u32]) -> bool {
    assert!(matches!(lst.len(), 1 | 2));
    vec![list.len(), thrice(1)].is_empty()
}
