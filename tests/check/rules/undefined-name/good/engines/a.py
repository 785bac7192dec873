def request(params):
    return traits.get_region(params)
