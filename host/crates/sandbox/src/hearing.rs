//! Parameters as the robot itself judges them.

use signalbox_crm::params::ParamValue;
use signalbox_crm::run::Verdict;

use crate::answers::{Answers, Record};
use crate::cause;
use crate::compiler::Ticker;
use crate::execution::Execution;
use crate::invocation::Invocation;
use crate::limits::Limits;
use crate::robot::Robot;
use crate::sandbox::Sandbox;

/// By these a robot says that its parameters are wrong.
const CODES: [&str; 2] = ["invalid-param", "missing-param"];

impl Sandbox {
    /// What the robot has against these parameters, in its words: it is started with them, and stopped at its first host
    /// call but those of `params`, `clock`, `random` and `log`. It has no CRM, so nothing that it does is kept.
    ///
    /// None where it ends otherwise than by a failure with the code `invalid-param` or `missing-param`: a robot that
    /// judges its parameters late is not heard.
    pub async fn refused_params(
        &self,
        robot: &Robot,
        invocation: Invocation,
        params: Vec<(String, ParamValue)>,
        limits: Limits,
    ) -> Option<String> {
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        let _ticking = self.ticker.as_ref().map(Ticker::run_begins);
        let nothing = Answers::Record(Box::new(Record::new(invocation.happened_at, Vec::new())));
        let limits = limits.narrowed(&robot.manifest().limits);
        let execution = Execution::new(invocation.run, nothing, params, limits);
        let argument = cause::invocation(invocation);
        match self.execute(robot, execution, &argument).await.verdict {
            Verdict::Failed { code, message, .. } if CODES.contains(&code.as_str()) => Some(message),
            Verdict::Failed { .. } | Verdict::Done { .. } | Verdict::Skipped { .. } => None,
        }
    }
}
