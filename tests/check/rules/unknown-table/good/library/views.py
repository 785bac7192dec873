from django.db.models import Count, Q

from library.models import Author, Book


def listed():
    books = Book.objects.filter(title="a", author__name__icontains="b", author_id=3, pk=1, made__year=2)
    authors = Author.objects.filter(Q(name="a"), works__title="x").annotate(number=Count("works")).order_by("-number", "name")
    return books.filter(nothing=1), authors
