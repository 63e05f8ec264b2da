"""AWS::CloudWatch::Alarm and AWS::CloudWatch::Dashboard."""

from __future__ import annotations

from local_account.deploy.creation import Created, Creation, Maker


def alarm(creation: Creation) -> Created:
    name = creation.properties.take("AlarmName") or creation.generated_name()
    # PutMetricAlarm's parameters bear the properties' names.
    creation.clients["cloudwatch"].put_metric_alarm(AlarmName=name, **creation.properties.rest())
    return Created(name, {"Arn": f"arn:aws:cloudwatch:{creation.region}:{creation.account_id}:alarm:{name}"})


def dashboard(creation: Creation) -> Created:
    name = creation.properties.take("DashboardName") or creation.generated_name()
    body = creation.properties.require("DashboardBody")
    creation.clients["cloudwatch"].put_dashboard(DashboardName=name, DashboardBody=body)
    return Created(name)


MAKERS: dict[str, Maker] = {"AWS::CloudWatch::Alarm": alarm, "AWS::CloudWatch::Dashboard": dashboard}
