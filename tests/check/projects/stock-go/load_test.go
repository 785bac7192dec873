package main

import "testing"

func TestParseItem(t *testing.T) {
	name, count, err := parseItem("tea=3")
	if err != nil || name != "tea" || count != 3 {
		t.Fatal(name, count, err)
	}
}
