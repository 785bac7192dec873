pub struct Point;
