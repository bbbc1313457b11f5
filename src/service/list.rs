//! Lists: a page, or all there are, read page by page up to a bound.

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
use crate::store::list::{Item, LIST_MAX, Listed, PAGE_MAX, Position, page};

/// How much of a list one response has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// A page.
    Page,
    /// All there are, up to a limit.
    All,
}

impl<D: Database, R: Fn(&mut [u8])> RequestContext<'_, D, R> {
    /// Lists a noun: a page of it, or all there are in one response.
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
                let listed = self.listed(command, &page, extent).await?.and_then(|known, listed| {
                    let Listed { items, more, has_previous, total, remaining, resume } = listed;
                    let items = items.into_iter().map(|credential| self.reveal(known, credential));
                    Ok(Listed { items: items.collect::<Result<_, _>>()?, more, has_previous, total, remaining, resume })
                });
                self.rendered(listed, |context, listed| list(context, listed, &page))
            }
        })
    }

    async fn listed<T: Item>(
        &self,
        mut command: Command,
        asked_for: &Page,
        extent: Extent,
    ) -> Result<Decided<Listed<T>>, Refusal> {
        if extent == Extent::All && asked_for.ids.is_none() {
            return Ok(self.all(command, asked_for).await);
        }
        command.page = Some(asked_for.clone());
        let decided = self.judged(&command, page(&self.store, &command).await?);
        Ok(decided.and_then(|_, mut listed: Listed<T>| {
            if let Some(ids) = &asked_for.ids {
                // In the order of the ids that were asked for.
                let found = &mut listed.items;
                let of =
                    |id: &Id| found.iter().position(|item| item.position().id == *id).map(|at| found.swap_remove(at));
                listed.items = ids.iter().filter_map(of).collect();
            }
            Ok(listed)
        }))
    }

    /// All there are, a thousand a trip, then put into the order asked for. Above the bound it is refused, not cut off.
    async fn all<T: Item>(&self, mut command: Command, asked_for: &Page) -> Decided<Listed<T>> {
        let mut step = Page::first(Order { key: SortKey::Creation, descending: false }, PAGE_MAX);
        step.secrets = asked_for.secrets;
        command.bound = Some(LIST_MAX);
        let mut items: Vec<T> = Vec::new();
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
            items.extend(listed.items);
            if items.len() > LIST_MAX as usize || more && items.len() == LIST_MAX as usize {
                return Decided { known, result: Err(Refusal::TooMany) };
            }
            let Some(last) = items.last().filter(|_| more) else {
                let Order { key, descending } = asked_for.order;
                let mut items = ordered(items, descending, |item| {
                    let Position { created_at, name, .. } = item.position();
                    match key {
                        SortKey::Creation => (created_at.0, String::new()),
                        SortKey::Name => (0, name.to_owned()),
                        SortKey::Id => (0, String::new()),
                    }
                });
                items.drain(..items.len().min(asked_for.skip as usize));
                let listed = Listed { items, more: false, has_previous: false, total, remaining: 0, resume: None };
                return Decided { known, result: Ok(listed) };
            };
            let position = last.position();
            (step.at, step.id) = (Some(position.created_at), Some(position.id));
        }
    }
}

/// Items in the order of a key, and of equals by their ids. What is sorted is one type, whatever the items are.
fn ordered<T: Item>(items: Vec<T>, descending: bool, key: impl Fn(&T) -> (i64, String)) -> Vec<T> {
    let mut places: Vec<_> =
        items.iter().enumerate().map(|(index, item)| (key(item), item.position().id, index)).collect();
    places.sort_unstable();
    if descending {
        places.reverse();
    }
    let mut items: Vec<_> = items.into_iter().map(Some).collect();
    places.iter().filter_map(|(_, _, index)| items.get_mut(*index).and_then(Option::take)).collect()
}
