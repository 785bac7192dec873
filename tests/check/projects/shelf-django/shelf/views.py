from django.http import JsonResponse

from shelf.changes import add_book
from shelf.lists import busy_authors, found, long_books, unread


def show_unread(request):
    return JsonResponse({"books": list(unread().values("title"))})


def show_long(request):
    return JsonResponse({"books": list(long_books(500))})


def search(request):
    return JsonResponse({"books": list(found(request.GET["words"]).values("title"))})


def show_authors(request):
    return JsonResponse({"authors": list(busy_authors().values("name"))})


def keep(request):
    add_book(request.POST["title"], request.POST["author"], int(request.POST["pages"]))
    return JsonResponse({"kept": True})
