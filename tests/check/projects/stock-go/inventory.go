package main

import "sort"

const lowLimit = 3

// Item is one thing on the shelf.
type Item struct {
	Name  string
	Count int
}

// Inventory is a shelf.
type Inventory struct {
	Label string
	items map[string]*Item
}

// NewInventory makes an empty shelf.
func NewInventory(label string) *Inventory {
	return &Inventory{Label: label, items: map[string]*Item{}}
}

// Put adds so many of an item.
func (i *Inventory) Put(name string, count int) {
	if item := i.lookup(name); item != nil {
		item.Count += count
		return
	}
	i.items[name] = &Item{Name: name, Count: count}
}

func (i *Inventory) lookup(name string) *Item {
	return i.items[name]
}

// Sorted lists the items by name.
func (i *Inventory) Sorted() []*Item {
	list := make([]*Item, 0, len(i.items))
	for _, item := range i.items {
		list = append(list, item)
	}
	sort.Slice(list, func(a, b int) bool { return list[a].Name < list[b].Name })
	return list
}

// IsLow tells whether an item runs out.
func (item *Item) IsLow(limit int) bool {
	return item.Count < limit
}
