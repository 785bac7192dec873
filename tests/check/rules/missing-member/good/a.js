export class Ball {
  constructor() {
    this.speed = 1;
  }

  move() {
    this.bounce(this.speed);
  }

  bounce(speed) {
    this.speed = -speed;
  }
}

export class Point {
  constructor(pair) {
    [this.x, this.y] = pair;
    return this.x + this.y;
  }
}

export class Item {
  constructor(values) {
    extend(this, { title: '' }, values);
  }

  shown() {
    return this.title;
  }
}

function extend(target, ...more) {
  return Object.assign(target, ...more);
}
