//! `enforcerctl demo`: a start, three refusals and a denied call under the real wrapper.
//!
//! KMS, metadata and credentials are the local ones; the wrapper and the application are
//! this same program under other names. A scene that ends otherwise than promised is an
//! error, so the demonstration is also a check of the machine.

mod application;
mod outcome;
mod scene;
mod show;
mod stage;

pub(super) use application::{NAME as APPLICATION, run as application};
pub(super) use stage::WRAPPER;

use super::Error;
use scene::Scene;
use stage::Stage;
use std::io::Write;

/// Plays every scene and shows it.
pub(super) fn run(out: &mut impl Write) -> Result<(), Error> {
    let stage = Stage::build()?;
    show::introduction(out)?;
    let mut broken = 0;
    for (index, scene) in Scene::ALL.iter().enumerate() {
        show::title(out, index + 1, scene)?;
        let outcome = stage.play(scene)?;
        let verdict = scene.judge(&outcome);
        show::outcome(out, &outcome, &verdict)?;
        broken += usize::from(verdict.is_err());
    }
    match broken {
        0 => Ok(show::conclusion(out)?),
        count => Err(Error::Scenes(count)),
    }
}
