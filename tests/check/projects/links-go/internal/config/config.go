package config

import "os"

// Settings say where to listen and how much to keep.
type Settings struct {
	Address  string
	MaxLinks int
}

// Load reads the environment.
func Load() Settings {
	return Settings{Address: fallback(os.Getenv("LINKS_ADDRESS"), ":8080"), MaxLinks: 1000}
}

func fallback(value string, other string) string {
	if value == "" {
		return other
	}
	return value
}
