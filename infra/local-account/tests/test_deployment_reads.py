"""A deployment as a viewer reads it: the stack, its subscriptions, and the state of every resource."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from account_process import AccountProcess, allow
from test_iam_enforcement import refusal

ME = "123456789012"
STACK = f"arn:aws:cloudformation:us-east-1:{ME}:stack/read/local"
TEMPLATE = """
Description: To be read
Parameters:
  Mail: {Type: String}
  Secret: {Type: String, NoEcho: true, Default: hush}
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      EnableKeyRotation: true
      KeyPolicy:
        Statement: [{Effect: Allow, Principal: {AWS: "arn:aws:iam::123456789012:root"}, Action: "kms:*", Resource: "*"}]
  Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: !Ref Key}}
  Mailbox: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: !Ref Mail}}
  Queue: {Type: AWS::SQS::Queue, Properties: {KmsMasterKeyId: !Ref Key}}
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /aws/lambda/read, RetentionInDays: 30, KmsKeyId: !GetAtt Key.Arn}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      {Namespace: Cordon, MetricName: Failed, Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 1,
       ComparisonOperator: GreaterThanOrEqualToThreshold, AlarmActions: [!Ref Topic]}
  Schedule:
    Type: AWS::Events::Rule
    Properties: {ScheduleExpression: rate(1 minute), Targets: [{Id: queue, Arn: !GetAtt Queue.Arn}]}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      ObjectLockEnabled: true
      VersioningConfiguration: {Status: Enabled}
      PublicAccessBlockConfiguration:
        {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {SSEAlgorithm: aws:kms, KMSMasterKeyID: !Ref Key}
Outputs:
  TopicArn: {Description: Where notices go, Value: !Ref Topic}
"""


@pytest.fixture(scope="module")
def stack(account: AccountProcess) -> dict[str, str]:
    """Physical ids by logical id."""
    deployed = {"template": TEMPLATE, "parameters": {"Mail": "soc@example.com"}, "stack_name": "read"}
    resources = account.door("POST", "deploy", deployed)["resources"]
    return {logical_id: str(resource["physical_id"]) for logical_id, resource in resources.items()}


def test_a_deployed_stack_is_described_with_its_parameters_and_outputs(
    account: AccountProcess, stack: dict[str, str]
) -> None:
    cloudformation = account.client("cloudformation")
    (described,) = cloudformation.describe_stacks(StackName="read")["Stacks"]
    assert (described["StackId"], described["StackStatus"]) == (STACK, "CREATE_COMPLETE")
    assert described["Description"] == "To be read"
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described["Parameters"]}
    assert parameters == {"Mail": "soc@example.com", "Secret": "****"}
    output = {"OutputKey": "TopicArn", "OutputValue": stack["Topic"], "Description": "Where notices go"}
    assert described["Outputs"] == [output]
    assert cloudformation.describe_stacks(StackName=STACK)["Stacks"] == [described]
    assert "read" in [each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]]


def test_every_resource_is_listed_with_its_physical_id_type_and_status(
    account: AccountProcess, stack: dict[str, str]
) -> None:
    cloudformation = account.client("cloudformation")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName="read")
    listed = [each for page in pages for each in page["StackResourceSummaries"]]
    assert {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed} == stack
    assert {each["ResourceStatus"] for each in listed} == {"CREATE_COMPLETE"}
    described = cloudformation.describe_stack_resources(StackName="read")["StackResources"]
    types = {each["LogicalResourceId"]: each["ResourceType"] for each in described}
    assert (types["Bucket"], len(types)) == ("AWS::S3::Bucket", len(stack))
    by_id = cloudformation.describe_stack_resources(PhysicalResourceId=stack["Queue"])["StackResources"]
    assert {each["StackId"] for each in by_id} == {STACK}
    one = cloudformation.describe_stack_resource(StackName="read", LogicalResourceId="Key")["StackResourceDetail"]
    assert one["PhysicalResourceId"] == stack["Key"]


def test_stacks_and_writes_that_are_not_here_are_refused_by_name(account: AccountProcess) -> None:
    cloudformation = account.client("cloudformation")
    assert refusal(partial(cloudformation.describe_stacks, StackName="none")) == "ValidationError"
    assert refusal(partial(cloudformation.list_stack_resources, StackName="none")) == "ValidationError"
    assert refusal(partial(cloudformation.delete_stack, StackName="read")) == "InvalidAction"


def test_a_subscription_by_mail_is_pending_until_it_is_confirmed(
    account: AccountProcess, stack: dict[str, str]
) -> None:
    sns = account.client("sns")

    def seen() -> tuple[str, str, str]:
        (one,) = sns.list_subscriptions_by_topic(TopicArn=stack["Topic"])["Subscriptions"]
        attributes = sns.get_topic_attributes(TopicArn=stack["Topic"])["Attributes"]
        return one["SubscriptionArn"], attributes["SubscriptionsPending"], attributes["SubscriptionsConfirmed"]

    assert seen() == ("PendingConfirmation", "1", "0")
    again = sns.subscribe(TopicArn=stack["Topic"], Protocol="email", Endpoint="soc@example.com")
    assert again["SubscriptionArn"] == "pending confirmation"
    own = sns.get_subscription_attributes(SubscriptionArn=stack["Mailbox"])["Attributes"]
    assert own["PendingConfirmation"] == "true"
    account.door("POST", "subscriptions/confirm", {"topic_arn": stack["Topic"], "endpoint": "soc@example.com"})
    assert seen() == (stack["Mailbox"], "0", "1")


def reads(account: AccountProcess, stack: dict[str, str], credentials: dict[str, str] | None = None) -> dict[str, Any]:
    """IAM action → the call that needs it, of a viewer who looks for what is wrong."""

    def of(service: str, operation: str, **parameters: Any) -> Any:
        return partial(getattr(account.client(service, credentials), operation), **parameters)

    bucket, table, key = {"Bucket": stack["Bucket"]}, {"TableName": stack["Table"]}, {"KeyId": stack["Key"]}
    return {
        "cloudformation:DescribeStacks": of("cloudformation", "describe_stacks", StackName="read"),
        "cloudformation:ListStackResources": of("cloudformation", "list_stack_resources", StackName="read"),
        "cloudwatch:DescribeAlarms": of("cloudwatch", "describe_alarms", AlarmNames=[stack["Alarm"]]),
        "dynamodb:DescribeContinuousBackups": of("dynamodb", "describe_continuous_backups", **table),
        "dynamodb:DescribeTable": of("dynamodb", "describe_table", **table),
        "events:DescribeRule": of("events", "describe_rule", Name=stack["Schedule"]),
        "events:ListTargetsByRule": of("events", "list_targets_by_rule", Rule=stack["Schedule"]),
        "kms:DescribeKey": of("kms", "describe_key", **key),
        "kms:GetKeyRotationStatus": of("kms", "get_key_rotation_status", **key),
        "logs:DescribeLogGroups": of("logs", "describe_log_groups", logGroupNamePrefix="/aws/lambda/read"),
        "s3:GetBucketObjectLockConfiguration": of("s3", "get_object_lock_configuration", **bucket),
        "s3:GetBucketPublicAccessBlock": of("s3", "get_public_access_block", **bucket),
        "s3:GetBucketVersioning": of("s3", "get_bucket_versioning", **bucket),
        "s3:GetEncryptionConfiguration": of("s3", "get_bucket_encryption", **bucket),
        "sns:GetTopicAttributes": of("sns", "get_topic_attributes", TopicArn=stack["Topic"]),
        "sns:ListSubscriptionsByTopic": of("sns", "list_subscriptions_by_topic", TopicArn=stack["Topic"]),
        "sqs:GetQueueAttributes": of("sqs", "get_queue_attributes", QueueUrl=stack["Queue"], AttributeNames=["All"]),
    }


def resources(stack: dict[str, str]) -> dict[str, str]:
    """Service → the narrowest resource that its reads are permitted on."""
    return {
        "cloudformation": STACK,
        "cloudwatch": f"arn:aws:cloudwatch:us-east-1:{ME}:alarm:*",
        "dynamodb": f"arn:aws:dynamodb:us-east-1:{ME}:table/{stack['Table']}",
        "events": f"arn:aws:events:us-east-1:{ME}:rule/{stack['Schedule']}",
        "kms": f"arn:aws:kms:us-east-1:{ME}:key/{stack['Key']}",
        "logs": f"arn:aws:logs:us-east-1:{ME}:log-group:*",
        "s3": f"arn:aws:s3:::{stack['Bucket']}",
        "sns": stack["Topic"],
        "sqs": f"arn:aws:sqs:us-east-1:{ME}:{stack['Queue'].rsplit('/', 1)[-1]}",
    }


def test_each_read_needs_its_own_action_on_the_resource_and_no_more(
    account: AccountProcess, stack: dict[str, str]
) -> None:
    narrow = resources(stack)
    statements = [allow(action, resource=narrow[action.split(":")[0]]) for action in reads(account, stack)]
    viewer = account.session("deployment-viewer", *statements)
    assert {action: refusal(read) for action, read in reads(account, stack, viewer).items() if refusal(read)} == {}
    for n, action in enumerate(reads(account, stack)):
        rest = [each for each in statements if each["Action"] != [action]]
        without = account.session(f"deployment-viewer-{n}", *rest)
        refused = refusal(reads(account, stack, without)[action])
        assert refused in ("AccessDenied", "AccessDeniedException", "AuthorizationError"), action


def test_what_is_read_is_what_the_template_says(account: AccountProcess, stack: dict[str, str]) -> None:
    read = {action: call() for action, call in reads(account, stack).items()}
    (alarm,) = read["cloudwatch:DescribeAlarms"]["MetricAlarms"]
    assert (alarm["ActionsEnabled"], alarm["AlarmActions"]) == (True, [stack["Topic"]])
    recovery = read["dynamodb:DescribeContinuousBackups"]["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    rule = read["events:DescribeRule"]
    assert (rule["State"], rule["ScheduleExpression"]) == ("ENABLED", "rate(1 minute)")
    assert [target["Id"] for target in read["events:ListTargetsByRule"]["Targets"]] == ["queue"]
    assert read["kms:GetKeyRotationStatus"]["KeyRotationEnabled"] is True
    (group,) = read["logs:DescribeLogGroups"]["logGroups"]
    assert (group["retentionInDays"], group["kmsKeyId"].rsplit("/", 1)[-1]) == (30, stack["Key"])
    assert read["s3:GetBucketVersioning"]["Status"] == "Enabled"
    assert all(read["s3:GetBucketPublicAccessBlock"]["PublicAccessBlockConfiguration"].values())
    assert read["sns:GetTopicAttributes"]["Attributes"]["KmsMasterKeyId"] == stack["Key"]
    assert read["sqs:GetQueueAttributes"]["Attributes"]["KmsMasterKeyId"] == stack["Key"]


def test_a_functions_configuration_and_permissions_are_read(account: AccountProcess) -> None:
    arn = account.function("doctor-read", MemorySize=256)
    lambda_ = account.client("lambda")
    source = {"SourceArn": f"arn:aws:sns:us-east-1:{ME}:topic"}
    invoke = {"Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com", "StatementId": "topic", **source}
    lambda_.add_permission(FunctionName="doctor-read", **invoke)
    actions = ("lambda:GetFunctionConfiguration", "lambda:GetPolicy")
    viewer = account.client("lambda", account.session("doctor-reader", allow(*actions, resource=arn)))
    configuration = viewer.get_function_configuration(FunctionName="doctor-read")
    assert (configuration["MemorySize"], configuration["State"]) == (256, "Active")
    (statement,) = json.loads(viewer.get_policy(FunctionName="doctor-read")["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert refusal(partial(viewer.get_policy, FunctionName="another")) == "AccessDeniedException"
