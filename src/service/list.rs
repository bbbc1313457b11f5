//! Lists: one page, or the whole list up to a bound, read page by page.

use super::context::RequestContext;
use super::decide::all;
use super::decision::Decided;
use super::read::ParsedRequest;
use super::render::view;
use crate::answer::Answer;
use crate::credential::field::Noun;
use crate::credential::id::Id;
use crate::operation::ReadPage;
use crate::refusal::Refusal;
use crate::store::Database;
use crate::store::command::{Act, Command, Order, Page, SortKey};
use crate::store::list::{Item, LIST_BYTES_MAX, LIST_MAX, Listed, PAGE_MAX, Position, page};

/// How much of a list one response contains.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The requested page.
    Page,
    /// The whole list; more than [`LIST_MAX`] items or [`LIST_BYTES_MAX`] bytes are refused.
    All,
}

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    /// Lists the resources of a noun.
    pub(super) async fn list(&self, noun: Noun, read: ReadPage, extent: Extent) -> Result<Decided<Answer>, Refusal> {
        let ParsedRequest { input: page, command } =
            self.read(|request| read(request, noun), (all(noun), Act::Read))?;
        Ok(match noun {
            Noun::Tenant => {
                let list = view(self.face.tenants)?.list;
                let listed = self.listed(command, &page, extent).await?;
                self.rendered(listed, |context, listed| list(context, listed, &page))
            }
            Noun::Principal => {
                let list = view(self.face.principals)?.list;
                let listed = self.listed(command, &page, extent).await?;
                self.rendered(listed, |context, listed| list(context, listed, &page))
            }
            Noun::Credential => {
                let list = view(self.face.credentials)?.list;
                let listed = self.listed(command, &page, extent).await?;
                let listed =
                    listed.and_then(|known, listed| listed.try_map(|credential| self.reveal(known, credential)));
                self.rendered(listed, |context, listed| list(context, listed, &page))
            }
        })
    }

    async fn listed<T: Item>(
        &self,
        mut command: Command,
        requested: &Page,
        extent: Extent,
    ) -> Result<Decided<Listed<T>>, Refusal> {
        if extent == Extent::All && requested.ids.is_none() {
            return Ok(self.all_pages(command, requested).await);
        }
        command.page = Some(requested.clone());
        let decided = self.judged(&command, page(&self.store, &command).await?);
        Ok(decided.and_then(|known, mut listed: Listed<T>| {
            known.unreadable = listed.unreadable;
            if let Some(ids) = &requested.ids {
                // In the order of the requested ids.
                let found = &mut listed.items;
                let take =
                    |id: &Id| found.iter().position(|item| item.position().id == *id).map(|at| found.swap_remove(at));
                listed.items = ids.iter().filter_map(take).collect();
            }
            Ok(listed)
        }))
    }

    /// Reads the whole list, at most a thousand items per trip, then sorts it. A list above the bound is refused, not
    /// truncated.
    async fn all_pages<T: Item>(&self, mut command: Command, requested: &Page) -> Decided<Listed<T>> {
        let mut step = Page::first(Order { key: SortKey::Creation, descending: false }, PAGE_MAX);
        step.secrets = requested.secrets;
        command.bound = Some(LIST_MAX);
        let mut items: Vec<T> = Vec::new();
        let (mut bytes, mut unreadable) = (0, 0);
        let mut known = Box::default();
        loop {
            command.page = Some(step.clone());
            let outcome = match page(&self.store, &command).await {
                Ok(outcome) => outcome,
                Err(refusal) => return Decided { known, result: Err(refusal) },
            };
            let decided: Decided<Listed<T>> = self.judged(&command, outcome);
            known = decided.known;
            let listed = match decided.result {
                Ok(listed) => listed,
                Err(refusal) => return Decided { known, result: Err(refusal) },
            };
            let (more, total) = (listed.more, listed.total);
            bytes += listed.bytes;
            unreadable += listed.unreadable;
            known.unreadable = unreadable;
            items.extend(listed.items);
            if bytes > LIST_BYTES_MAX || items.len() > LIST_MAX as usize || more && items.len() == LIST_MAX as usize {
                return Decided { known, result: Err(Refusal::TooMany) };
            }
            let Some(last) = items.last().filter(|_| more) else {
                let Order { key, descending } = requested.order;
                let mut items = ordered(items, descending, |item| {
                    let Position { created_at, name, .. } = item.position();
                    match key {
                        SortKey::Creation => (created_at.0, String::new()),
                        SortKey::Name => (0, name.to_owned()),
                        SortKey::Id => (0, String::new()),
                    }
                });
                items.drain(..items.len().min(requested.skip as usize));
                let listed = Listed {
                    items,
                    unreadable,
                    bytes,
                    more: false,
                    has_previous: false,
                    total,
                    remaining: 0,
                    resume: None,
                };
                return Decided { known, result: Ok(listed) };
            };
            let position = last.position();
            (step.at, step.id) = (Some(position.created_at), Some(position.id));
        }
    }
}

/// Sorts items by a key, then by id. It sorts keys instead of items, so that the sort is compiled once for all kinds
/// of items.
fn ordered<T: Item>(items: Vec<T>, descending: bool, key: impl Fn(&T) -> (i64, String)) -> Vec<T> {
    let mut positions: Vec<_> =
        items.iter().enumerate().map(|(index, item)| (key(item), item.position().id, index)).collect();
    positions.sort_unstable();
    if descending {
        positions.reverse();
    }
    let mut items: Vec<_> = items.into_iter().map(Some).collect();
    positions.iter().filter_map(|(_, _, index)| items.get_mut(*index).and_then(Option::take)).collect()
}
