def export(name, value, into=vars()):
    into[name] = value


export("DEFAULT_PORT", 80)
