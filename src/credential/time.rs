//! Times in whole microseconds since 1970, up to the largest integer that is exact in JavaScript (the year 2255).

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::FormatDescriptionV3;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// A time in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

const MICROSECONDS: FormatDescriptionV3<'static> =
    format_description!(version = 3, "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
const MILLISECONDS: FormatDescriptionV3<'static> =
    format_description!(version = 3, "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

const HTTP_DATE: FormatDescriptionV3<'static> = format_description!(
    version = 3,
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

impl Micros {
    /// Returns a duration in seconds, in whole milliseconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 milliseconds")]
        let millis = (self.0 / 1000) as f64;
        millis / 1000.0
    }

    /// 2^53 - 1 microseconds.
    pub const MAX: Self = Self(9_007_199_254_740_991);

    /// `2024-12-27T18:12:38.653402Z`: always six digits, as LiteGraph's clients expect.
    #[must_use]
    pub fn to_rfc3339_micros(self) -> String {
        self.format(&MICROSECONDS)
    }

    /// `2019-12-27T18:11:19.117Z`: always three digits, as Keycard's clients expect.
    #[must_use]
    pub fn to_rfc3339_millis(self) -> String {
        self.format(&MILLISECONDS)
    }

    /// `Fri, 27 Dec 2024 18:12:38 GMT`: the preferred form of RFC 9110 §5.6.7.
    #[must_use]
    pub fn to_http_date(self) -> String {
        self.format(&HTTP_DATE)
    }

    fn format(self, format: &FormatDescriptionV3<'static>) -> String {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000)
            .ok()
            .and_then(|time| time.format(format).ok())
            .unwrap_or_default()
    }

    /// Parses an RFC 3339 time, from 1970 on, truncated to microseconds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let micros = i64::try_from(time.unix_timestamp_nanos().div_euclid(1000)).ok()?;
        (0..=Self::MAX.0).contains(&micros).then_some(Self(micros))
    }

    /// Reads a time as [`Micros::parse`] does, or one without its offset, which is then UTC.
    #[must_use]
    pub fn parse_or_utc(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| Self::parse(&format!("{text}Z")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Micros, OffsetDateTime, Rfc3339};
    use proptest::prelude::*;

    #[test]
    fn times_are_written_with_fixed_precision() {
        let time = Micros(1_735_323_158_653_402);
        assert_eq!(time.to_rfc3339_micros(), "2024-12-27T18:12:38.653402Z");
        assert_eq!(time.to_rfc3339_millis(), "2024-12-27T18:12:38.653Z");
        assert_eq!(time.to_http_date(), "Fri, 27 Dec 2024 18:12:38 GMT");
        assert_eq!(Micros(0).to_rfc3339_micros(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Micros::MAX.to_rfc3339_millis(), "2255-06-05T23:47:34.740Z");
    }

    #[test]
    fn times_need_an_offset_except_where_utc_is_implied() {
        let time = Some(Micros(1_735_323_158_653_402));
        for text in ["2024-12-27T18:12:38.653402Z", "2024-12-27T19:12:38.653402999+01:00"] {
            assert_eq!((Micros::parse(text), Micros::parse_or_utc(text)), (time, time), "{text}");
        }
        let bare = "2024-12-27T18:12:38.653402";
        assert_eq!((Micros::parse(bare), Micros::parse_or_utc(bare)), (None, time));
        for text in ["", "yesterday", "2255-06-05T23:47:34.740992Z", "2024-13-01T00:00:00Z", "2024-12-27T18:12:38ZZ"] {
            assert_eq!((Micros::parse(text), Micros::parse_or_utc(text)), (None, None), "{text}");
        }
    }

    proptest! {
        /// However close to 1970, and in whatever offset.
        #[test]
        fn no_time_before_1970_is_read(nanos in 1_i64..2_000, hours in -23_i8..=23) {
            let offset = time::UtcOffset::from_hms(hours, 0, 0).expect("an offset");
            let time = OffsetDateTime::UNIX_EPOCH.to_offset(offset) - time::Duration::nanoseconds(nanos);
            let text = time.format(&Rfc3339).expect("a text");
            prop_assert_eq!((Micros::parse(&text), Micros::parse_or_utc(&text)), (None, None), "{}", text);
        }
    }
}
