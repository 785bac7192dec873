package main

import (
	"fmt"
	"strconv"
	"strings"
)

func loadItems(inventory *Inventory, words []string) error {
	for _, word := range words {
		name, count, err := parseItem(word)
		if err != nil {
			return err
		}
		inventory.Put(name, count)
	}
	return nil
}

func parseItem(word string) (string, int, error) {
	name, number, found := strings.Cut(word, "=")
	if !found {
		return "", 0, fmt.Errorf("%q has no count", word)
	}
	count, err := strconv.Atoi(number)
	return name, count, err
}
