export class Ball {
  constructor() {
    this.speed = 1;
  }

  move() {
    this.bounce(this.speed);
  }
}
