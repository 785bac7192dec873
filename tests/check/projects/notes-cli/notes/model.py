"""What a note is."""

from dataclasses import dataclass, field


@dataclass
class Note:
    """One note with its tags."""

    title: str
    body: str
    tags: list[str] = field(default_factory=list)

    def matches(self, word: str) -> bool:
        return word in self.title or word in self.body

    def as_row(self) -> list[str]:
        return [self.title, shorten(self.body, 40), ", ".join(self.tags)]


def shorten(text: str, limit: int) -> str:
    """Cuts a text that is too long."""
    if len(text) <= limit:
        return text
    return text[: limit - 1] + "…"


def note_from_dict(data: dict) -> Note:
    return Note(data["title"], data["body"], data.get("tags", []))
