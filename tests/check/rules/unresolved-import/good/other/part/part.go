package part

// Open opens.
func Open() {}
