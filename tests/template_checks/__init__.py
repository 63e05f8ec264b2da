"""What each resource of template.yaml is there for, as one check a resource on the deployed stack.

A check reads the account, never the template, and finds its resource by what it does for others: with the resource
taken out of the template, the check must fail.
"""

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in ("alarms", "functions", "keys", "memory", "people", "signals")))

from tests.template_checks import alarms, functions, keys, memory, people, signals  # noqa: E402
from tests.template_checks.deployed import CHECKS, Deployed, deployed_stack, plain_template  # noqa: E402

__all__ = ["CHECKS", "Deployed", "alarms", "deployed_stack", "functions", "keys", "memory", "people", "plain_template", "signals"]
