//! GetAccountAuthorizationDetails: every user, group, role and policy.

use super::{map, moment};
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, GroupDetail, ManagedPolicyDetail, PolicyDetail, RoleDetail, Tag,
    UserDetail,
};
use ports::{Page, PortResult};
use serde_json::{Value, json};

/// As many as IAM gives at most.
const ENTRIES: i32 = 1000;

pub(super) async fn page(client: &Client, after: Option<&str>) -> PortResult<Page> {
    let call = client.get_account_authorization_details().max_items(ENTRIES).set_marker(after.map(str::to_owned));
    let answer = call.send().await.map_err(map("iam:GetAccountAuthorizationDetails"))?;
    let content = json!({
        "UserDetailList": answer.user_detail_list().iter().map(user).collect::<Vec<_>>(),
        "GroupDetailList": answer.group_detail_list().iter().map(group).collect::<Vec<_>>(),
        "RoleDetailList": answer.role_detail_list().iter().map(role).collect::<Vec<_>>(),
        "Policies": answer.policies().iter().map(policy).collect::<Vec<_>>(),
    });
    Ok(Page { content, next: answer.marker().filter(|_| answer.is_truncated()).map(str::to_owned) })
}

fn user(user: &UserDetail) -> Value {
    json!({
        "Path": user.path(), "UserName": user.user_name(), "UserId": user.user_id(), "Arn": user.arn(),
        "CreateDate": moment(user.create_date()),
        "UserPolicyList": inline(user.user_policy_list()),
        "GroupList": user.group_list(),
        "AttachedManagedPolicies": attached(user.attached_managed_policies()),
        "PermissionsBoundary": boundary(user.permissions_boundary()),
        "Tags": tags(user.tags()),
    })
}

fn group(group: &GroupDetail) -> Value {
    json!({
        "Path": group.path(), "GroupName": group.group_name(), "GroupId": group.group_id(), "Arn": group.arn(),
        "CreateDate": moment(group.create_date()),
        "GroupPolicyList": inline(group.group_policy_list()),
        "AttachedManagedPolicies": attached(group.attached_managed_policies()),
    })
}

fn role(role: &RoleDetail) -> Value {
    let used = role.role_last_used().map(|used| {
        // Without a date the role was not used; an entry of null would be a date that can't be read.
        used.last_used_date().map_or(json!({}), |at| json!({"LastUsedDate": moment(Some(at)), "Region": used.region()}))
    });
    json!({
        "Path": role.path(), "RoleName": role.role_name(), "RoleId": role.role_id(), "Arn": role.arn(),
        "CreateDate": moment(role.create_date()),
        "AssumeRolePolicyDocument": role.assume_role_policy_document(),
        "RolePolicyList": inline(role.role_policy_list()),
        "AttachedManagedPolicies": attached(role.attached_managed_policies()),
        "PermissionsBoundary": boundary(role.permissions_boundary()),
        "Tags": tags(role.tags()),
        "RoleLastUsed": used,
    })
}

fn policy(policy: &ManagedPolicyDetail) -> Value {
    let versions = policy.policy_version_list().iter().map(|version| {
        json!({
            "Document": version.document(), "VersionId": version.version_id(),
            "IsDefaultVersion": version.is_default_version(), "CreateDate": moment(version.create_date()),
        })
    });
    let versions: Vec<_> = versions.collect();
    json!({
        "PolicyName": policy.policy_name(), "PolicyId": policy.policy_id(), "Arn": policy.arn(), "Path": policy.path(),
        "DefaultVersionId": policy.default_version_id(), "AttachmentCount": policy.attachment_count(),
        "IsAttachable": policy.is_attachable(), "PolicyVersionList": versions,
    })
}

fn inline(policies: &[PolicyDetail]) -> Vec<Value> {
    let one =
        |policy: &PolicyDetail| json!({"PolicyName": policy.policy_name(), "PolicyDocument": policy.policy_document()});
    policies.iter().map(one).collect()
}

fn attached(policies: &[AttachedPolicy]) -> Vec<Value> {
    let one = |policy: &AttachedPolicy| json!({"PolicyName": policy.policy_name(), "PolicyArn": policy.policy_arn()});
    policies.iter().map(one).collect()
}

fn boundary(boundary: Option<&AttachedPermissionsBoundary>) -> Value {
    boundary.map_or(Value::Null, |boundary| json!({"PermissionsBoundaryArn": boundary.permissions_boundary_arn()}))
}

fn tags(tags: &[Tag]) -> Vec<Value> {
    tags.iter().map(|tag| json!({"Key": tag.key(), "Value": tag.value()})).collect()
}
