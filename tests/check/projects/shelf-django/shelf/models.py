from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=80)
    born = models.IntegerField(null=True)


class Book(models.Model):
    title = models.CharField(max_length=120)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    pages = models.IntegerField()
    finished = models.DateField(null=True)
