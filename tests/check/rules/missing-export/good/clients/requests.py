from requests import Session


def open_one():
    return Session()
