//! What AWS shows of an instance, kept as evidence: EC2's, IAM's and Auto Scaling's answers as they came, CloudWatch's and
//! CloudTrail's as JSON, since theirs are binary or nested in text.

use crate::error::map;
use crate::recorder::Recorder;
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_autoscaling::Client as AutoScaling;
use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::{Filter, InstanceAttributeName};
use aws_sdk_iam::Client as Iam;
use containment::ids::{VpcId, hex};
use ports::{CaptureSubject, Exhibit, Exhibits, PortError, PortResult};
use serde_json::json;
use sha2::{Digest, Sha256};
use signal::InstanceId;

/// One call, its answer kept as it came.
macro_rules! exhibit {
    ($name:literal, $operation:literal, $call:expr) => {{
        let recorder = Recorder::default();
        let answer = $call.customize().interceptor(recorder.clone()).send().await;
        Exhibit { name: $name, answer: answer.map(|_| recorder.bytes()).map_err(map($operation)) }
    }};
}

pub(crate) struct AwsExhibits {
    ec2: Ec2,
    iam: Iam,
    auto_scaling: AutoScaling,
    traffic: crate::traffic_exhibits::TrafficExhibits,
}

impl AwsExhibits {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            ec2: Ec2::new(config),
            iam: Iam::new(config),
            auto_scaling: AutoScaling::new(config),
            traffic: crate::traffic_exhibits::TrafficExhibits::new(config),
        }
    }

    async fn network(&self, subject: &CaptureSubject) -> Vec<Exhibit> {
        let by_instance = filter("attachment.instance-id", subject.instance.as_str());
        let vpc = filter("vpc-id", subject.vpc.as_ref().map_or("none", VpcId::as_str));
        let groups = subject.security_groups.iter().map(|group| group.as_str().to_owned()).collect();
        let (interfaces, security_groups, routes) = tokio::join!(
            async {
                let call = self.ec2.describe_network_interfaces().filters(by_instance);
                exhibit!("network-interfaces.xml", "ec2:DescribeNetworkInterfaces", call)
            },
            async {
                let call = self.ec2.describe_security_groups().set_group_ids(Some(groups));
                exhibit!("security-groups.xml", "ec2:DescribeSecurityGroups", call)
            },
            async {
                let call = self.ec2.describe_route_tables().filters(vpc);
                exhibit!("route-tables.xml", "ec2:DescribeRouteTables", call)
            },
        );
        vec![interfaces, security_groups, routes]
    }

    async fn machine(&self, subject: &CaptureSubject) -> Vec<Exhibit> {
        let id = subject.instance.as_str();
        let (instance, volumes, user_data) = tokio::join!(
            async {
                let call = self.ec2.describe_instances().instance_ids(id);
                exhibit!("instance.xml", "ec2:DescribeInstances", call)
            },
            async {
                let call = self.ec2.describe_volumes().filters(filter("attachment.instance-id", id));
                exhibit!("volumes.xml", "ec2:DescribeVolumes", call)
            },
            self.user_data(&subject.instance),
        );
        vec![instance, volumes, Exhibit { name: "user-data-digest.json", answer: user_data }]
    }

    /// User data may hold secrets, so only its digest is kept: enough to know later whether it is what it should be.
    async fn user_data(&self, instance: &InstanceId) -> PortResult<Vec<u8>> {
        let call = self.ec2.describe_instance_attribute().instance_id(instance.as_str());
        let answer = call.attribute(InstanceAttributeName::UserData).send().await;
        let answer = answer.map_err(map("ec2:DescribeInstanceAttribute"))?;
        let base64 = answer.user_data().and_then(|data| data.value()).unwrap_or_default();
        let digest = hex(&Sha256::digest(base64.as_bytes()));
        Ok(json!({"sha256_of_base64": digest, "base64_characters": base64.len()}).to_string().into_bytes())
    }

    async fn group(&self, subject: &CaptureSubject) -> Vec<Exhibit> {
        let Some(group) = &subject.group else { return Vec::new() };
        let (described, activities) = tokio::join!(
            async {
                let call = self.auto_scaling.describe_auto_scaling_groups().auto_scaling_group_names(group.as_str());
                exhibit!("auto-scaling-group.xml", "autoscaling:DescribeAutoScalingGroups", call)
            },
            async {
                let call = self.auto_scaling.describe_scaling_activities().auto_scaling_group_name(group.as_str());
                exhibit!("scaling-activities.xml", "autoscaling:DescribeScalingActivities", call)
            },
        );
        vec![described, activities]
    }

    async fn profile(&self, subject: &CaptureSubject) -> Vec<Exhibit> {
        let Some(arn) = &subject.profile_arn else { return Vec::new() };
        let name = arn.rsplit('/').next().unwrap_or_default();
        let profile = {
            let call = self.iam.get_instance_profile().instance_profile_name(name);
            exhibit!("instance-profile.xml", "iam:GetInstanceProfile", call)
        };
        let policies = Exhibit { name: "role-policies.json", answer: self.role_policies(name).await };
        vec![profile, policies]
    }

    async fn role_policies(&self, profile: &str) -> PortResult<Vec<u8>> {
        let answer = self.iam.get_instance_profile().instance_profile_name(profile).send().await;
        let answer = answer.map_err(map("iam:GetInstanceProfile"))?;
        let role = answer.instance_profile().and_then(|profile| profile.roles().first());
        let Some(role) = role.map(|role| role.role_name().to_owned()) else {
            return Err(PortError::unreadable("iam:GetInstanceProfile", "a profile without a role"));
        };
        let (inline, attached) = tokio::join!(
            self.iam.list_role_policies().role_name(&role).send(),
            self.iam.list_attached_role_policies().role_name(&role).send(),
        );
        let inline = inline.map_err(map("iam:ListRolePolicies"))?;
        let attached = attached.map_err(map("iam:ListAttachedRolePolicies"))?;
        let mut documents = serde_json::Map::new();
        for policy in inline.policy_names() {
            let answer = self.iam.get_role_policy().role_name(&role).policy_name(policy).send().await;
            let document = answer.map_err(map("iam:GetRolePolicy"))?.policy_document().to_owned();
            documents.insert(policy.clone(), json!(document));
        }
        let attached: Vec<_> = attached.attached_policies().iter().filter_map(|policy| policy.policy_arn()).collect();
        let complete = !inline.is_truncated();
        Ok(json!({"role": role, "inline_percent_encoded": documents, "attached": attached, "complete": complete})
            .to_string()
            .into_bytes())
    }
}

#[async_trait]
impl Exhibits for AwsExhibits {
    async fn console(&self, instance: &InstanceId) -> Vec<Exhibit> {
        let id = instance.as_str();
        let (output, screenshot) = tokio::join!(
            async {
                exhibit!("console-output.xml", "ec2:GetConsoleOutput", self.ec2.get_console_output().instance_id(id))
            },
            async {
                let call = self.ec2.get_console_screenshot().instance_id(id);
                exhibit!("console-screenshot.xml", "ec2:GetConsoleScreenshot", call)
            },
        );
        vec![output, screenshot]
    }

    async fn surroundings(&self, subject: &CaptureSubject) -> Vec<Exhibit> {
        let (machine, network, group, profile, traffic) = tokio::join!(
            self.machine(subject),
            self.network(subject),
            self.group(subject),
            self.profile(subject),
            self.traffic.of(subject),
        );
        [machine, network, group, profile, traffic].concat()
    }
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}
