//! Pages of long lists.

use depin_client::api::Page;

/// Rows that one answer looks through at most. A page may be short, or empty, and have a next one.
const SCAN_MAX: usize = 10_000;

/// Takes what `wire` makes of rows until the page is full or enough rows were looked through. `key` is where the next page begins.
pub(super) fn page<R, T>(
    mut rows: impl Iterator<Item = R>,
    limit: usize,
    key: impl Fn(&R) -> String,
    wire: impl Fn(R) -> Option<T>,
) -> Page<T> {
    let (mut items, mut last) = (Vec::new(), None);
    for _ in 0..SCAN_MAX {
        if items.len() == limit {
            break;
        }
        let Some(row) = rows.next() else { return Page { items, next: None } };
        last = Some(key(&row));
        items.extend(wire(row));
    }
    let more = rows.next().is_some();
    Page { items, next: last.filter(|_| more) }
}
