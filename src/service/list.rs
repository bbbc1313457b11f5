//! Lists: a page, or all there are, read page by page up to a bound.

use super::{Service, Way};
use crate::answer::Answer;
use crate::credential::field::Noun;
use crate::credential::id::Id;
use crate::face::Shown;
use crate::refusal::Refusal;
use crate::route::Operation;
use crate::store::Database;
use crate::store::list::{Item, LIST_MAX, Listed, PAGE_MAX, Place, page};
use crate::store::question::{By, Order, Page, Question};

impl<D: Database, R: Fn(&mut [u8])> Service<'_, D, R> {
    pub(super) async fn list(&self, noun: Noun, way: &Way<'_>) -> Result<Answer, Refusal> {
        let asked_for = way.face.page(way.request, way.operation)?;
        let mut question = self.question(way)?;
        Ok(match noun {
            Noun::Tenant => {
                let listed = self.listed(way, &mut question, &asked_for).await?;
                self.shown(way, &Shown::Tenants(&listed, &asked_for))
            }
            Noun::Principal => {
                let listed = self.listed(way, &mut question, &asked_for).await?;
                self.shown(way, &Shown::Principals(&listed, &asked_for))
            }
            Noun::Credential => {
                let Listed { items, more, behind, total, remaining, resume } =
                    self.listed(way, &mut question, &asked_for).await?;
                let revealed = items.into_iter().map(|credential| {
                    let secret = self.revealed(way, &credential)?;
                    Ok((credential, secret))
                });
                let items = revealed.collect::<Result<_, Refusal>>()?;
                let listed = Listed { items, more, behind, total, remaining, resume };
                self.shown(way, &Shown::Credentials(&listed, &asked_for))
            }
        })
    }

    async fn listed<T: Item>(
        &self,
        way: &Way<'_>,
        question: &mut Question,
        asked_for: &Page,
    ) -> Result<Listed<T>, Refusal> {
        question.page = Some(asked_for.clone());
        if matches!(way.operation, Operation::Page(_)) {
            return self.arrive(way, question, page(&self.store, question).await?);
        }
        if let Some(ids) = &asked_for.ids {
            let mut listed: Listed<T> = self.arrive(way, question, page(&self.store, question).await?)?;
            // In the order of the ids that were asked for.
            let found = &mut listed.items;
            let of = |id: &Id| found.iter().position(|item| item.place().id == *id).map(|at| found.swap_remove(at));
            listed.items = ids.iter().filter_map(of).collect();
            return Ok(listed);
        }
        self.all(way, question, asked_for).await
    }

    /// All there are, a thousand a trip, then put into the order asked for. Above the bound it is refused, not cut off.
    async fn all<T: Item>(
        &self,
        way: &Way<'_>,
        question: &mut Question,
        asked_for: &Page,
    ) -> Result<Listed<T>, Refusal> {
        let mut step = Page::first(Order { by: By::Creation, descending: false }, PAGE_MAX);
        step.secrets = asked_for.secrets;
        question.bound = Some(LIST_MAX);
        let mut items: Vec<T> = Vec::new();
        loop {
            question.page = Some(step.clone());
            let listed: Listed<T> = self.arrive(way, question, page(&self.store, question).await?)?;
            let (more, total) = (listed.more, listed.total);
            items.extend(listed.items);
            if items.len() > LIST_MAX as usize || more && items.len() == LIST_MAX as usize {
                return Err(Refusal::TooMany);
            }
            let Some(last) = items.last().filter(|_| more) else {
                let Order { by, descending } = asked_for.order;
                let mut items = ordered(items, descending, |item| {
                    let Place { created_at, name, .. } = item.place();
                    match by {
                        By::Creation => (created_at.0, String::new()),
                        By::Name => (0, name.to_owned()),
                        By::Id => (0, String::new()),
                    }
                });
                items.drain(..items.len().min(asked_for.skip as usize));
                return Ok(Listed { items, more: false, behind: false, total, remaining: 0, resume: None });
            };
            let place = last.place();
            (step.at, step.id) = (Some(place.created_at), Some(place.id));
        }
    }
}

/// Items in the order of a key, and of equals by their ids. What is sorted is one type, whatever the items are.
fn ordered<T: Item>(items: Vec<T>, descending: bool, key: impl Fn(&T) -> (i64, String)) -> Vec<T> {
    let mut places: Vec<_> =
        items.iter().enumerate().map(|(index, item)| (key(item), item.place().id, index)).collect();
    places.sort_unstable();
    if descending {
        places.reverse();
    }
    let mut items: Vec<_> = items.into_iter().map(Some).collect();
    places.iter().filter_map(|(_, _, index)| items.get_mut(*index).and_then(Option::take)).collect()
}
