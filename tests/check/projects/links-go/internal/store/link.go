package store

import "time"

// Link is one short link.
type Link struct {
	Target  string
	Owner   string
	Created time.Time
}

// NewLink makes a link as of now.
func NewLink(target string, owner string) Link {
	return Link{Target: target, Owner: owner, Created: time.Now()}
}
