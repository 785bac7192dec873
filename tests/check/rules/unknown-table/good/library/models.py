from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=10)


class Stamped(models.Model):
    made = models.DateTimeField()

    class Meta:
        abstract = True


class Book(Stamped):
    title = models.CharField(max_length=10)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="works")
