//! `activities`.

use signalbox_crm::activity::ActivityState;
use wasmtime::Result;

use crate::bindings::activities::{Activity, Error, Host, NewActivity};
use crate::convert;
use crate::execution::Execution;

impl Host for Execution {
    async fn create(&mut self, item: String, activity: NewActivity) -> Result<Result<String, Error>> {
        let call = self.begin("activities", "create", &(&item, &activity));
        let answer = async {
            let session = self.admit()?;
            let (item, activity) = (convert::id(&item)?, convert::new_activity(activity)?);
            Ok(session.create_activity(item, activity).await?.to_string())
        }
        .await;
        self.finish(call, answer)
    }

    async fn get(&mut self, activity: String) -> Result<Result<Activity, Error>> {
        let call = self.begin("activities", "get", &(&activity,));
        let answer = async {
            let session = self.admit()?;
            Ok(session.activity(convert::id(&activity)?).await?.into())
        }
        .await;
        self.finish(call, answer)
    }

    async fn complete(&mut self, activity: String) -> Result<Result<(), Error>> {
        let call = self.begin("activities", "complete", &(&activity,));
        let answer = async {
            let session = self.admit()?;
            let (activity, state) = (convert::id(&activity)?, ActivityState::Completed);
            session.finish_activity(activity, state).await
        }
        .await;
        self.finish(call, answer)
    }

    async fn cancel(&mut self, activity: String) -> Result<Result<(), Error>> {
        let call = self.begin("activities", "cancel", &(&activity,));
        let answer = async {
            let session = self.admit()?;
            let (activity, state) = (convert::id(&activity)?, ActivityState::Cancelled);
            session.finish_activity(activity, state).await
        }
        .await;
        self.finish(call, answer)
    }

    async fn reschedule(&mut self, activity: String, deadline: String) -> Result<Result<(), Error>> {
        let call = self.begin("activities", "reschedule", &(&activity, &deadline));
        let answer = async {
            let session = self.admit()?;
            session
                .reschedule_activity(convert::id(&activity)?, deadline)
                .await
        }
        .await;
        self.finish(call, answer)
    }

    async fn list_open(&mut self, item: String) -> Result<Result<Vec<Activity>, Error>> {
        let call = self.begin("activities", "list-open", &(&item,));
        let answer = async {
            let session = self.admit()?;
            let open = session.open_activities(convert::id(&item)?).await?;
            Ok(open.into_iter().map(Activity::from).collect::<Vec<_>>())
        }
        .await;
        self.finish(call, answer)
    }
}
