"""`cordon doctor` by a viewer: a whole deployment passes, a broken one is found with its fix, the unknown is no pass."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .command import Person, cordon, document, listed
from .laptop import Laptop, Stack, wait_for

MAIL = "soc@example.com"


@dataclass
class Patient:
    """A deployment of its own, since it is broken again and again."""

    stack: Stack
    viewer: Person

    def id(self, logical_id: str) -> str:
        return str(self.stack.resources[logical_id]["physical_id"])

    def client(self, service: str) -> Any:
        return self.stack.laptop.client(service)

    def looked_at(self) -> dict[str, Any]:
        return json.loads(self.viewer.runs("--stack", "doctored", "doctor", "--json").stdout)

    def examined(self, code: int) -> dict[str, Any]:
        return self.viewer.asks("--stack", "doctored", "doctor", code=code)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """An account of its own: a group that another test tagged oddly is a finding here."""
    laptop = Laptop(Path(tmp_path_factory.mktemp("doctored")))
    try:
        yield laptop
    finally:
        laptop.close()


@pytest.fixture(scope="module")
def patient(laptop: Laptop) -> Patient:
    stack = Stack.deploy(laptop, "doctored", NotificationEmail=MAIL, EnrollFleet="on")
    stack.look_again(True)
    topic = stack.outputs["NotificationTopicArn"]
    laptop.door("POST", "subscriptions/confirm", {"topic_arn": topic, "endpoint": MAIL})
    patient = Patient(stack, Person.user(stack, "doctor-viewer", "ViewerPolicyArn"))
    quiet(patient)
    return patient


def quiet(patient: Patient) -> None:
    """Alarms that nothing fed yet."""
    cloudwatch = patient.client("cloudwatch")
    for logical_id, resource in patient.stack.resources.items():
        if resource["type"] == "AWS::CloudWatch::Alarm":
            name = patient.id(logical_id)
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test begins")


def problems(examined: dict[str, Any]) -> list[tuple[str, str]]:
    return [(check["id"], check["subject"]) for check in examined["checks"] if check["finding"] == "problem"]


def test_a_whole_deployment_passes_every_check(patient: Patient) -> None:
    examined = patient.examined(code=0)
    assert (examined["schema"], examined["stack"], examined["outcome"]) == (1, "doctored", "ok")
    assert {check["finding"] for check in examined["checks"]} == {"ok"}
    assert len({check["id"] for check in examined["checks"]}) >= 25
    text = patient.viewer.runs("--stack", "doctored", "doctor").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert text.splitlines()[-1] == f"All {len(examined['checks'])} checks passed."


Change = Callable[[Patient], Any]


@dataclass
class Break:
    check: str
    subject: str
    fix: str
    breaks: Change
    mends: Change


def set_topic_policy(statements: list[dict[str, Any]]) -> Change:
    def change(patient: Patient) -> None:
        topic = patient.id("AlarmTopic")
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        patient.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)

    return change


def alarm_topic_statements() -> list[dict[str, Any]]:
    of_account = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    people = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
    service = {"Service": "cloudwatch.amazonaws.com"}
    return [
        {"Sid": "A", "Effect": "Allow", "Principal": service, "Action": "sns:Publish", "Condition": of_account},
        {"Sid": "B", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Condition": people},
    ]


ANYBODY = {"Sid": "Anybody", "Effect": "Allow", "Principal": "*", "Action": "sns:Publish"}


def unsubscribe(patient: Patient) -> None:
    patient.client("sns").unsubscribe(SubscriptionArn=patient.id("AlarmTopicSubscription"))


def subscribe(patient: Patient) -> None:
    function = patient.stack.outputs["ContainInstanceFunctionArn"]
    patient.client("sns").subscribe(TopicArn=patient.id("AlarmTopic"), Protocol="lambda", Endpoint=function)


def dead_letter(patient: Patient) -> None:
    patient.client("sqs").send_message(QueueUrl=patient.id("SignalDeadLetterQueue"), MessageBody="{}")


def read_dead_letters(patient: Patient) -> None:
    patient.client("sqs").purge_queue(QueueUrl=patient.id("SignalDeadLetterQueue"))
    quiet(patient)


def point_elsewhere(patient: Patient) -> None:
    set_table(patient, "another-deployments-table")


def set_table(patient: Patient, table: str) -> None:
    # A function that nothing invokes here: none of its invocations fails meanwhile.
    function, lambda_ = patient.id("ReleaseInstanceFunction"), patient.client("lambda")
    environment = lambda_.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    lambda_.update_function_configuration(
        FunctionName=function, Environment={"Variables": {**environment, "CORDON_TABLE": table}}
    )


def add_subscriber(patient: Patient) -> None:
    topic = patient.id("NotificationTopic")
    patient.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="late@example.com")


def confirm_subscriber(patient: Patient) -> None:
    body = {"topic_arn": patient.id("NotificationTopic"), "endpoint": "late@example.com"}
    patient.stack.laptop.door("POST", "subscriptions/confirm", body)


def set_recovery(enabled: bool) -> Change:
    return lambda patient: patient.client("dynamodb").update_continuous_backups(
        TableName=patient.id("JournalTable"),
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled},
    )


def set_protection(enabled: bool) -> Change:
    return lambda patient: patient.client("dynamodb").update_table(
        TableName=patient.id("JournalTable"), DeletionProtectionEnabled=enabled
    )


def set_public_access_block(blocked: bool) -> Change:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return lambda patient: patient.client("s3").put_public_access_block(
        Bucket=patient.id("EvidenceBucket"),
        PublicAccessBlockConfiguration={**dict.fromkeys(names, True), "RestrictPublicBuckets": blocked},
    )


def of(service: str, operation: str, logical_id: str, parameter: str, **more: Any) -> Change:
    def change(patient: Patient) -> None:
        getattr(patient.client(service), operation)(**{parameter: patient.id(logical_id)}, **more)

    return change


def topic_key(patient: Patient) -> None:
    topic = patient.id("AlarmTopic")
    patient.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=patient.id("MessageKey")
    )


def silence(patient: Patient) -> None:
    patient.client("cloudwatch").disable_alarm_actions(AlarmNames=[patient.id("JournalFailedAlarm")])


def unsilence(patient: Patient) -> None:
    patient.client("cloudwatch").enable_alarm_actions(AlarmNames=[patient.id("JournalFailedAlarm")])


BREAKS = [
    Break("alarm-topic-policy", "AlarmTopic", "AlarmTopicPolicy",
          set_topic_policy([*alarm_topic_statements(), ANYBODY]), set_topic_policy(alarm_topic_statements())),
    Break("alarm-topic-subscribed", "AlarmTopic", "aws sns subscribe", unsubscribe, subscribe),
    Break("dead-letters", "SignalDeadLetterQueue", "aws sqs receive-message", dead_letter, read_dead_letters),
    Break("function-settings", "ReleaseInstanceFunction", "deploy",
          point_elsewhere, lambda patient: set_table(patient, patient.id("JournalTable"))),
    Break("function-concurrency", "ContainInstanceFunction", "aws lambda delete-function-concurrency",
          of("lambda", "put_function_concurrency", "ContainInstanceFunction", "FunctionName", ReservedConcurrentExecutions=0),
          of("lambda", "delete_function_concurrency", "ContainInstanceFunction", "FunctionName")),
    Break("notification-subscribed", "NotificationTopic", "link", add_subscriber, confirm_subscriber),
    Break("schedule-enabled", "ReconcileIncidentsSchedule", "aws events enable-rule",
          of("events", "disable_rule", "ReconcileIncidentsSchedule", "Name"),
          of("events", "enable_rule", "ReconcileIncidentsSchedule", "Name")),
    Break("key-rotates", "JournalKey", "aws kms enable-key-rotation",
          of("kms", "disable_key_rotation", "JournalKey", "KeyId"),
          of("kms", "enable_key_rotation", "JournalKey", "KeyId")),
    Break("key-enabled", "SigningKey", "aws kms enable-key",
          of("kms", "disable_key", "SigningKey", "KeyId"), of("kms", "enable_key", "SigningKey", "KeyId")),
    Break("table-recoverable", "JournalTable", "aws dynamodb update-continuous-backups",
          set_recovery(False), set_recovery(True)),
    Break("table-protected", "JournalTable", "--deletion-protection-enabled", set_protection(False), set_protection(True)),
    Break("bucket-private", "EvidenceBucket", "aws s3api put-public-access-block",
          set_public_access_block(False), set_public_access_block(True)),
    Break("topic-encrypted", "AlarmTopic", "KmsMasterKeyId",
          of("sns", "set_topic_attributes", "AlarmTopic", "TopicArn", AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"),
          topic_key),
    Break("alarm-acts", "JournalFailedAlarm", "aws cloudwatch enable-alarm-actions", silence, unsilence),
]


@contextmanager
def broken(patient: Patient, one: Break) -> Iterator[None]:
    one.breaks(patient)
    try:
        yield
    finally:
        one.mends(patient)


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.check)
def test_what_is_broken_is_found_with_its_fix(patient: Patient, one: Break) -> None:
    with broken(patient, one):
        examined = patient.examined(code=1)
        text = patient.viewer.runs("--stack", "doctored", "doctor").stdout
    assert (one.check, one.subject) in problems(examined), problems(examined)
    (check,) = [check for check in examined["checks"] if (check["id"], check["subject"]) == (one.check, one.subject)]
    assert one.fix in check["fix"]
    assert text.splitlines()[1].split()[2] == "PROBLEM"
    wait_for("the mended stack to pass", lambda: problems(patient.looked_at()) == [])


def test_failing_and_throttled_invocations_are_counted(laptop: Laptop) -> None:
    stack = Stack.deploy(laptop, "failing")
    function = stack.outputs["RevokeCredentialsFunctionName"]
    for metric in ("Errors", "Throttles"):
        body = {"namespace": "AWS/Lambda", "metric": metric, "dimensions": {"FunctionName": function}}
        laptop.door("POST", "metrics", {**body, "points": [{"value": 2.0}, {"value": 1.0}]})

    def ringing() -> dict[str, Any] | None:
        examined = json.loads(cordon(laptop, "--stack", "failing", "doctor", "--json").stdout)
        # On a busy machine a read may time out, which is "could not check".
        wanted = {("alarm-quiet", "RevokeCredentialsErrorsAlarm"), ("function-errors", "RevokeCredentialsFunction")}
        return examined if wanted <= set(problems(examined)) else None

    examined = wait_for("the alarm on errors", ringing)
    found = {check["id"]: check for check in examined["checks"] if check["finding"] == "problem"}
    assert found["function-errors"]["what"].startswith("3 of its invocations failed")
    assert f"/aws/lambda/{function}" in found["function-errors"]["fix"]
    assert found["function-throttles"]["subject"] == "RevokeCredentialsFunction"


def test_a_group_whose_mode_is_not_understood_is_found(laptop: Laptop, patient: Patient) -> None:
    laptop.fleet("odd; rm", size=1, mode="Enforce")
    found = [check for check in patient.looked_at()["checks"] if check["id"] == "group-modes"]
    assert [(check["subject"], check["finding"]) for check in found] == [("odd; rm", "problem")]
    assert "ResourceId='odd; rm'" in found[0]["fix"] and '"Enforce"' in found[0]["what"]
    laptop.client("autoscaling").delete_tags(
        Tags=[{"ResourceId": "odd; rm", "ResourceType": "auto-scaling-group", "Key": "cordon:mode"}]
    )


def test_what_was_deleted_behind_the_stacks_back_is_missed(laptop: Laptop) -> None:
    stack = Stack.deploy(laptop, "robbed")
    laptop.client("cloudwatch").delete_alarms(AlarmNames=[stack.resources["FleetEventAlarm"]["physical_id"]])
    laptop.client("sqs").delete_queue(QueueUrl=stack.outputs["InvocationFailureQueueUrl"])
    found = json.loads(cordon(laptop, "--stack", "robbed", "doctor", "--json").stdout)
    missed = {("alarm-exists", "FleetEventAlarm"), ("dead-letters", "InvocationFailureQueue")}
    # Nobody was ever given as the one to tell.
    assert missed | {("notification-subscribed", "NotificationTopic")} <= set(problems(found))


def test_who_may_read_nothing_is_told_nothing_good(laptop: Laptop, patient: Patient) -> None:
    stranger = Person.user(patient.stack, "doctor-stranger")
    examined = stranger.asks("--stack", "doctored", "doctor", code=6)
    assert (examined["outcome"], {check["finding"] for check in examined["checks"]}) == (
        "could-not-check",
        {"could-not-check"},
    )
    nowhere = cordon(laptop, "--stack", "nowhere", "doctor")
    assert nowhere.returncode == 1 and "nowhere" in nowhere.stderr and "--stack" in nowhere.stderr


@pytest.mark.parametrize(
    ("action", "check"),
    [
        ("autoscaling:DescribeAutoScalingGroups", "group-modes"),
        ("cloudwatch:DescribeAlarms", "alarm-exists"),
        ("cloudwatch:GetMetricData", "function-errors"),
        ("dynamodb:DescribeContinuousBackups", "table-recoverable"),
        ("events:ListTargetsByRule", "schedule-target"),
        ("kms:GetKeyRotationStatus", "key-rotates"),
        ("lambda:GetPolicy", "function-permission"),
        ("s3:GetBucketObjectLockConfiguration", "bucket-locked"),
        ("sns:ListSubscriptionsByTopic", "notification-subscribed"),
        ("sqs:GetQueueAttributes", "dead-letters"),
    ],
)
def test_a_missing_permission_hides_its_own_answer_and_is_no_pass(patient: Patient, action: str, check: str) -> None:
    name = "doctor-without-" + action.replace(":", "-")
    examined = Person.without(patient.stack, name, "ViewerPolicyArn", action).asks("--stack", "doctored", "doctor", code=6)
    by_finding: dict[str, set[str]] = {}
    for each in examined["checks"]:
        by_finding.setdefault(each["finding"], set()).add(each["id"])
    assert check in by_finding["could-not-check"] and check not in by_finding["ok"]
    assert all(action in each["why"] for each in examined["checks"] if each["finding"] == "could-not-check")
    assert len(by_finding["ok"]) >= 20


def test_a_viewer_is_given_no_read_that_no_command_makes(laptop: Laptop, patient: Patient) -> None:
    """Those of incidents, show, report and evidence are theirs; here are coverage's and doctor's."""
    since = len(laptop.calls())
    laptop.door("POST", "scenario/instance", {})
    patient.looked_at()
    assert patient.viewer.runs("--stack", "doctored", "coverage").returncode == 0
    called = {
        permission
        for call in laptop.calls(since)
        if call["caller"] == patient.viewer.arn
        for permission in call["permissions"]
    }
    given = {action for statement in document(patient.stack, "ViewerPolicyArn")["Statement"] for action in listed(statement)}
    others = {"dynamodb:GetItem", "dynamodb:Query", "kms:GetPublicKey", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucketVersions"}
    assert called == given - others
