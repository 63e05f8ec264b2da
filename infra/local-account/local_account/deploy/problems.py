"""The one error of a deployment: everything wrong that could be told at once."""

from __future__ import annotations


class DeployError(ValueError):
    """A template, a parameter or a resource that cannot be deployed.

    `problems` holds one sentence each, in the order in which they were found.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)
