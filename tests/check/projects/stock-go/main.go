package main

import (
	"fmt"
	"os"
)

func main() {
	inventory := NewInventory("main")
	if err := loadItems(inventory, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, line := range reportLines(inventory, lowLimit) {
		fmt.Println(line)
	}
}
