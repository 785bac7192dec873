cipher = AES1.new(key1)
