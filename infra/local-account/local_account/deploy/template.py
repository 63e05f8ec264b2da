"""Reads a SAM template and translates it to plain CloudFormation, without AWS and without a network."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local_account.deploy.problems import DeployError

FUNCTION = "AWS::Serverless::Function"
LOCAL_CODE = "s3://local-account/"


def load(source: str) -> dict[str, Any]:
    """The template as it is written.

    `source` is the template's text if it has more than one line, else the path of its file. Short forms such as
    `!Ref X` come back in their long form, `{"Ref": "X"}`.
    """
    text = source if "\n" in source else Path(source).read_text(encoding="utf-8")
    try:
        template = yaml_parse(text)
    except yaml.YAMLError as error:
        raise DeployError(f"the template is not YAML: {error}") from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise DeployError("the template has no Resources")
    return template


def translate(template: dict[str, Any], parameters: dict[str, str], region: str) -> dict[str, Any]:
    """Plain CloudFormation for a SAM template; `template` itself is left as it was.

    `parameters` are the caller's values: the translator needs them where a choice of its own depends on one.
    """
    template = copy.deepcopy(template)
    for logical_id, resource in template["Resources"].items():
        if isinstance(resource, dict) and resource.get("Type") == FUNCTION:
            # `sam deploy` would have put the built binary here; the local account is handed it directly.
            resource.setdefault("Properties", {})["CodeUri"] = LOCAL_CODE + logical_id
    # A stub for AWS's managed policies by name: the translator would list them from IAM otherwise.
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=region))
    try:
        return translator.translate(template, parameter_values=dict(parameters))
    except InvalidDocumentException as error:
        raise DeployError(*(cause.message for cause in error.causes)) from error
    finally:
        # Publishes to nobody; unpublished, the translator warns about it on every run.
        translator.metrics.publish()
