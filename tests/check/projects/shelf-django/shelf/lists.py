from django.db.models import Count, Q

from shelf.models import Author, Book


def unread():
    return Book.objects.filter(finished__isnull=True).order_by("author__name", "title")


def long_books(least):
    return Book.objects.filter(pages__gte=least).values("title", "pages")


def found(words):
    return Book.objects.filter(Q(title__icontains=words)).exclude(author__born=None)


def busy_authors():
    return Author.objects.annotate(number=Count("books")).order_by("-number", "name")
