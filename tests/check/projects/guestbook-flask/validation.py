"""What an entry may be."""

LONGEST_TEXT = 500


def check_entry(data):
    if not isinstance(data, dict):
        return "an entry is an object"
    return check_length(data.get("name", ""), 60) or check_length(data.get("text", ""), LONGEST_TEXT)


def check_length(text, limit):
    if not text.strip():
        return "nothing was written"
    if len(text) > limit:
        return f"longer than {limit} characters"
    return None
