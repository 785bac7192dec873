import requests
from requests import get

print(get("https://example.com"), requests.codes)
