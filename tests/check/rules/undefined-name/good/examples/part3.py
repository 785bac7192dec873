cipher = AES3.new(key3)
