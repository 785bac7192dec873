from django.db.models import Count, Q

from library.models import Author, Book


def listed():
    books = Book.objects.filter(titel="a", author__nam__icontains="b", author_id=3, pk=1, made__year=2)
    authors = Author.objects.filter(Q(nam="a"), works__title="x").annotate(number=Count("works")).order_by("-number", "nam")
    return books.filter(nothing=1), authors
