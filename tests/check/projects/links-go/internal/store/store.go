package store

import (
	"errors"
	"sync"

	"github.com/google/uuid"
)

// ErrFull means that no more links fit.
var ErrFull = errors.New("store is full")

// Store keeps links in memory.
type Store struct {
	mutex sync.Mutex
	links map[string]Link
	limit int
}

// New makes an empty store.
func New(limit int) *Store {
	return &Store{links: make(map[string]Link), limit: limit}
}

// Add keeps a link and returns its key.
func (s *Store) Add(target string, owner string) (string, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.links) >= s.limit {
		return "", ErrFull
	}
	key := makeKey()
	s.links[key] = NewLink(target, owner)
	return key, nil
}

// Find returns the link with this key.
func (s *Store) Find(key string) (Link, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	link, ok := s.links[key]
	return link, ok
}

func makeKey() string {
	return uuid.NewString()[:8]
}
