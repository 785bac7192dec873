def test_reader():
    assert True
