//! Values over time.

/// Values, each since an instant.
pub type History<T> = Vec<(i64, T)>;

/// The values that were true at some instant from one to another, both included.
pub fn between<T>(history: &History<T>, from: i64, to: i64) -> impl Iterator<Item = &T> {
    let ends = history.iter().skip(1).map(|(since, _)| *since).chain([i64::MAX]);
    let is_within = move |((since, _), end): &(&(i64, T), i64)| *since <= to && *end > from;
    history.iter().zip(ends).filter(is_within).map(|((_, value), _)| value)
}
