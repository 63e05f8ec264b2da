use crate::process::Process;
use async_trait::async_trait;
use containment::ids::{InterfaceId, SecurityGroupId, VpcId};
use containment::observed::{ObservedInterface, ObservedSecurityGroup};
use ports::{ErrorKind, Network, PortError, PortResult};
use signal::InstanceId;
use std::collections::BTreeSet;

const MODIFY: &str = "ec2:ModifyNetworkInterfaceAttribute";

#[async_trait]
impl Network for Process {
    async fn interfaces(&self, instance: &InstanceId) -> PortResult<Vec<ObservedInterface>> {
        self.read("ec2:DescribeNetworkInterfaces", |account| {
            let of_instance = account.interfaces.iter().filter(|(of, _)| of == instance);
            Ok(of_instance.map(|(_, shown)| shown.clone()).collect())
        })
        .await
    }

    async fn quarantine_groups(&self) -> PortResult<Vec<ObservedSecurityGroup>> {
        self.read("ec2:DescribeSecurityGroups", |account| Ok(account.security_groups.clone())).await
    }

    async fn existing(&self, groups: &[SecurityGroupId]) -> PortResult<BTreeSet<SecurityGroupId>> {
        self.read("ec2:DescribeSecurityGroups", |account| {
            Ok(groups.iter().filter(|group| account.has_security_group(group)).cloned().collect())
        })
        .await
    }

    async fn create_quarantine_group(&self, vpc: &VpcId) -> PortResult<Option<SecurityGroupId>> {
        self.change("ec2:CreateSecurityGroup", |account| {
            if account.quarantine_group(vpc).is_some() {
                return Ok(None);
            }
            let id = SecurityGroupId::new(account.new_id("sg"));
            // AWS gives a new group a rule that lets everything out.
            let group = ObservedSecurityGroup {
                id: id.clone(),
                vpc: vpc.clone(),
                tagged: true,
                ingress_rules: 0,
                egress_rules: 1,
            };
            account.security_groups.push(group);
            Ok(Some(id))
        })
        .await
    }

    async fn empty_quarantine_group(&self, group: &SecurityGroupId) -> PortResult<()> {
        self.change("ec2:RevokeSecurityGroupEgress", |account| {
            if let Some(shown) = account.security_groups.iter_mut().find(|shown| shown.id == *group) {
                (shown.ingress_rules, shown.egress_rules) = (0, 0);
            }
            Ok(())
        })
        .await
    }

    async fn revoke_default_rules(&self, group: &SecurityGroupId) -> PortResult<()> {
        self.change("ec2:RevokeSecurityGroupEgress", |account| {
            if let Some(shown) = account.security_groups.iter_mut().find(|shown| shown.id == *group) {
                shown.egress_rules = shown.egress_rules.saturating_sub(1);
            }
            Ok(())
        })
        .await
    }

    async fn set_groups(&self, interface: &InterfaceId, groups: &[SecurityGroupId]) -> PortResult<()> {
        self.change(MODIFY, |account| {
            let gone = || PortError::new(MODIFY, ErrorKind::Gone, Some("InvalidGroup.NotFound"), "no such group");
            for group in groups {
                match account.security_groups.iter().find(|shown| shown.id == *group) {
                    // The role's condition: of the groups with this name only those that carry the quarantine tag.
                    Some(quarantine) if !quarantine.tagged => {
                        let code = Some("UnauthorizedOperation");
                        return Err(PortError::new(MODIFY, ErrorKind::Denied, code, "not tagged"));
                    }
                    Some(_) => {}
                    None if account.has_security_group(group) => {}
                    None => return Err(gone()),
                }
            }
            let shown = account.interfaces.iter_mut().map(|(_, shown)| shown).find(|shown| shown.id == *interface);
            let shown = shown.ok_or_else(gone)?;
            if shown.managed_by.is_some() {
                return Err(PortError::new(MODIFY, ErrorKind::Denied, Some("OperationNotPermitted"), "managed"));
            }
            shown.groups = groups.to_vec();
            Ok(())
        })
        .await
    }
}
