fn twice(a: u32) -> u32 {
    2 * a
}

pub fn f() -> u32 {
    twice(2)
}

pub fn g() {
    assert_eq!(twice(1), 2);
}
