package main

import "fmt"

func reportLines(inventory *Inventory, limit int) []string {
	lines := []string{header(inventory.Label)}
	for _, item := range inventory.Sorted() {
		lines = append(lines, formatItem(item, item.IsLow(limit)))
	}
	return lines
}

func header(label string) string {
	return "stock of " + label
}

func formatItem(item *Item, isLow bool) string {
	mark := ""
	if isLow {
		mark = "!"
	}
	return fmt.Sprintf("%s %d%s", item.Name, item.Count, mark)
}
