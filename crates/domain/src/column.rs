//! The types of this crate as types of columns, so that a row says what it holds and an unknown word is an error when it
//! is read. Only with the feature `columns`, which the crate that keeps rows asks for.

/// Lets a type be part of a primary key. `SeaORM` asks of each part whether it could come from a counter of the database;
/// none of ours does.
macro_rules! part_of_a_key {
    ($name:ident) => {
        #[cfg(feature = "columns")]
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    };
}
pub(crate) use part_of_a_key;
