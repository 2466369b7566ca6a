//! Lists that come in pages.

use crate::{ClientError, api::Page};
use std::future::Future;

/// The entries of at most `pages_max` pages of a list: `ask` gets each page, from the entry after the given one.
///
/// # Errors
/// The first that `ask` has.
pub async fn whole_list<T, F: Future<Output = Result<Page<T>, ClientError>>>(
    pages_max: usize,
    mut ask: impl FnMut(Option<String>) -> F,
) -> Result<Vec<T>, ClientError> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    for _ in 0..pages_max {
        let page = ask(after.clone()).await?;
        found.extend(page.items);
        if page.next.is_none() || page.next == after {
            break;
        }
        after = page.next;
    }
    Ok(found)
}
