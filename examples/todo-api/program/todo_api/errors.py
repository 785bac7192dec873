"""The one kind of failure that a client gets to see."""

from http import HTTPStatus


class ApiError(Exception):
    """A request that cannot be fulfilled, with everything that its answer tells."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        fields: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields or {}
        self.headers = headers or {}

    def as_json(self) -> dict[str, object]:
        """The ErrorBody to answer with; `fields` is there only when there are any."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.fields:
            error["fields"] = self.fields
        return {"error": error}
