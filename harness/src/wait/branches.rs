//! The arguments of `WaitFor::all` and `WaitFor::any`.

use super::WaitFor;

/// Conditions to combine: a tuple of waits of any types, or an iterator, array or vector of [`WaitFor`].
///
/// `Form` tells tuples from iterators. It is always inferred.
pub trait IntoBranches<Form> {
    /// Converts the conditions to a list.
    fn into_branches(self) -> Vec<WaitFor>;
}

/// Marks the conditions of an iterator.
#[derive(Debug)]
pub struct FromIter(());

/// Marks the conditions of a tuple.
#[derive(Debug)]
pub struct FromTuple(());

impl<I: IntoIterator<Item = WaitFor>> IntoBranches<FromIter> for I {
    fn into_branches(self) -> Vec<WaitFor> {
        self.into_iter().collect()
    }
}

macro_rules! tuples {
    ($(($($wait:ident)+)),+ $(,)?) => {$(
        impl<$($wait: Into<WaitFor>),+> IntoBranches<FromTuple> for ($($wait,)+) {
            #[expect(non_snake_case, reason = "each name stands for a type and for its value")]
            fn into_branches(self) -> Vec<WaitFor> {
                let ($($wait,)+) = self;
                vec![$($wait.into()),+]
            }
        }
    )+};
}

tuples! {
    (A), (A B), (A B C), (A B C D), (A B C D E), (A B C D E F), (A B C D E F G), (A B C D E F G H),
}

#[cfg(test)]
mod tests {
    use crate::wait::WaitFor;

    /// C24: waits of different types are combined as a tuple, and waits of one type as an iterator.
    #[test]
    fn tuples_and_iterators_of_waits_are_combined() {
        let tuple = WaitFor::all((WaitFor::log("a"), WaitFor::any((WaitFor::port(1), WaitFor::nothing()))));
        let array = WaitFor::all([
            WaitFor::log("a").into(),
            WaitFor::any(vec![WaitFor::port(1).into(), WaitFor::nothing()]),
        ]);
        assert_eq!(format!("{tuple:?}"), format!("{array:?}"));
        let ports = WaitFor::all([1, 2].map(|port| WaitFor::port(port).into()));
        assert_eq!(format!("{ports:?}"), format!("{:?}", WaitFor::all((WaitFor::port(1), WaitFor::port(2)))));
    }
}
