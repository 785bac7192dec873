"""The server of the guestbook."""

import os

from flask import Flask, jsonify, render_template, request

from database import Database
from validation import check_entry

app = Flask(__name__)
database = Database(os.environ.get("GUESTBOOK_DATABASE", "guestbook.db"))


@app.route("/")
def index():
    return render_template("index.html")


@app.get("/api/entries")
def list_entries():
    return jsonify(database.all_entries(50))


@app.post("/api/entries")
def create_entry():
    data = request.get_json()
    problem = check_entry(data)
    if problem:
        return jsonify({"error": problem}), 400
    return jsonify(database.insert_entry(data["name"], data["text"])), 201


@app.delete("/api/entries/<int:entry_id>")
def delete_entry(entry_id):
    database.remove_entry(entry_id)
    return "", 204
