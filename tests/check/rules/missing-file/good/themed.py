from flask import Flask, render_template
from jinja2 import FileSystemLoader

app = Flask(__name__)
app.jinja_loader = FileSystemLoader("themes")


def index():
    return render_template("themed.html")
