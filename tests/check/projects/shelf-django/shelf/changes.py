from shelf.models import Author, Book


def add_book(title, name, pages):
    author, _ = Author.objects.get_or_create(name=name)
    return Book.objects.create(title=title, author=author, pages=pages)


def finish(title, day):
    Book.objects.filter(title=title).update(finished=day)
