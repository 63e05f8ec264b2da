"""Deploys a SAM template into the local account: every resource by the API calls that make it on AWS.

CloudFormation itself is not emulated. The template is translated by AWS's own SAM translator, its intrinsic functions
are resolved, and its resources are made in dependency order. What isn't understood is an error, never skipped.
"""

from local_account.deploy.door import install
from local_account.deploy.problems import DeployError
from local_account.deploy.stack import Stack, deploy

__all__ = ["DeployError", "Stack", "deploy", "install"]
