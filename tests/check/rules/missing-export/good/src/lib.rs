mod shape;

pub use self::shape::Point;
