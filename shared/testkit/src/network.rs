use crate::process::Process;
use async_trait::async_trait;
use containment::ids::{InterfaceId, SecurityGroupId, VpcId};
use containment::observed::{ObservedAllowAllGroup, ObservedInterface, ObservedSecurityGroup, OpenRule};
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

    async fn allow_all_groups(&self) -> PortResult<Vec<ObservedAllowAllGroup>> {
        self.read("ec2:DescribeSecurityGroups", |account| Ok(account.allow_all_groups.clone())).await
    }

    async fn create_allow_all_group(&self, vpc: &VpcId) -> PortResult<Option<SecurityGroupId>> {
        self.change("ec2:CreateSecurityGroup", |account| {
            if account.allow_all_groups.iter().any(|group| group.vpc == *vpc) {
                return Ok(None);
            }
            let id = SecurityGroupId::new(account.new_id("sg"));
            account.allow_all_groups.push(ObservedAllowAllGroup {
                id: id.clone(),
                vpc: vpc.clone(),
                tagged: true,
                open: [OpenRule::EgressIpv4].into(),
                has_others: false,
            });
            Ok(Some(id))
        })
        .await
    }

    async fn open_allow_all_group(&self, group: &SecurityGroupId, rules: &[OpenRule]) -> PortResult<()> {
        self.change("ec2:AuthorizeSecurityGroupIngress", |account| {
            if let Some(shown) = account.allow_all_groups.iter_mut().find(|shown| shown.id == *group) {
                shown.open.extend(rules);
            }
            Ok(())
        })
        .await
    }

    async fn set_groups(&self, interface: &InterfaceId, groups: &[SecurityGroupId]) -> PortResult<()> {
        self.change(MODIFY, |account| {
            let gone = || PortError::new(MODIFY, ErrorKind::Gone, Some("InvalidGroup.NotFound"), "no such group");
            for group in groups {
                let of_name = account.security_groups.iter().map(|shown| (&shown.id, shown.tagged));
                let mut ours = of_name.chain(account.allow_all_groups.iter().map(|shown| (&shown.id, shown.tagged)));
                match ours.find(|(id, _)| *id == group) {
                    // The role's condition: of the groups with these names only those that carry Cordon's tag.
                    Some((_, false)) => {
                        let code = Some("UnauthorizedOperation");
                        return Err(PortError::new(MODIFY, ErrorKind::Denied, code, "not tagged"));
                    }
                    Some(_) => {}
                    None if account.has_security_group(group) => {}
                    None => return Err(gone()),
                }
            }
            let shown = account.interfaces.iter_mut().map(|(_, shown)| shown).find(|shown| shown.id == *interface);
            let code = Some("InvalidNetworkInterfaceID.NotFound");
            let shown = shown.ok_or_else(|| PortError::new(MODIFY, ErrorKind::Gone, code, "no such interface"))?;
            if shown.managed_by.is_some() {
                return Err(PortError::new(MODIFY, ErrorKind::Denied, Some("OperationNotPermitted"), "managed"));
            }
            shown.groups = groups.to_vec();
            account.moves.push((interface.clone(), groups.to_vec()));
            Ok(())
        })
        .await
    }
}
