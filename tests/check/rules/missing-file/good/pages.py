PAGES = {"list.html": "status.html"}
