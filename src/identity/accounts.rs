//! The image's account files, read directly: a static program must not load the C library's name services.

use super::{Current, Error};
use crate::policy;
use std::fs;
use std::path::PathBuf;

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";

/// Ids and home of the application's user.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) groups: Vec<u32>,
    pub(super) home: Option<PathBuf>,
}

/// From the policy; where it names nobody, the image's own USER, if that is not root.
pub(super) fn resolve(policy: &policy::Identity, current: &Current) -> Result<Account, Error> {
    let home = policy.home.as_ref().map(|home| home.as_path().to_owned());
    let Some(spec) = &policy.user else {
        return if current.uid == 0 {
            Err(Error::Root)
        } else {
            unchanged(policy, current, home)
        };
    };
    let passwd = read(PASSWD)?;
    let group = read(GROUP)?;
    let user = User::find(&passwd, &spec.user)?;
    let gid = match &spec.group {
        Some(name) => group_id(&group, name)?,
        None => user.gid.unwrap_or(user.uid),
    };
    let groups = match &policy.groups {
        Some(names) => names
            .iter()
            .map(|name| group_id(&group, name))
            .collect::<Result<_, _>>()?,
        None => user
            .name
            .map_or_else(Vec::new, |name| member_of(&group, &name, gid)),
    };
    Ok(Account {
        uid: user.uid,
        gid,
        groups,
        home: home.or(user.home).or_else(|| Some("/".into())),
    })
}

fn unchanged(
    policy: &policy::Identity,
    current: &Current,
    home: Option<PathBuf>,
) -> Result<Account, Error> {
    let groups = match &policy.groups {
        Some(names) => {
            let file = read(GROUP)?;
            names
                .iter()
                .map(|name| group_id(&file, name))
                .collect::<Result<_, _>>()?
        }
        None => current.groups.clone(),
    };
    Ok(Account {
        uid: current.uid,
        gid: current.gid,
        groups,
        home,
    })
}

/// A missing file is an empty one, as in an image from scratch.
fn read(file: &'static str) -> Result<String, Error> {
    match fs::read(file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(Error::Accounts { file, source }),
    }
}

/// A line of passwd(5), or a number that has none.
struct User {
    name: Option<String>,
    uid: u32,
    gid: Option<u32>,
    home: Option<PathBuf>,
}

impl User {
    fn find(passwd: &str, wanted: &str) -> Result<Self, Error> {
        let number = wanted.parse::<u32>().ok();
        let named = |[name, _, uid, ..]: &[&str; 6]| {
            *name == wanted || number.is_some() && uid.parse().ok() == number
        };
        match (passwd.lines().filter_map(fields).find(named), number) {
            (Some(line), _) => Self::from_line(line).ok_or_else(|| unknown(PASSWD, wanted)),
            (None, Some(uid)) => Ok(Self {
                name: None,
                uid,
                gid: None,
                home: None,
            }),
            (None, None) => Err(unknown(PASSWD, wanted)),
        }
    }

    fn from_line([name, _, uid, gid, _, home]: [&str; 6]) -> Option<Self> {
        Some(Self {
            name: Some(name.to_owned()),
            uid: uid.parse().ok()?,
            gid: Some(gid.parse().ok()?),
            home: Some(home)
                .filter(|home| home.starts_with('/'))
                .map(PathBuf::from),
        })
    }
}

/// The first fields of a line; `None` if it has fewer.
fn fields<const N: usize>(line: &str) -> Option<[&str; N]> {
    let mut all = line.split(':');
    let mut fields = [""; N];
    for field in &mut fields {
        *field = all.next()?;
    }
    Some(fields)
}

fn group_id(group: &str, wanted: &str) -> Result<u32, Error> {
    let id = |[name, _, gid]: [&str; 3]| {
        if name == wanted {
            gid.parse().ok()
        } else {
            None
        }
    };
    let named = group.lines().filter_map(fields).find_map(id);
    named
        .or_else(|| wanted.parse().ok())
        .ok_or_else(|| unknown(GROUP, wanted))
}

/// The primary group and every group of group(5) that lists the user.
fn member_of(group: &str, user: &str, primary: u32) -> Vec<u32> {
    let listed = group
        .lines()
        .filter_map(fields)
        .filter(|[_, _, _, members]| members.split(',').any(|member| member == user))
        .filter_map(|[_, _, gid, _]| gid.parse().ok());
    let mut groups: Vec<u32> = std::iter::once(primary).chain(listed).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn unknown(file: &'static str, name: &str) -> Error {
    Error::Unknown {
        file,
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\napp:x:10001:10002::/app:/bin/false\nbroken\n";
    const GROUP: &str = "root:x:0:\ntls:x:40:app,other\nlogs:x:41:other\n";

    #[test]
    fn a_user_is_found_by_name_and_by_number() {
        for wanted in ["app", "10001"] {
            let user = User::find(PASSWD, wanted).unwrap();
            assert_eq!((user.uid, user.gid), (10001, Some(10002)));
            assert_eq!(user.home.as_deref(), Some(std::path::Path::new("/app")));
        }
    }

    #[test]
    fn a_number_needs_no_account_and_a_name_does() {
        assert_eq!(User::find(PASSWD, "4242").unwrap().uid, 4242);
        assert!(User::find(PASSWD, "nobody").is_err());
    }

    #[test]
    fn supplementary_groups_are_those_that_list_the_user_and_the_primary_one() {
        assert_eq!(member_of(GROUP, "app", 10002), [40, 10002]);
        assert_eq!(group_id(GROUP, "logs").unwrap(), 41);
        assert_eq!(group_id(GROUP, "77").unwrap(), 77);
        assert!(group_id(GROUP, "nobody").is_err());
    }
}
