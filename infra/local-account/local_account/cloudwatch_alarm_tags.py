"""Tags of alarms, and deleting alarms.

Source: PutMetricAlarm and DeleteAlarms in the CloudWatch API reference. Tags count when an alarm is made and are ignored
when it is changed; of the alarms that DeleteAlarms names, none is deleted unless all exist.
"""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.exceptions import ResourceNotFound, ValidationError
from moto.cloudwatch.models import CloudWatchBackend

from .patching import overlay

MOST_TO_DELETE = 100


def install() -> None:
    @overlay(CloudWatchBackend)
    def put_metric_alarm(moto: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        name = kwargs.get("name") or (args[0] if args else None)
        before = self.alarms.get(name)
        kept = dict(self.tagger.get_tag_dict_for_resource(before.alarm_arn)) if before else None
        alarm = moto(self, *args, **kwargs)
        if kept is not None:
            self.tagger.delete_all_tags_for_resource(alarm.alarm_arn)
            self.tagger.tag_resource(alarm.alarm_arn, self.tagger.convert_dict_to_tags_input(kept))
        return alarm

    @overlay(CloudWatchBackend)
    def delete_alarms(moto: Any, self: Any, alarm_names: list[str]) -> None:
        if len(alarm_names) > MOST_TO_DELETE:
            raise ValidationError(f"AlarmNames is limited to {MOST_TO_DELETE}.")
        unknown = [name for name in alarm_names if name not in self.alarms]
        if unknown:
            raise ResourceNotFound(f"Alarms not found: {', '.join(unknown)}")
        for name in alarm_names:
            self.tagger.delete_all_tags_for_resource(self.alarms[name].alarm_arn)
        moto(self, alarm_names)
