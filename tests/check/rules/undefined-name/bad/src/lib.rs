pub fn f() -> u32 {
    twice(2)
}
