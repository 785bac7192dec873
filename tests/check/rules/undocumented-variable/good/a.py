import os

url = os.environ.get("DATABASE_URL")
home = os.environ.get("HOME")
