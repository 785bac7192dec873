mod shape;

pub use self::shape::Pont;
