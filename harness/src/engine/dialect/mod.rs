//! An engine's dialect: what it says in other words, leaves out, or does in another way. Nothing outside of this module
//! asks for the product.

mod answer;
mod traits;

pub(super) use answer::Answer;
pub(crate) use traits::Dialect;
