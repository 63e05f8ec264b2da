//! Who is an administrator already.

use crate::account::Account;
use crate::escalation::places::worst;
use crate::finding::Confidence;
use iam_policy::{Action, Policy, PolicyError};

/// An administrator may do all of these, on any resource: one of each kind of power, over services that an account has
/// anyway. Control policies are left out, because they limit every principal alike: they stop the way there instead.
const POWERS: [(&str, &str); 8] = [
    ("iam:CreateUser", "arn:P:iam::A:user/*"),
    ("iam:AttachRolePolicy", "arn:P:iam::A:role/*"),
    ("iam:PassRole", "arn:P:iam::A:role/*"),
    ("s3:GetObject", "arn:P:s3:::*/*"),
    ("ec2:RunInstances", "arn:P:ec2:*:A:instance/*"),
    ("lambda:UpdateFunctionCode", "arn:P:lambda:*:A:function:*"),
    ("secretsmanager:GetSecretValue", "arn:P:secretsmanager:*:A:secret:*"),
    ("dynamodb:DeleteTable", "arn:P:dynamodb:*:A:table/*"),
];

pub(crate) struct Powers(Vec<(Action, String)>);

impl Powers {
    pub(crate) fn of(account: &Account<'_>) -> Result<Self, PolicyError> {
        let power = |(action, form): &(&str, &str)| {
            let resource = form.replacen(":P:", &format!(":{}:", account.partition), 1);
            Ok((Action::parse(action)?, resource.replacen(":A:", &format!(":{}:", account.id), 1)))
        };
        Ok(Self(POWERS.iter().map(power).collect::<Result<_, _>>()?))
    }

    /// Whether the subject holds them all, `more` being added to what it has.
    pub(crate) fn held(&self, account: &Account<'_>, at: usize, more: &[Policy]) -> Option<Confidence> {
        worst(self.0.iter().map(|(action, resource)| account.allows(at, more, action, resource)))
    }

    /// Whether it would if its identity policies were the caller's to choose.
    pub(crate) fn could_hold(&self, account: &Account<'_>, at: usize) -> bool {
        self.held(account, at, std::slice::from_ref(&account.everything)) == Some(Confidence::High)
    }
}
