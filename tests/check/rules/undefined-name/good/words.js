words
words.js
words / other.js, more
