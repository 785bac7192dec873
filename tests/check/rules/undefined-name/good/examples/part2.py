cipher = AES2.new(key2)
