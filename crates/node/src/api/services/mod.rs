//! The paths of the network's own service, one file per service.

mod absence;
mod clusters;
mod coverage;
mod leasing;
mod metered;
mod mobile;
mod page;
mod quote;
mod rendering;
mod storage;

use super::Shared;
use depin_services::Live;
use utoipa_axum::router::OpenApiRouter;

/// The paths of a service and their description; those of other services are not served.
pub(super) fn routes(service: &Live) -> OpenApiRouter<Shared> {
    match service {
        Live::Storage(_) => storage::routes(),
        Live::Metered(_) => metered::routes(),
        Live::Coverage(_) => coverage::routes().merge(mobile::routes()),
        Live::Leasing(_) => leasing::routes(),
        Live::Rendering(_) => rendering::routes(),
        Live::Clusters(_) => clusters::routes(),
    }
}
