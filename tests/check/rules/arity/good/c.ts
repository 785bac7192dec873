type Render = (ui: string, options?: object) => string;

export const render: Render = (ui, options) => ui + String(options);
render('a');

export class Store {
  changed = () => {};
  static favorite = 1;

  favorite() {
    return this.changed(1);
  }
}

const store = new Store();
store.changed = (value) => value;
