import pytest


@pytest.fixture(autouse=True)
def stuff(request, tmp_path):
    self = request.instance
    self.source = tmp_path


class TestShared:
    @classmethod
    def setup_class(cls):
        cls.cycle = [1, 2]

    def test_cycle(self):
        assert self.cycle and self.source


class Auxiliary:
    @classmethod
    def construct(Auxiliary, graph):
        self = Auxiliary()
        self.graph = graph
        return self

    def size(self):
        return len(self.graph)
