"""What can go wrong on the caller's side of the API."""

from service.client.records import Problem


class ApiError(Exception):
    """The API refused; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail} ({problem.request_id})")
        self.problem = problem


class NoAnswerError(Exception):
    """No answer after every retry; the request may or may not have been done, the same key finds out."""
