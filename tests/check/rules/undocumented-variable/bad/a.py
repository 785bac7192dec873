import os

url = os.environ.get("DATABASE_URI")
